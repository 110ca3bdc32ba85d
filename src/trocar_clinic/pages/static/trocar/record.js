// Keyboard, menu, focus and the guard of unsaved forms. Everything works without it.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const menu = document.querySelector(".menu-button");
  if (menu) menu.addEventListener("click", () => {
    const open = document.body.classList.toggle("menu-open");
    menu.setAttribute("aria-expanded", String(open));
  });
  const told = document.querySelector("[data-focus]");
  if (told) told.focus();
  else {
    const first = document.querySelector("form.entry input:not([type=hidden]), form.entry select, form.entry textarea");
    if (first) first.focus({ preventScroll: true });
  }
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.target.isContentEditable;
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      const find = document.getElementById("find");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
    }
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (target) { event.preventDefault(); target.click(); }
  });
  for (const form of document.querySelectorAll("form[data-guard]")) {
    let changed = false, sent = false;
    form.addEventListener("input", () => { changed = true; });
    form.addEventListener("submit", (event) => {
      if (sent) { event.preventDefault(); return; }  // a second click is not a second deed
      sent = true;
    });
    window.addEventListener("beforeunload", (event) => { if (changed && !sent) event.preventDefault(); });
    window.addEventListener("pageshow", () => { sent = false; });
  }
  for (const each of document.querySelectorAll("[data-reload]")) setTimeout(() => location.reload(), Number(each.dataset.reload) * 1000);
  for (const each of document.querySelectorAll("[data-print]")) each.addEventListener("click", () => window.print());
});
