// The agent's desk: how each call stands, by the second; pauses that are tried until they are answered.
"use strict";

const EVERY = 2000; // milliseconds
const PATIENCE = 8000; // milliseconds that an answer may take
const AGAIN = 15; // seconds between two reminders
const READ = 20000; // milliseconds that what was said stays
const GIVES_UP = 120000; // milliseconds: nobody wants a pause two minutes later
const KEPT = "desk-waits";

const place = document.querySelector("[data-desk]");
const reminder = Number(place.dataset.reminder);
const away = document.getElementById("away");
const ended = document.getElementById("ended");
const waits = document.getElementById("waits");
const mute = document.getElementById("mute");
const sentence = away.textContent;
const title = document.title;

let since = null; // when the connection went
let ahead = 0; // milliseconds that the server's clock is ahead of this one
let shown = "";
let audio = null;
let reminded = new Map(); // by call, when it was reminded of last
let asking = false;
let again = false;
let pressed = null; // the call whose button was: one that is disabled has lost the focus

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return (hours ? `${hours}:${two(Math.floor(whole / 60) % 60)}` : String(Math.floor(whole / 60))) + `:${two(whole % 60)}`;
}

// Short, and twice as high where something was done by itself. A browser lets a page sound that
// somebody has pressed a button of.
function sound(pitch) {
  if (navigator.userActivation && !navigator.userActivation.hasBeenActive) {
    mute.hidden = false;
    return false;
  }
  audio ??= new AudioContext();
  audio.resume();
  const tone = audio.createOscillator();
  const loud = audio.createGain();
  loud.gain.value = 0.2;
  tone.frequency.value = pitch;
  tone.connect(loud).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
  return true;
}

function ticks() {
  const now = Date.now() + ahead;
  let paused = "";
  for (const timer of place.querySelectorAll("[data-since]")) {
    const seconds = (now - Date.parse(timer.dataset.since)) / 1000;
    timer.textContent = paused = clock(seconds);
    remind(timer.closest("[data-call]").dataset.call, seconds, now);
  }
  for (const hint of place.querySelectorAll("p[data-until]")) {
    const seconds = (Date.parse(hint.dataset.until) - now) / 1000;
    hint.textContent = place.dataset.goesOn.replace("{length}", clock(seconds));
  }
  document.title = paused ? `\u275a\u275a ${paused} \u00b7 ${title}` : title;
}

function remind(call, seconds, now) {
  if (!reminder || seconds < reminder) return;
  if (now - (reminded.get(call) ?? 0) < AGAIN * 1000) return;
  if (sound(660)) reminded.set(call, now);
}

function show(page) {
  const news = new DOMParser().parseFromString(page, "text/html").body;
  const stack = news.querySelector("[data-now]");
  if (!stack) return false;
  ahead = Date.parse(stack.dataset.now) - Date.now();
  say(news.querySelectorAll("[data-said]"));
  const said = news.innerHTML.replace(/(name="csrf_token" value|data-now)="[^"]*"/g, "");
  if (said === shown) return true;
  const before = new Map([...place.querySelectorAll("[data-call]")].map((one) => [one.dataset.call, one.dataset.state]));
  const focused = document.activeElement?.closest?.("[data-call]")?.dataset.call ?? pressed;
  pressed = null;
  const heard = place.querySelector("[data-sound]") !== null;
  shown = said;
  place.replaceChildren(...news.childNodes);
  if (focused) place.querySelector(`[data-call="${CSS.escape(focused)}"] button`)?.focus();
  if (place.querySelector("[data-sound]") && !heard) sound(1320);
  for (const call of place.querySelectorAll("[data-call]")) {
    if (call.dataset.state !== "paused") reminded.delete(call.dataset.call);
    else if (before.get(call.dataset.call) !== "paused") reminded.delete(call.dataset.call);
  }
  ticks();
  return true;
}

// It stands beside the calls, which are shown anew in a moment.
function say(messages) {
  if (!messages.length) return;
  place.previousElementSibling.replaceChildren(...messages);
  setTimeout(() => messages.forEach((one) => one.remove()), READ);
}

function connected(answers) {
  if (answers) {
    since = null;
    away.hidden = true;
  } else if (since === null) {
    since = new Date();
    away.textContent = sentence.replace("{time}", since.toLocaleTimeString(document.documentElement.lang));
    away.hidden = false;
  }
}

async function ask(address, more = {}) {
  try {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE), ...more });
    const page = await answer.text();
    connected(answer.status < 500);
    return { status: answer.status, page };
  } catch {
    connected(false);
    return { status: 0, page: "" };
  }
}

// What was pressed waits here until the server answered, also when the page is loaded anew.
function waiting() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (kept && Date.now() - kept.at < GIVES_UP) return kept;
  sessionStorage.removeItem(KEPT);
  return null;
}

function forget() {
  sessionStorage.removeItem(KEPT);
  waits.hidden = true;
}

async function press(wish) {
  const token = place.querySelector("input[name=csrf_token]")?.value ?? wish.token;
  const answer = await ask(wish.address, {
    method: "POST",
    headers: { "X-In-Place": "1", "X-CSRFToken": token },
  });
  if (answer.status === 0 || answer.status >= 500) {
    waits.hidden = false;
    for (const said of waits.querySelectorAll("[data-said]")) said.hidden = !wish.address.endsWith(said.dataset.said);
    return;
  }
  if (answer.status === 400 && !wish.anew) {
    // the page is older than the session: it is sent once more, with what the new page has
    sessionStorage.setItem(KEPT, JSON.stringify({ ...wish, anew: true }));
    location.reload();
    return;
  }
  forget();
  if (answer.status === 404) location.reload();
  else if (!show(answer.page)) ended.hidden = false;
}

async function turn() {
  again = true;
  if (asking) return;
  asking = true;
  while (again) {
    again = false;
    const wish = waiting();
    await (wish ? press(wish) : look());
  }
  asking = false;
}

async function look() {
  waits.hidden = true;
  const answer = await ask(place.dataset.desk, { headers: { "X-By-Itself": "1" } });
  if (answer.status === 200 && !waiting()) {
    ended.hidden = true;
    show(answer.page);
  } else if (answer.status === 401) ended.hidden = false;
}

async function go() {
  await turn();
  setTimeout(go, EVERY);
}

place.addEventListener("submit", async (event) => {
  event.preventDefault();
  audio ??= new AudioContext();
  const form = event.target;
  pressed = form.closest("[data-call]").dataset.call;
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  const token = form.querySelector("input[name=csrf_token]").value;
  sessionStorage.setItem(KEPT, JSON.stringify({ address: form.getAttribute("action"), at: Date.now(), token }));
  shown = ""; // so that the buttons come back, whatever the answer is
  await turn();
});
waits.querySelector("button").addEventListener("click", () => {
  forget();
  shown = "";
});
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => {
    mute.hidden = true;
  });
}
addEventListener("offline", () => connected(false));
addEventListener("online", turn);

const stack = place.querySelector("[data-now]");
ahead = Date.parse(stack.dataset.now) - Date.now();
setInterval(ticks, 1000);
ticks();
setTimeout(go, waiting() ? 0 : EVERY);
