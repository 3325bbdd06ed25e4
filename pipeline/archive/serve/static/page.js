"use strict";
// Results as you type; one player for all buttons. Every page works without this, but for the sound.

const root = document.body.dataset.root;
const told = document.getElementById("told");
const box = document.getElementById("q");
const TYPING_MS = 150;

function tell(text) { if (told) told.textContent = text; }

if (box) {
  const form = document.getElementById("search");
  const hits = document.getElementById("hits");
  let timer = 0;
  let asked = 0;

  async function look() {
    const number = ++asked;
    const query = new URLSearchParams(new FormData(form));
    history.replaceState(null, "", `${root}/?${query}`);
    try {
      const answer = await fetch(`${root}/hits?${query}`);
      const html = await answer.text();
      if (number !== asked) return;  // a later one is under way
      hits.replaceChildren(document.createRange().createContextualFragment(html));
      const counted = hits.querySelector("[data-count]");
      tell(counted ? `${counted.dataset.count} found` : "");
    } catch {
      if (number === asked) tell("The server does not answer.");
    }
  }

  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, TYPING_MS); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); look(); });
}

const player = document.getElementById("player");

if (player) {
  const lines = [...document.querySelectorAll(".talk li[data-start]")];
  let whole = false;

  function mark(current) {
    for (const line of lines) {
      if (line === current) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
    }
  }

  async function play(source, all, line) {
    whole = all;
    mark(line);
    tell("Speaking …");
    player.src = source;
    try {
      await player.play();
      tell("The voices are synthetic.");
    } catch (error) {
      if (error.name !== "AbortError") tell("This cannot be played.");
    }
  }

  document.getElementById("whole").addEventListener("click", (event) => play(event.currentTarget.dataset.source, true, null));
  for (const button of document.querySelectorAll(".play")) {
    button.addEventListener("click", () => play(button.dataset.source, false, button.closest("li")));
  }
  player.addEventListener("timeupdate", () => {
    if (!whole) return;
    const now = player.currentTime;
    mark(lines.find((line) => now >= Number(line.dataset.start) && now < Number(line.dataset.end)) ?? null);
  });
  const form = document.getElementById("form");
  const download = document.getElementById("download");
  form.addEventListener("change", () => { download.href = download.dataset.base + form.value; });
}
