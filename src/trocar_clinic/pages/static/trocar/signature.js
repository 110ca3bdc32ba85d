// A field to sign in: what is drawn goes along as a picture. Loaded once for each field, set up once for each field.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const field of document.querySelectorAll("[data-sign]:not([data-ready])")) {
    field.dataset.ready = "1";
    const canvas = field.querySelector("canvas"), value = field.querySelector("input"), pen = canvas.getContext("2d");
    let drawing = false;
    pen.lineWidth = 2.5; pen.lineCap = pen.lineJoin = "round"; pen.strokeStyle = "#10243c";
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
    };
    canvas.addEventListener("pointerdown", (event) => { drawing = true; canvas.setPointerCapture(event.pointerId); pen.beginPath(); pen.moveTo(...at(event)); });
    canvas.addEventListener("pointermove", (event) => { if (drawing) { pen.lineTo(...at(event)); pen.stroke(); } });
    canvas.addEventListener("pointerup", () => { drawing = false; value.value = canvas.toDataURL("image/png"); value.dispatchEvent(new Event("input", { bubbles: true })); });
    field.querySelector("[data-clear]").addEventListener("click", () => { pen.clearRect(0, 0, canvas.width, canvas.height); value.value = ""; });
  }
});
