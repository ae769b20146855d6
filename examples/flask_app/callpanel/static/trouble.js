// Why a player is silent, and what to do: it asks the server, which says so in the reader's language.
"use strict";

for (const player of document.querySelectorAll(".player")) {
  const audio = player.querySelector("audio");
  const box = player.querySelector(".trouble");
  if (!audio || !box) continue;
  const said = box.querySelector(".said");
  let at = audio.currentTime; // seconds, to go on where it broke off

  const ask = async () => {
    const sources = audio.querySelectorAll("source");
    const address = audio.currentSrc || sources[sources.length - 1].src;
    try {
      const headers = { Range: "bytes=0-0", "X-By-Itself": "1" };
      const answer = await fetch(address, { headers, cache: "no-store" });
      if (answer.ok) {
        said.textContent = box.dataset.unplayable;
      } else {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        said.replaceChildren(...page.querySelectorAll("main .cause, main .step"));
      }
    } catch {
      said.textContent = box.dataset.away;
    }
    box.hidden = false;
  };

  audio.addEventListener("timeupdate", () => {
    if (audio.currentTime > 0) at = audio.currentTime;
  });
  audio.addEventListener("playing", () => {
    box.hidden = true;
  });
  audio.addEventListener("error", (event) => {
    // of sources, the last one's: until then the player tries the next
    if (event.target === audio || event.target === audio.querySelector("source:last-of-type")) ask();
  }, true);
  box.querySelector("button").addEventListener("click", () => {
    box.hidden = true;
    audio.addEventListener("loadedmetadata", () => {
      audio.currentTime = at;
    }, { once: true });
    audio.load();
    audio.play().catch(() => {}); // what goes wrong is an error of the player again
  });
  // It may have failed before this was there. A player that only begins to look for its first source is
  // in the same state, but holds the page's load until it has looked.
  addEventListener("load", () => {
    if (box.hidden && (audio.error || audio.networkState === HTMLMediaElement.NETWORK_NO_SOURCE)) ask();
  });
}
