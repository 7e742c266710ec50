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
  // Passkeys: the browser's own dialogue, its answer in a form of ours. Bytes go as base64url.
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const byKey = async (form) => {
    const asked = await fetch(form.dataset.ask, { method: "POST", body: new URLSearchParams({ token: form.elements.token.value }) });
    if (!asked.ok) throw new Error(String(asked.status));
    const told = await asked.json();
    const create = form.dataset.passkey === "create";
    const publicKey = { ...told, challenge: bytes(told.challenge) };
    if (create) Object.assign(publicKey, { user: { ...told.user, id: bytes(told.user.id) }, excludeCredentials: known(told.excludeCredentials) });
    else publicKey.allowCredentials = known(told.allowCredentials);
    const made = await navigator.credentials[create ? "create" : "get"]({ publicKey });
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (made.response[name]) response[name] = text(made.response[name]);
    form.elements.credential.value = JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
    form.submit();
  };
  for (const one of window.PublicKeyCredential ? document.querySelectorAll("form[data-passkey]") : []) {
    one.hidden = false;
    one.addEventListener("submit", (event) => {
      event.preventDefault();
      const wrong = one.querySelector(".wrong");
      wrong.hidden = true;
      byKey(one).catch((error) => {
        wrong.textContent = `${document.documentElement.lang.startsWith("zh") ? "没有成功" : "It did not work"} (${error.name})`;
        wrong.hidden = false;
      });
    });
  }
  if (document.getElementById("busy")) setTimeout(() => location.reload(), 2000);
})();
