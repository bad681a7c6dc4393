// Puts what the server sends in its place, without taking away what somebody is reading, typing or standing on.
"use strict";

const RETRY_MS = 2000;
const AGES_MS = 5000;
const SAID_MS = 10000; // how long what was said of an answer stays: the rows show it as well
const SILENT_MS = 40000; // the server says something every 15 s: after this long the connection is dead
const sources = new WeakMap(); // what a row was made of, before its ages were written into it
let skew = 0; // how far the server's clock is ahead of ours

// --- what changes ----------------------------------------------------------------------------------------------------

function show(html, isFirst) {
  const parsed = document.createElement("template");
  parsed.innerHTML = html;
  for (const fresh of [...parsed.content.children]) {
    const old = document.getElementById(fresh.id);
    if (!old) continue;
    const list = old.querySelector("[data-keyed]");
    const coming = fresh.querySelector("[data-keyed]");
    if (list && coming) {
      update(list, coming, isFirst);
      keepButList(old, fresh, list, coming);
    } else {
      const added = coming ? [...coming.children] : [];
      swap(old, fresh);
      remember(document.getElementById(fresh.id));
      if (!isFirst) announce(added);
    }
  }
  tellAges();
  chart.draw();
}

function swap(old, fresh) {
  const inside = old.contains(document.activeElement) ? document.activeElement.id : null;
  htmx.swap(old, fresh.outerHTML, { swapStyle: "outerHTML" });
  if (inside !== null && document.activeElement === document.body) focusOn(inside);
}

// Everything around a list is replaced; the list itself stays where it is, with what is in it.
function keepButList(old, fresh, list, coming) {
  coming.replaceWith(document.createComment("list"));
  const parts = [...fresh.childNodes];
  for (const node of [...old.childNodes]) if (node !== list) node.remove();
  let after = false;
  for (const node of parts) {
    if (node.nodeType === Node.COMMENT_NODE) after = true;
    else if (after) old.append(node);
    else old.insertBefore(node, list);
  }
}

function update(list, coming, isFirst) {
  const inside = list.contains(document.activeElement) ? document.activeElement.id : null;
  const row = inside === null ? null : document.activeElement.closest("li");
  const near = row ? [row.id, row.nextElementSibling ? row.nextElementSibling.id : ""] : [];
  const rows = new Map([...list.children].map((one) => [one.id, one]));
  const wanted = [...coming.children];
  const added = wanted.filter((one) => !rows.has(one.id));
  const ids = new Set(wanted.map((one) => one.id));
  for (const [id, one] of rows) if (!ids.has(id)) one.remove();
  wanted.forEach((one, index) => {
    const known = rows.get(one.id);
    const same = known && sources.get(known) === one.outerHTML;
    const placed = same ? known : one;
    if (!same) {
      sources.set(one, one.outerHTML);
      if (known) known.remove();
      else if (!isFirst) one.classList.add("fresh");
    }
    if (list.children[index] !== placed) list.insertBefore(placed, list.children[index] || null);
    if (!same) htmx.process(placed);
  });
  if (inside !== null && !list.contains(document.activeElement)) focusOn(inside, near);
  if (!isFirst) announce(added);
}

// Where it is gone: in its row, else in the one that came after it, else at the top of them.
function focusOn(id, near = []) {
  const rows = near.map((one) => document.getElementById(one)).filter((one) => one);
  const target = document.getElementById(id) || (rows[0] && rows[0].querySelector("button, a")) || document.getElementById("nudges-title");
  if (target) target.focus({ preventScroll: true });
}

function remember(within) {
  for (const row of within.querySelectorAll("[data-keyed] > li")) sources.set(row, row.outerHTML);
}

function announce(rows) {
  const place = document.getElementById("announce");
  if (!rows.length || !place) return;
  const newest = rows[rows.length - 1].dataset.announce;
  place.textContent = rows.length === 1 ? `New: ${newest}` : `${rows.length} new. The newest: ${newest}`;
}

