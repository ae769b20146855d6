// What can be done with the drawing of a recording beside playing it: see its times, look closer, cut,
// skip silence, mute a side, write a note at a second, link to one. player.js plays it.
"use strict";

const LARGEST = 32;
const SILENT = 1.5; // seconds between two who speak that are worth skipping

for (const player of document.querySelectorAll(".player")) {
  const wave = player.querySelector(".wave");
  const audio = player.querySelector("audio");
  const tools = player.querySelector(".tools");
  if (!wave || !tools) continue;
  const seconds = Number(player.dataset.seconds);
  const stretch = player.querySelector(".stretch");
  const zoom = player.querySelector(".zoom");
  const marks = wave.querySelector(".marks");
  const section = player.closest("section");
  const sid = section.getAttribute("aria-labelledby");
  const tool = (name) => tools.querySelector(`[data-do=${name}]`);
  const moment = (event) => {
    const box = wave.getBoundingClientRect();
    return Math.min(Math.max(((event.clientX - box.left) / box.width) * seconds, 0), seconds);
  };
  tools.hidden = false;

  // the time under the pointer
  const under = document.createElement("span");
  under.className = "under";
  under.hidden = true;
  wave.append(under);
  wave.addEventListener("pointermove", (event) => {
    const at = moment(event);
    under.hidden = false;
    under.textContent = clock(at);
    under.style.left = `${(at / seconds) * 100}%`;
  });
  wave.addEventListener("pointerleave", () => {
    under.hidden = true;
  });

  // larger and smaller, around where it plays
  let size = 1;
  const resize = (to) => {
    const at = (audio ? audio.currentTime : 0) / seconds;
    size = Math.min(Math.max(to, 1), LARGEST);
    stretch.style.width = `${size * 100}%`;
    zoom.scrollLeft = at * stretch.offsetWidth - zoom.offsetWidth / 2;
  };
  tool("in").addEventListener("click", () => resize(size * 2));
  tool("out").addEventListener("click", () => resize(size / 2));

  // a cut, which the form of the download takes
  const from = document.getElementById(`start-${sid}`);
  const to = document.getElementById(`end-${sid}`);
  const shade = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  shade.setAttribute("class", "cut");
  shade.setAttribute("height", "180");
  marks.prepend(shade);
  const said = tools.querySelector("output");
  const cut = { start: null, end: null };
  const precisely = (at) => {
    const tenths = Math.round(at * 10);
    return written(Math.floor(tenths / 10)) + (tenths % 10 ? `.${tenths % 10}` : "");
  };
  const show = () => {
    const any = cut.start !== null || cut.end !== null;
    const start = cut.start ?? 0;
    const end = cut.end ?? seconds;
    shade.setAttribute("x", String((start / seconds) * 1000));
    shade.setAttribute("width", String(any ? Math.max((end - start) / seconds, 0) * 1000 : 0));
    said.textContent = any ? `${said.dataset.said} ${precisely(start)}\u2013${precisely(end)}` : "";
    if (from) from.value = cut.start === null ? "" : precisely(cut.start);
    if (to) to.value = cut.end === null ? "" : precisely(cut.end);
  };
  let began = null;
  let dragged = false;
  wave.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return; // a finger scrolls
    began = { at: moment(event), x: event.clientX };
    dragged = false;
  });
  addEventListener("pointermove", (event) => {
    if (!began || (!dragged && Math.abs(event.clientX - began.x) < 5)) return;
    dragged = true;
    const at = moment(event);
    cut.start = Math.min(began.at, at);
    cut.end = Math.max(began.at, at);
    show();
  });
  addEventListener("pointerup", () => {
    began = null;
  });
  player.addEventListener(
    "click",
    (event) => {
      if (dragged && wave.contains(event.target)) event.stopPropagation(); // it was no click
      dragged = false;
    },
    true,
  );

  // a note at a second
  const note = () => {
    const second = document.getElementById("second");
    if (!second) return;
    const which = document.getElementById("recording");
    if (which) which.value = sid;
    second.value = precisely(audio ? audio.currentTime : 0);
    document.getElementById("note").focus();
  };
  tool("note").hidden = !document.getElementById("second");
  tool("note").addEventListener("click", note);

  if (!audio) {
    for (const name of ["skip", "link"]) tool(name).hidden = true;
    for (const each of tools.querySelectorAll("[data-do=mute]")) each.hidden = true;
    continue;
  }

  // a link to the second that plays, and the one that the address names
  const link = tool("link");
  audio.addEventListener("timeupdate", () => {
    const url = new URL(link.href);
    url.searchParams.set("t", String(Math.floor(audio.currentTime)));
    link.href = url.href;
  });

  // silence
  const spans = [...player.querySelectorAll(".turns [data-at]")].map((turn) => ({
    start: Number(turn.dataset.at),
    end: Number(turn.dataset.until),
  }));
  const press = (button) => {
    const pressed = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(pressed));
    return pressed;
  };
  const skip = tool("skip");
  skip.hidden = spans.length === 0;
  skip.addEventListener("click", () => press(skip));
  audio.addEventListener("timeupdate", () => {
    if (skip.getAttribute("aria-pressed") !== "true" || audio.paused) return;
    const at = audio.currentTime;
    if (spans.some((span) => span.start - 0.3 <= at && at <= span.end + 0.3)) return;
    const next = Math.min(...spans.map((span) => span.start).filter((start) => start > at));
    if (next - at > SILENT && next < Infinity) audio.currentTime = next - 0.25;
  });

  // each side by itself: what is heard of the other comes from both loudspeakers
  let gains = null;
  const sides = () => {
    const context = new AudioContext();
    const splitter = context.createChannelSplitter(2);
    const merger = context.createChannelMerger(2);
    gains = [0, 1].map((channel) => {
      const gain = context.createGain();
      splitter.connect(gain, channel);
      gain.connect(merger, 0, 0);
      gain.connect(merger, 0, 1);
      return gain;
    });
    context.createMediaElementSource(audio).connect(splitter);
    merger.connect(context.destination);
    audio.addEventListener("play", () => context.resume());
    context.resume();
  };
  const mutes = [...tools.querySelectorAll("[data-do=mute]")];
  for (const button of mutes) {
    button.addEventListener("click", () => {
      if (!gains) sides();
      gains[Number(button.dataset.channel)].gain.value = press(button) ? 0 : 1;
    });
  }

  wave.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = audio.currentTime;
    const key = event.key.toLowerCase();
    if (key === "[") cut.start = at;
    else if (key === "]") cut.end = at;
    else if (key === "escape") cut.start = cut.end = null;
    else if (key === "+") resize(size * 2);
    else if (key === "-") resize(size / 2);
    else if (key === "s") skip.click();
    else if (key === "n") note();
    else if ((key === "1" || key === "2") && mutes[key - 1]) mutes[key - 1].click();
    else return;
    event.preventDefault();
    show();
  });
}
