// What was said, beside the player: read when it is opened, follows what plays, and leads to it.
"use strict";

// Without accents, and with no difference of small and capital letters.
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function follow(place, player) {
  const list = place.querySelector(".said-list");
  if (!list) return;
  const lines = [...list.children].map((line) => ({
    line,
    starts: Number(line.dataset.starts),
    ends: Number(line.dataset.ends),
    said: plain(line.querySelector("p").textContent),
  }));
  const audio = player && player.querySelector("audio");
  const bring = (line) => {
    list.scrollTop = line.offsetTop - list.clientHeight / 3;
  };

  if (audio) {
    list.addEventListener("click", (event) => {
      const line = event.target.closest("li");
      if (!line || String(getSelection())) return; // whoever selects words wants to copy them
      const detail = { at: Number(line.dataset.starts), play: true };
      player.dispatchEvent(new CustomEvent("seek", { detail }));
    });
    for (const { line } of lines) line.querySelector("button").disabled = false;
    let now = null;
    const show = () => {
      const at = audio.currentTime + 0.05;
      let found = null;
      for (const each of lines) {
        if (each.starts > at) break;
        if (!each.line.classList.contains("note")) found = each;
      }
      if (found === now) return;
      if (now) now.line.removeAttribute("aria-current");
      now = found;
      if (!now) return;
      now.line.setAttribute("aria-current", "true");
      if (!list.matches(":focus-within, :hover") || audio.seeking) bring(now.line);
    };
    audio.addEventListener("timeupdate", show);
    audio.addEventListener("seeking", show);
    const begin = /#t=([0-9.]+)/.exec(audio.querySelector("source").src);
    if (audio.currentTime > 0) {
      show(); // it was sought before this was read
    } else if (begin) {
      const at = Number(begin[1]) + 0.05;
      const first = lines.findLast((each) => each.starts <= at);
      if (first) {
        first.line.setAttribute("aria-current", "true");
        bring((now = first).line);
      }
    }
  }

  const find = place.querySelector(".find");
  const input = find.querySelector("input");
  const output = find.querySelector("output");
  let hits = [];
  let which = -1;
  const next = () => {
    if (!hits.length) return;
    which = (which + 1) % hits.length;
    for (const { line } of lines) line.classList.remove("here");
    hits[which].line.classList.add("here");
    bring(hits[which].line);
    output.textContent = `${which + 1}/${hits.length}`;
  };
  find.hidden = false;
  input.addEventListener("input", () => {
    const words = plain(input.value.trim());
    hits = words ? lines.filter((each) => each.said.includes(words)) : [];
    for (const each of lines) each.line.classList.toggle("hit", hits.includes(each));
    for (const { line } of lines) line.classList.remove("here");
    which = -1;
    output.textContent = words && !hits.length ? output.dataset.none : "";
    next();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      next();
    }
  });
  find.querySelector("button").addEventListener("click", next);
}

for (const details of document.querySelectorAll("details.transcript")) {
  const player = details.closest("section").querySelector(".player");
  const place = details.querySelector(".place");
  let asked = false;
  const read = async () => {
    if (!details.open || asked) return;
    asked = true;
    try {
      const answer = await fetch(details.dataset.from, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...page.body.childNodes);
      follow(place, player);
    } catch {
      asked = false; // it is tried again when it is opened again
      place.querySelector(".wrong").hidden = false;
    }
  };
  details.addEventListener("toggle", read);
  read();
}