function tellAges() {
  const now = Date.now() + skew;
  for (const age of document.querySelectorAll("[data-since]")) {
    const minutes = Math.max(0, Math.floor((now - Number(age.dataset.since)) / 60000));
    age.textContent = minutes < 1 ? "just now" : minutes < 120 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
  }
}

function setClock(now) {
  skew = Number(now) - Date.now();
}

// --- the connection --------------------------------------------------------------------------------------------------

function listen(url) {
  const source = new EventSource(url);
  let isFirst = true;
  let heard = Date.now();
  const watch = setInterval(() => { if (Date.now() - heard > SILENT_MS) { fail(); again(); } }, AGES_MS);
  const fail = () => state("broken", "not connected: what is shown may be old");
  const again = () => { clearInterval(watch); source.close(); resume(url); };
  source.addEventListener("open", () => { isFirst = true; heard = Date.now(); state("live", "live"); });
  source.addEventListener("session", (event) => {
    for (const field of document.querySelectorAll("[data-form-token]")) field.value = event.data;
  });
  source.addEventListener("clock", (event) => { heard = Date.now(); setClock(event.data); });
  source.addEventListener("show", (event) => {
    show(event.data, isFirst);
    isFirst = false;
  });
  source.addEventListener("error", () => {
    fail();
    if (source.readyState === EventSource.CLOSED) setTimeout(again, RETRY_MS);
  });
}

// The server answers, and not with changes. Whoever is signed out goes to sign in, unless that would cost them a note.
async function resume(url) {
  const dialog = document.getElementById("answer");
  const answer = await fetch(location.href, { method: "HEAD", redirect: "manual" }).catch(() => null);
  if (!answer || answer.status !== 401) listen(url);
  else if (!dialog || !dialog.open) location.reload();
  else setTimeout(() => resume(url), RETRY_MS);
}

function state(name, text) {
  const place = document.getElementById("live");
  if (!place || place.dataset.state === name) return;
  place.dataset.state = name;
  place.textContent = text;
}

// --- answers ---------------------------------------------------------------------------------------------------------

function open(button) {
  const dialog = document.getElementById("answer");
  const nudge = document.getElementById("answer-nudge");
  if (nudge.value !== button.dataset.answer) document.getElementById("answer-note").value = "";
  nudge.value = button.dataset.answer;
  document.getElementById("answer-about").textContent = button.dataset.about;
  document.getElementById("answer-said").textContent = "";
  dialog.dataset.from = button.id;
  dialog.showModal();
  document.getElementById("answer-note").focus();
}

// The page's token with a nonce of its own, since each is taken once.
function formToken() {
  const nonce = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return document.getElementById("form-token").value.replace(/^[^.]*/, nonce);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.answer) open(button);
  if ("close" in button.dataset) button.closest("dialog").close();
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.parameters.form_token = formToken();
});

document.addEventListener("htmx:sendError", (event) => {
  event.detail.target.textContent = "The server can't be reached, so nothing was recorded. Try again in a moment.";
});

// Sent with every answer that was recorded.
document.addEventListener("answered", (event) => {
  const dialog = document.getElementById("answer");
  if (dialog && dialog.open) {
    document.getElementById("answer-note").value = "";
    dialog.close();
    focusOn(dialog.dataset.from);
  }
  document.getElementById("said").textContent = event.detail.value;
});

// Come back to by the browser's own "back": it has missed what happened meanwhile.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

function forget(place) {
  let timer = 0;
  new MutationObserver(() => {
    clearTimeout(timer);
    if (place.textContent) timer = setTimeout(() => { place.textContent = ""; }, SAID_MS);
  }).observe(place, { childList: true });
}

document.addEventListener("DOMContentLoaded", () => {
  const said = document.getElementById("said");
  if (said) forget(said);
  remember(document);
  setClock(document.body.dataset.now || Date.now());
  tellAges();
  chart.draw();
  setInterval(tellAges, AGES_MS);
  if (document.body.dataset.live) listen(document.body.dataset.live);
});
