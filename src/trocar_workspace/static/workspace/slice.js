// One plane of the patient: picture, outlines, isodose lines, needles and seeds, and what the hand does to them.

import { fetchOutlines, fetchPicture } from "./api.js";
import { PLANES, depthOf, direction, distanceToStretch, minus, motion, plus, slideOf, times, wholeHoles } from "./geometry.js";
import { say } from "./words.js";

export const ISODOSE_COLOURS = ["#5aa9ff", "#57e08a", "#ffe14a", "#ff9a3c"];
const NEAR_PX = 9;
const KEPT_SLICES = 80;

export class Slice {
  constructor(canvas, plane, store, hints) {
    Object.assign(this, { canvas, plane, store, hints });
    this.axes = PLANES[plane];
    this.pictures = new Map();
    this.outlines = new Map();
    this.middle = null;
    this.scale = null; // pixels a millimetre
    this.window = [40, 400];
    this.hand = null;
    store.listen(() => this.draw());
    new ResizeObserver(() => this.resize()).observe(canvas);
    for (const [name, listener] of Object.entries({
      pointerdown: (event) => this.press(event),
      pointermove: (event) => this.move(event),
      pointerup: (event) => this.release(event),
      pointercancel: (event) => this.release(event),
      dblclick: (event) => this.addSeedAt(event),
      contextmenu: (event) => event.preventDefault(),
      pointerleave: () => hints.under(null),
    })) canvas.addEventListener(name, listener);
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  resize() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.ratio = ratio;
    if (!this.scale) this.fit();
    this.draw();
  }

