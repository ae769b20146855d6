// Keeps the newest calls up to date while the page is open and nobody is using what it would replace.
"use strict";

const EVERY = 3000; // milliseconds
const place = document.querySelector("[data-live]");
let known = null;

async function refresh() {
  if (document.hidden || place.contains(document.activeElement)) return;
  const headers = { "X-By-Itself": "1" };
  if (known) headers["If-None-Match"] = known;
  const answer = await fetch(place.dataset.live, { headers, cache: "no-store" });
  if (answer.status === 401) {
    location.reload();
  } else if (answer.status === 200) {
    known = answer.headers.get("ETag");
    const rows = await answer.text();
    if (!place.contains(document.activeElement)) {
      place.replaceChildren(...new DOMParser().parseFromString(rows, "text/html").body.childNodes);
    }
  }
}

async function go() {
  try {
    await refresh();
  } catch {
    // the network is gone for a moment: the next turn tries again
  }
  setTimeout(go, EVERY);
}

if (place) setTimeout(go, EVERY);
