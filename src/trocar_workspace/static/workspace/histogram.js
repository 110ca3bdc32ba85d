// The dose-volume histogram: now in full lines, the plan as it was before any change in thin ones.

import { say } from "./words.js";

const MARGIN = { left: 40, right: 10, top: 10, bottom: 34 };

export class Histogram {
  constructor(canvas, store) {
    Object.assign(this, { canvas, store, pointer: null });
    store.listen(() => this.draw());
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("pointermove", (event) => {
      this.pointer = event.offsetX;
      this.draw();
    });
    canvas.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.draw();
    });
  }

  resize() {
    const { width, height } = this.canvas.getBoundingClientRect();
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.draw();
  }

  draw() {
    const { state, base, scene } = this.store;
    if (!this.canvas.width || !state) return;
    const ink = this.canvas.getContext("2d");
    const { width, height } = this.canvas.getBoundingClientRect();
    const [w, h] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
    const most = 3 * scene.prescription_gy;
    const x = (gy) => MARGIN.left + (Math.min(gy, most) / most) * w;
    const y = (percent) => MARGIN.top + (1 - percent / 100) * h;
    ink.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ink.clearRect(0, 0, width, height);
    this.frame(ink, { x, y, most, width, height });
    for (const { name, colour } of scene.structures) {
      if (this.store.hidden.has(name)) continue;
      this.curve(ink, base?.histograms[name], { x, y, colour, thin: true });
      this.curve(ink, state.histograms[name], { x, y, colour });
    }
    if (this.pointer !== null) this.read(ink, { x, y, most, w });
  }

  frame(ink, { x, y, most, width, height }) {
    ink.font = "11px system-ui, sans-serif";
    ink.fillStyle = "#4a5d66";
    ink.strokeStyle = "#e1e8ea";
    ink.lineWidth = 1;
    ink.textAlign = "right";
    for (const percent of [0, 25, 50, 75, 100]) {
      ink.beginPath();
      ink.moveTo(x(0), y(percent));
      ink.lineTo(x(most), y(percent));
      ink.stroke();
      ink.fillText(String(percent), x(0) - 5, y(percent) + 4);
    }
    ink.textAlign = "center";
    for (const share of [0, 0.5, 1, 1.5, 2, 2.5, 3]) ink.fillText((share * this.store.scene.prescription_gy).toFixed(0), x(share * this.store.scene.prescription_gy), height - 19);
    ink.fillText(`${say("dose")}    (${say("volume")} ↑)`, width / 2, height - 4);
    ink.strokeStyle = "#0b6e75";
    ink.setLineDash([4, 3]);
    ink.beginPath();
    ink.moveTo(x(this.store.scene.prescription_gy), y(0));
    ink.lineTo(x(this.store.scene.prescription_gy), y(100));
    ink.stroke();
    ink.setLineDash([]);
  }

  curve(ink, quantiles, { x, y, colour, thin = false }) {
    if (!quantiles?.length) return;
    ink.strokeStyle = colour;
    ink.globalAlpha = thin ? 0.45 : 1;
    ink.lineWidth = thin ? 1 : 2;
    ink.beginPath();
    ink.moveTo(x(0), y(100));
    for (let n = quantiles.length - 1; n >= 0; n--) {
      ink.lineTo(x(quantiles[n]), y((100 * n) / (quantiles.length - 1)));
      if (x(quantiles[n]) === x(Infinity)) break; // what lies beyond the axis is not drawn
    }
    ink.stroke();
    ink.globalAlpha = 1;
  }

  read(ink, { x, y, most, w }) {
    const gy = Math.max(0, ((this.pointer - MARGIN.left) / w) * most);
    ink.strokeStyle = "#16242b";
    ink.beginPath();
    ink.moveTo(x(gy), y(0));
    ink.lineTo(x(gy), y(100));
    ink.stroke();
    ink.textAlign = gy > most / 2 ? "right" : "left";
    ink.fillStyle = "#16242b";
    const side = gy > most / 2 ? -6 : 6;
    const lines = this.store.scene.structures
      .filter(({ name }) => this.store.state.histograms[name]?.length && !this.store.hidden.has(name))
      .map(({ name }) => {
        const falling = this.store.state.histograms[name];
        const at = falling.filter((each) => each >= gy).length / falling.length;
        return `${name} ${(100 * at).toFixed(1)} %`;
      });
    [`${gy.toFixed(0)} Gy`, ...lines].forEach((line, n) => ink.fillText(line, x(gy) + side, MARGIN.top + 12 + 14 * n));
  }
}