  fit() {
    const [low, high] = this.store.scene.box_lps_mm;
    const { right, down } = this.axes;
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width || !height) return;
    this.scale = Math.min(width / (high[right] - low[right]), height / (high[down] - low[down]));
    this.middle = [(low[right] + high[right]) / 2, (low[down] + high[down]) / 2];
  }

  /** From millimetres [right, down] to pixels of the page. */
  seen([right, down]) {
    const { width, height } = this.canvas.getBoundingClientRect();
    const sign = this.axes.flip ? -1 : 1;
    return [width / 2 + (right - this.middle[0]) * this.scale, height / 2 + sign * (down - this.middle[1]) * this.scale];
  }

  seenPoint(lps) {
    return this.seen([lps[this.axes.right], lps[this.axes.down]]);
  }

  /** From a pointer to millimetres [right, down]. */
  pointed(event) {
    const box = this.canvas.getBoundingClientRect();
    const sign = this.axes.flip ? -1 : 1;
    return [
      this.middle[0] + (event.clientX - box.left - box.width / 2) / this.scale,
      this.middle[1] + (sign * (event.clientY - box.top - box.height / 2)) / this.scale,
    ];
  }

  pointedLps(event) {
    const point = [...this.store.cross];
    [point[this.axes.right], point[this.axes.down]] = this.pointed(event);
    return point;
  }

  get at() {
    const { first_mm, step_mm } = this.store.scene.planes[this.plane];
    return first_mm + this.store.index[this.plane] * step_mm;
  }

  // ---- what is asked of the server ----

  async bring(kept, fetch) {
    const index = this.store.index[this.plane];
    if (kept.has(index)) return kept.get(index);
    kept.set(index, null);
    try {
      kept.set(index, await fetch(this.plane, index));
    } catch {
      kept.delete(index);
      return null;
    }
    if (kept.size > KEPT_SLICES) kept.delete(kept.keys().next().value);
    if (index === this.store.index[this.plane]) requestAnimationFrame(() => this.draw());
    return kept.get(index);
  }

  // ---- drawing ----

  draw() {
    if (!this.middle || !this.canvas.width) return;
    const index = this.store.index[this.plane];
    this.bring(this.pictures, fetchPicture);
    this.bring(this.outlines, fetchOutlines);
    const ink = this.canvas.getContext("2d");
    ink.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ink.fillStyle = "#000";
    ink.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.drawPicture(ink, this.pictures.get(index));
    this.drawStructures(ink, this.outlines.get(index));
    this.drawDose(ink);
    this.drawNeedles(ink);
    this.drawCross(ink);
    this.drawLetters(ink);
  }

  drawPicture(ink, values) {
    if (!values) return;
    const { right, down, flip } = this.axes;
    const columns = this.store.scene.planes[Object.keys(PLANES).find((each) => PLANES[each].across === right)].count;
    const rows = values.length / columns;
    if (this.drawn !== values || this.drawnWindow !== String(this.window)) {
      const picture = new ImageData(columns, rows);
      const [level, width] = this.window;
      const gain = 255 / width;
      const grey = new Uint32Array(picture.data.buffer);
      for (let n = 0; n < values.length; n++) {
        const value = Math.max(0, Math.min(255, (values[n] - level + width / 2) * gain)) | 0;
        grey[n] = 0xff000000 | (value << 16) | (value << 8) | value;
      }
      this.sheet ??= document.createElement("canvas");
      this.sheet.width = columns;
      this.sheet.height = rows;
      this.sheet.getContext("2d").putImageData(picture, 0, 0);
      Object.assign(this, { drawn: values, drawnWindow: String(this.window) });
    }
    const { spacing_mm: step, box_lps_mm: [low] } = this.store.scene;
    const [x, y] = this.seen([low[right] - step / 2, low[down] - step / 2]);
    ink.save();
    ink.translate(x, y);
    ink.scale(step * this.scale, (flip ? -1 : 1) * step * this.scale);
    ink.imageSmoothingEnabled = true;
    ink.drawImage(this.sheet, 0, 0);
    ink.restore();
  }

  path(ink, line) {
    ink.beginPath();
    for (const [n, point] of line.entries()) ink[n ? "lineTo" : "moveTo"](...this.seen(point));
  }

  drawStructures(ink, outlines) {
    if (!outlines) return;
    ink.lineWidth = 1.6;
    for (const { name, colour } of this.store.scene.structures) {
      if (this.store.hidden.has(name)) continue;
      ink.strokeStyle = colour;
      for (const line of outlines[name] ?? []) {
        this.path(ink, line);
        ink.stroke();
      }
    }
  }

  drawDose(ink) {
    const groups = this.store.state?.isodoses[this.plane] ?? [];
    groups.forEach((lines, level) => {
      ink.strokeStyle = ISODOSE_COLOURS[level];
      ink.lineWidth = this.store.scene.isodose_percent[level] === 100 ? 2 : 1.1;
      for (const line of lines) {
        this.path(ink, line);
        ink.stroke();
      }
    });
  }

  drawNeedles(ink) {
    const { needle: chosen, seed: chosenSeed } = this.store.selected;
    for (const needle of this.store.state?.needles ?? []) {
      const [from, to] = [needle.entry_lps_mm, needle.tip_lps_mm].map((end) => this.seenPoint(end));
      const own = needle.number === chosen;
      ink.strokeStyle = own ? "#ffffff" : "rgba(190, 225, 255, 0.42)";
      ink.lineWidth = own ? 1.8 : 1;
      ink.beginPath();
      ink.moveTo(...from);
      ink.lineTo(...to);
      ink.stroke();
      this.drawCrossing(ink, needle, own);
      if (own) {
        ink.strokeRect(to[0] - 4, to[1] - 4, 8, 8);
        ink.fillStyle = "#fff";
        ink.font = "12px system-ui, sans-serif";
        ink.fillText(needle.hole || String(needle.number), from[0] + 5, from[1] - 5);
      }
      for (const seed of needle.seeds) this.drawSeed(ink, needle, seed, own && seed.seed === chosenSeed);
    }
  }

  /** A cross where a needle goes through this plane. */
  drawCrossing(ink, needle, own) {
    const { across } = this.axes;
    const [from, to] = [needle.entry_lps_mm[across] - this.at, needle.tip_lps_mm[across] - this.at];
    if (from * to > 0 || from === to) return;
    const way = minus(needle.tip_lps_mm, needle.entry_lps_mm);
    const [x, y] = this.seenPoint(plus(needle.entry_lps_mm, times(way, from / (from - to))));
    ink.strokeStyle = own ? "#fff" : "rgba(190, 225, 255, 0.85)";
    ink.lineWidth = 1;
    ink.beginPath();
    ink.moveTo(x - 3, y); ink.lineTo(x + 3, y); ink.moveTo(x, y - 3); ink.lineTo(x, y + 3);
    ink.stroke();
  }

  drawSeed(ink, needle, seed, chosen) {
    const { length_mm, diameter_mm } = this.store.scene.seed;
    const half = times(direction(needle), length_mm / 2);
    const off = Math.abs(seed.lps_mm[this.axes.across] - this.at);
    const reach = Math.abs(half[this.axes.across]) + diameter_mm / 2 + 0.5;
    ink.globalAlpha = off <= reach ? 1 : Math.max(0.12, 0.45 - off / 40);
    ink.strokeStyle = chosen ? "#ffffff" : this.store.refused && this.hand?.seed === seed.seed && this.hand?.needle === needle.number ? "#ff5e5e" : "#7ff7c4";
    ink.lineWidth = Math.max(chosen ? 5 : 3.5, diameter_mm * this.scale);
    ink.lineCap = "round";
    const [from, to] = [this.seenPoint(minus(seed.lps_mm, half)), this.seenPoint(plus(seed.lps_mm, half))];
    ink.beginPath();
    ink.moveTo(...from);
    ink.lineTo(to[0] + 0.01, to[1]);
    ink.stroke();
    ink.globalAlpha = 1;
    ink.lineCap = "butt";
  }

  drawCross(ink) {
    const [x, y] = this.seenPoint(this.store.cross);
    const { width, height } = this.canvas.getBoundingClientRect();
    ink.strokeStyle = "rgba(255, 255, 255, 0.28)";
    ink.lineWidth = 1;
    ink.setLineDash([3, 5]);
    ink.beginPath();
    ink.moveTo(x, 0); ink.lineTo(x, height); ink.moveTo(0, y); ink.lineTo(width, y);
    ink.stroke();
    ink.setLineDash([]);
  }

  /** Which side is which: a picture of the wrong side must not pass. */
  drawLetters(ink) {
    const { width, height } = this.canvas.getBoundingClientRect();
    const [toRight, toLeft] = { 0: ["L", "R"], 1: ["P", "A"] }[this.axes.right];
    const [below, above] = this.axes.down === 1 ? ["P", "A"] : ["F", "H"];
    ink.fillStyle = "#ffd76a";
    ink.font = "600 13px system-ui, sans-serif";
    ink.textAlign = "center";
    ink.fillText(toLeft, 10, height / 2 + 4);
    ink.fillText(toRight, width - 10, height / 2 + 4);
    ink.fillText(above, width / 2, 14);
    ink.fillText(below, width / 2, height - 6);
    ink.textAlign = "left";
    ink.font = "12px system-ui, sans-serif";
    ink.fillStyle = "#cfdde2";
    ink.fillText(`${["L", "P", "S"][this.axes.across]} ${this.at.toFixed(1)} mm`, 8, height - 8);
  }

  // ---- what lies under the pointer ----

  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const point = [event.clientX - box.left, event.clientY - box.top];
    const { needle: chosen } = this.store.selected;
    let best = { away: NEAR_PX };
    for (const needle of this.store.state?.needles ?? []) {
      const [from, to] = [needle.entry_lps_mm, needle.tip_lps_mm].map((end) => this.seenPoint(end));
      if (needle.number === chosen && Math.max(Math.abs(point[0] - to[0]), Math.abs(point[1] - to[1])) < 7)
        return { kind: "tip", needle };
      const half = times(direction(needle), this.store.scene.seed.length_mm / 2);
      for (const seed of needle.seeds) {
        const ends = [minus(seed.lps_mm, half), plus(seed.lps_mm, half)].map((end) => this.seenPoint(end));
        // What lies in this plane wins over what is seen through it, and a seed over its needle.
        const away = distanceToStretch(point, ...ends) - 4 + Math.min(3, Math.abs(seed.lps_mm[this.axes.across] - this.at) / 5);
        if (away < best.away) best = { kind: "seed", needle, seed, away };
      }
      const away = distanceToStretch(point, from, to);
      if (away < best.away) best = { kind: "needle", needle, away };
    }
    return best.kind ? best : null;
  }

  // ---- what the hand does ----

  press(event) {
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const start = this.pointed(event);
    const found = this.under(event);
    const hand = { start, from: [event.clientX, event.clientY], moved: false };
    if (event.button === 2) this.hand = { ...hand, does: "window", window: this.window };
    else if (event.button === 1 || this.hints.panning) this.hand = { ...hand, does: "pan", middle: this.middle };
    else if (this.hints.placing) this.hand = { ...hand, does: "place" };
    else if (found?.kind === "seed") {
      this.store.select(found.needle.number, found.seed.seed);
      this.hand = { ...hand, does: event.altKey ? "shift" : "slide", needle: found.needle.number, seed: found.seed.seed, grasped: found.needle };
    } else if (found?.kind === "tip") this.hand = { ...hand, does: "turn", needle: found.needle.number, grasped: found.needle };
    else if (found?.kind === "needle") {
      this.store.select(found.needle.number);
      this.hand = { ...hand, does: event.altKey ? "shift" : "point", needle: found.needle.number, grasped: found.needle };
    } else this.hand = { ...hand, does: "point" };
  }

  move(event) {
    if (!this.hand) {
      this.hints.under(this.under(event), event);
      return;
    }
    const here = this.pointed(event);
    const by = [here[0] - this.hand.start[0], here[1] - this.hand.start[1]];
    const px = Math.hypot(event.clientX - this.hand.from[0], event.clientY - this.hand.from[1]);
    if (!this.hand.moved && px < 3) return;
    this.hand.moved = true;
    const deed = { slide: () => this.slide(by), shift: () => this.shift(by), turn: () => this.turn(by) }[this.hand.does];
    if (deed) deed();
    else if (this.hand.does === "pan") {
      const sign = this.axes.flip ? -1 : 1;
      this.middle = [
        this.hand.middle[0] - (event.clientX - this.hand.from[0]) / this.scale,
        this.hand.middle[1] - (sign * (event.clientY - this.hand.from[1])) / this.scale,
      ];
      this.draw();
    } else if (this.hand.does === "window") {
      const [level, width] = this.hand.window;
      const px = [event.clientX - this.hand.from[0], event.clientY - this.hand.from[1]];
      this.hints.windowed([Math.round(level + px[1] * 2), Math.max(10, Math.round(width + px[0] * 3))]);
    } else if (this.hand.does === "point") this.store.moveTo(this.pointedLps(event));
  }

  slide(by) {
    const slid = slideOf(this.hand.grasped, this.plane, ...by);
    if (slid === null) {
      this.hints.remark(say("perpendicular"));
      return;
    }
    const by_mm = Math.round(slid * 2) / 2;
    this.store.propose({ do: "slide", needle: this.hand.needle, seed: this.hand.seed, by_mm });
  }

  shift(by) {
    const { template } = this.store.scene;
    let vector = motion(this.plane, ...by).map((value) => Math.round(value * 2) / 2);
    if (template) vector = wholeHoles(vector, template);
    this.store.propose({ do: "shift-needle", needle: this.hand.needle, by_lps_mm: vector });
  }

  turn(by) {
    const tip = plus(this.hand.grasped.tip_lps_mm, motion(this.plane, ...by)).map((value) => Math.round(value * 2) / 2);
    this.store.propose({ do: "turn-needle", needle: this.hand.needle, tip_lps_mm: tip });
  }

  async release(event) {
    const { hand } = this;
    if (!hand) return;
    if (hand.moved && ["slide", "shift", "turn"].includes(hand.does)) await this.store.settle();
    else if (hand.does === "place") this.hints.placing(this.pointedLps(event));
    else if (!hand.moved && ["point", "slide", "shift"].includes(hand.does)) this.store.moveTo(this.pointedLps(event));
    this.hand = null;
    this.draw();
  }

  wheel(event) {
    event.preventDefault();
    if (event.ctrlKey) {
      const kept = this.pointed(event);
      this.scale = Math.min(40, Math.max(0.5, this.scale * Math.exp(-event.deltaY / 300)));
      const moved = this.pointed(event);
      this.middle = [this.middle[0] + kept[0] - moved[0], this.middle[1] + kept[1] - moved[1]];
      this.draw();
    } else {
      const step = Math.sign(event.deltaY) * (this.plane === "coronal" ? 1 : -1); // down: to the feet, back and right
      this.store.turnTo(this.plane, this.store.index[this.plane] + step);
    }
  }

  addSeedAt(event) {
    const found = this.under(event);
    if (!found?.needle) return;
    const { needle } = found;
    // The depth whose picture lies nearest to the pointer.
    const entry = needle.entry_lps_mm;
    const to = this.pointed(event);
    const by = slideOf(needle, this.plane, to[0] - entry[this.axes.right], to[1] - entry[this.axes.down]);
    const depth = by ?? depthOf(needle, this.store.cross);
    this.hints.addSeed(needle.number, depth);
  }
}
