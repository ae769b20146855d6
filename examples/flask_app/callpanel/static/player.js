// The drawing of a recording as the slider of its player.
"use strict";

// A length, or a place in the recording: with colons it would be taken for a time of day.
function clock(seconds) {
  const [last, minutes, hours] = written(seconds).split(":").reverse();
  return (hours ? `${hours}h` : "") + `${minutes}\u2032${last}\u2033`;
}

// The same as one types it into a field.
function written(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return (hours ? `${hours}:${two(minutes)}` : String(minutes)) + `:${two(whole % 60)}`;
}

for (const player of document.querySelectorAll(".player")) {
  const audio = player.querySelector("audio");
  if (!audio) continue;
  const seconds = Number(player.dataset.seconds);
  const wave = player.querySelector(".wave");
  const head = player.querySelector(".head-line");
  const speed = player.querySelector(".speed");

  if (speed) {
    speed.hidden = false;
    const select = speed.querySelector("select");
    const hasten = () => {
      audio.defaultPlaybackRate = audio.playbackRate = Number(select.value);
    };
    select.addEventListener("change", hasten);
    hasten(); // some browsers keep what was chosen when a page is loaded anew
  }

  const show = (at) => {
    if (!wave) return;
    const x = String(Math.min(at / seconds, 1) * 1000);
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    wave.setAttribute("aria-valuenow", String(Math.round(at)));
    wave.setAttribute("aria-valuetext", clock(at));
  };
  // Until it is loaded, a player forgets where it was told to go.
  const seek = (at, play) => {
    const to = Math.min(Math.max(at, 0), seconds);
    const go = () => {
      audio.currentTime = to;
    };
    if (audio.readyState > 0) {
      go();
    } else {
      audio.addEventListener("loadedmetadata", go, { once: true });
      audio.preload = "metadata";
      audio.load();
    }
    show(to);
    if (play) audio.play();
  };
  player.addEventListener("seek", (event) => seek(event.detail.at, event.detail.play));
  if (!wave) continue;

  wave.tabIndex = 0;
  wave.setAttribute("role", "slider");
  wave.setAttribute("aria-label", wave.dataset.label);
  wave.setAttribute("aria-valuemin", "0");
  wave.setAttribute("aria-valuemax", String(Math.round(seconds)));
  show(audio.currentTime); // it may play already
  wave.addEventListener("click", (event) => {
    const box = wave.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * seconds, true);
  });
  wave.addEventListener("keydown", (event) => {
    const at = audio.currentTime;
    const steps = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -30, PageUp: 30 };
    if (event.key in steps) seek(at + steps[event.key], false);
    else if (event.key === "Home") seek(0, false);
    else if (event.key === "End") seek(seconds, false);
    else if (event.key === " ") audio.paused ? audio.play() : audio.pause();
    else return;
    event.preventDefault();
  });
  audio.addEventListener("timeupdate", () => show(audio.currentTime));
  audio.addEventListener("seeking", () => show(audio.currentTime));
  for (const turn of player.querySelectorAll("[data-at]")) {
    turn.disabled = false;
    turn.addEventListener("click", () => seek(Number(turn.dataset.at), true));
  }
}

// The second that `#t=` names, in the first recording.
function goToNamed() {
  const named = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  const player = document.querySelector(".player:has(audio)");
  if (!named || !player) return;
  player.dispatchEvent(new CustomEvent("seek", { detail: { at: Number(named[1]), play: false } }));
}
goToNamed();
addEventListener("hashchange", goToNamed);
