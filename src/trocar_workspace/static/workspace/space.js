// The plan in space: outlines of structures, needles and seeds, turned by the hand. Drawn without perspective, to scale.

import { direction, minus, plus, times } from "./geometry.js";

export class Space {
  constructor(canvas, store) {
    Object.assign(this, { canvas, store, turn: 0.6, tilt: 0.35, zoom: 1 });
    store.listen(() => this.draw());
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.hand = { x: event.clientX, y: event.clientY, turn: this.turn, tilt: this.tilt };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.hand) return;
      this.turn = this.hand.turn + (event.clientX - this.hand.x) / 120;
      this.tilt = Math.max(-1.57, Math.min(1.57, this.hand.tilt + (event.clientY - this.hand.y) / 120));
      this.draw();
    });
    canvas.addEventListener("pointerup", () => (this.hand = null));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom = Math.min(8, Math.max(0.4, this.zoom * Math.exp(-event.deltaY / 400)));
      this.draw();
    }, { passive: false });
  }

  key(event) {
    const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    this.turn += by[0];
    this.tilt = Math.max(-1.57, Math.min(1.57, this.tilt + by[1]));
    this.draw();
  }

  resize() {
    const { width, height } = this.canvas.getBoundingClientRect();
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.draw();
  }

  /** From LPS to pixels; seen from the front at first, the head upwards. */
  view() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const [low, high] = this.store.scene.box_lps_mm;
    const middle = times(plus(low, high), 0.5);
    const size = Math.hypot(...minus(high, low));
    const scale = (this.zoom * Math.min(width, height)) / size * 1.55;
    const [ct, st, cp, sp] = [Math.cos(this.turn), Math.sin(this.turn), Math.cos(this.tilt), Math.sin(this.tilt)];
    return (lps) => {
      const [l, p, s] = minus(lps, middle);
      const right = l * ct + p * st;
      const away = -l * st + p * ct;
      return [width / 2 + right * scale, height / 2 - (s * cp - away * sp) * scale];
    };
  }

  line(ink, seen, points, closed) {
    ink.beginPath();
    points.forEach((point, n) => ink[n ? "lineTo" : "moveTo"](...seen(point)));
    if (closed) ink.closePath();
    ink.stroke();
  }

  draw() {
    if (!this.canvas.width || !this.store.state) return;
    const ink = this.canvas.getContext("2d");
    ink.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ink.fillStyle = "#0d1518";
    ink.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const seen = this.view();
    const [low, high] = this.store.scene.box_lps_mm;
    ink.lineWidth = 1;
    for (const { name, colour, outlines_lps_mm: outlines } of this.store.scene.structures) {
      if (this.store.hidden.has(name)) continue;
      ink.strokeStyle = colour;
      ink.globalAlpha = name === this.store.scene.target ? 0.75 : 0.3;
      for (const outline of outlines)
        if (outline[0][2] >= low[2] && outline[0][2] <= high[2]) this.line(ink, seen, outline, true);
    }
    ink.globalAlpha = 1;
    const { needle: chosen, seed: chosenSeed } = this.store.selected;
    for (const needle of this.store.state.needles) {
      const own = needle.number === chosen;
      ink.strokeStyle = own ? "#fff" : "#9fc6e8";
      ink.lineWidth = own ? 2 : 1.2;
      this.line(ink, seen, [needle.entry_lps_mm, needle.tip_lps_mm]);
      const half = times(direction(needle), this.store.scene.seed.length_mm / 2);
      for (const seed of needle.seeds) {
        ink.strokeStyle = own && seed.seed === chosenSeed ? "#fff" : "#7ff7c4";
        ink.lineWidth = 4;
        this.line(ink, seen, [minus(seed.lps_mm, half), plus(seed.lps_mm, half)]);
      }
      ink.fillStyle = own ? "#fff" : "#9fc6e8";
      ink.font = "11px system-ui, sans-serif";
      const [x, y] = seen(needle.entry_lps_mm);
      ink.fillText(needle.hole || String(needle.number), x + 4, y - 4);
    }
    this.letters(ink, seen, low, high);
  }

  letters(ink, seen, low, high) {
    const middle = times(plus(low, high), 0.5);
    ink.fillStyle = "#ffd76a";
    ink.font = "600 13px system-ui, sans-serif";
    for (const [letter, axis, end] of [["L", 0, high], ["R", 0, low], ["P", 1, high], ["A", 1, low], ["H", 2, high], ["F", 2, low]]) {
      const at = [...middle];
      at[axis] = end[axis];
      ink.fillText(letter, ...seen(at));
    }
  }
}
