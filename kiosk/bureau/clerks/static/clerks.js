// The pages' keyboard, and how far an upload is. Everything works without it.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("table.rows tbody tr")].filter((row) => row.querySelector("a"));
  let here = -1;
  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    if (here >= 0 && all[here]) all[here].classList.remove("here");
    here = Math.min(Math.max(here + step, 0), all.length - 1);
    all[here].classList.add("here");
    all[here].querySelector("a").focus();
  };
  const touch = (id) => {
    const found = document.getElementById(id);
    if (found) found.focus();
    return Boolean(found);
  };
  const KEYS = {
    j: () => (go(1), true),
    k: () => (go(-1), true),
    "/": () => touch("search"),
    c: () => touch("confirm"),
    r: () => touch("reason"),
    u: () => {
      const up = document.getElementById("up");
      if (up) up.click();
      return Boolean(up);
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const at = event.target;
    const typing = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement;
    if (typing) {
      if (event.key === "Escape") at.blur();
      return;
    }
    if (KEYS[event.key] && KEYS[event.key]()) event.preventDefault();
  });
  const form = document.getElementById("upload");
  if (form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const bar = document.getElementById("progress");
      const text = document.getElementById("progress-text");
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      bar.hidden = false;
      request.upload.addEventListener("progress", (now) => {
        if (now.lengthComputable) bar.value = (100 * now.loaded) / now.total;
        text.textContent = now.loaded < now.total ? `${Math.round(now.loaded / 1048576)} MB` : text.dataset.checking;
      });
      request.addEventListener("load", () => {
        const to = new URL(request.responseURL, location.href);
        if (request.status === 200 && to.pathname !== "/rosters/upload") location.assign(to.pathname);
        else document.querySelector("main").replaceChildren(...new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main").childNodes);
      });
      request.addEventListener("error", () => form.submit());
      request.send(new FormData(form));
    });
  }
  if (document.getElementById("busy")) setTimeout(() => location.reload(), 2000);
})();
