// The player follows the transcript and jumps where a reader points. Without it the page reads the same.
(() => {
  "use strict";
  const sound = document.getElementById("sound");
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll(".item details")) part.open = true;
  });
  if (!sound) return;

  const turns = [...document.querySelectorAll("#lines .turn")].map((row) => ({
    row, start: +row.dataset.start, end: +row.dataset.end,
    sentences: [...row.querySelectorAll(".s")],
  }));
  const scroll = document.querySelector(".pane .scroll");
  const follow = document.getElementById("follow");
  const now = document.getElementById("now");
  const timelines = [...document.querySelectorAll(".timeline")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  follow.parentElement.hidden = false;
  let current = null;

  const seek = (at) => {
    sound.currentTime = at;
    show(at);
  };
  const play = (at) => {
    seek(at);
    sound.play().catch(() => {});
    try { history.replaceState(null, "", "#t=" + at.toFixed(2)); } catch { /* a page from a disk may not */ }
  };

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const place = event.target.closest("[data-t]");
    const line = event.target.closest(".timeline");
    // inside a lane the place pointed at counts, a mark stands for its own moment
    if (line && (!place || place.closest("[class*=lane_]"))) {
      event.preventDefault();
      play(pointed(line, event.clientX));
    } else if (place) {
      if (place.localName === "span" && !getSelection().isCollapsed) return;
      event.preventDefault();
      play(+place.dataset.t);
    }
  });

  const pointed = (line, x) => {
    const box = line.getBoundingClientRect();
    const { left, right, duration } = line.dataset;
    const share = ((x - box.left) / box.width - left) / (right - left);
    return Math.min(1, Math.max(0, share)) * duration;
  };

  const show = (at) => {
    for (const line of timelines) {
      const { left, right, duration } = line.dataset;
      const head = line.querySelector(".playhead");
      head.style.display = "block";
      head.style.left = 100 * (+left + (right - left) * Math.min(1, at / duration)) + "%";
    }
    const begun = turns.filter((turn) => turn.start <= at + 0.05);
    const speaking = begun.filter((turn) => at < turn.end);
    const on = speaking.length ? speaking : begun.slice(-1);
    for (const turn of turns) turn.row.classList.toggle("now", on.includes(turn));
    const last = on[on.length - 1];
    for (const s of document.querySelectorAll(".s.now")) s.classList.remove("now");
    if (!last) return;
    const said = last.sentences.filter((s) => +s.dataset.t <= at + 0.05).pop();
    if (said) said.classList.add("now");
    now.className = "";
    now.textContent = last.row.querySelector("b").textContent + ": " + (said ? said.textContent : "…");
    if (last !== current) bring(last.row);
    current = last;
  };

  const bring = (row) => {
    if (!follow.checked) return;
    const behavior = calm ? "auto" : "smooth";
    if (getComputedStyle(scroll).overflowY === "auto") {
      scroll.scrollTo({ top: row.offsetTop - scroll.clientHeight / 3, behavior });
      return;
    }
    // on a phone the transcript is the page: it moves only under somebody who is reading it
    const box = scroll.getBoundingClientRect();
    if (box.top < innerHeight * 0.6 && box.bottom > 0) row.scrollIntoView({ block: "center", behavior });
  };

  sound.addEventListener("timeupdate", () => show(sound.currentTime));
  sound.addEventListener("error", () => { document.getElementById("broken").hidden = false; now.hidden = true; });
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, audio")) return;
    if (event.code === "KeyK") sound.paused ? sound.play().catch(() => {}) : sound.pause();
    else if (event.code === "KeyJ") seek(Math.max(0, sound.currentTime - 5));
    else if (event.code === "KeyL") seek(Math.min(sound.duration || 0, sound.currentTime + 5));
  });
  const linked = () => {
    const found = location.hash.match(/^#t=(\d+(?:\.\d{1,2})?)/);
    if (found) seek(+found[1]);
  };
  addEventListener("hashchange", linked);
  linked();
})();
