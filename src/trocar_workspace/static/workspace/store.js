// What the page knows: the changes made, the one under the hand, what is selected and where the planes lie.
// Whoever shows something listens; the server is asked for one state at a time, always the latest.

import { fetchState } from "./api.js";

export class Store {
  constructor(scene) {
    this.scene = scene;
    this.edits = [];
    this.undone = [];
    this.proposed = null; // the change under the hand
    this.state = null;
    this.base = null; // the state before any change
    this.selected = { needle: null, seed: null };
    this.index = Object.fromEntries(
      Object.entries(scene.planes).map(([plane, { count }]) => [plane, Math.floor(count / 2)]),
    );
    this.hidden = new Set();
    this.saved = 0; // how many changes were saved last
    this.worth = null; // what was tried last, and of which changes
    this.refused = null;
    this.lost = false;
    this.listeners = new Set();
    this.asking = false;
    this.again = null;
  }

  listen(listener) {
    this.listeners.add(listener);
  }

  tell() {
    for (const listener of this.listeners) listener(this);
  }

  /** Show what a change would do, without making it. */
  propose(edit) {
    this.proposed = edit;
    this.ask();
  }

  /** Make the change under the hand, if it can be made. */
  async settle() {
    const edit = this.proposed;
    this.proposed = null;
    if (edit) await this.make(edit);
  }

  /** Make a change; it stays unless it is refused. */
  async make(edit) {
    this.edits.push(edit);
    const wanted = this.edits.length;
    await this.ask({ risks: true });
    if (this.state && this.state.made < wanted && this.edits.length === wanted) {
      this.edits.pop();
      return false;
    }
    this.undone = [];
    this.tell();
    return true;
  }

  async undo() {
    if (!this.edits.length) return;
    this.undone.push(this.edits.pop());
    await this.ask({ risks: true });
  }

  async redo() {
    if (!this.undone.length) return;
    this.edits.push(this.undone.pop());
    await this.ask({ risks: true });
  }

  /** Ask for the state of all changes; while an answer is awaited only the last wish is kept. */
  async ask({ risks = false } = {}) {
    if (this.asking) {
      this.again = { risks: risks || Boolean(this.again?.risks) };
      return this.waiting;
    }
    this.asking = true;
    this.waiting = this.askUntilQuiet(risks);
    return this.waiting;
  }

  async askUntilQuiet(risks) {
    for (let wish = { risks }; wish; ) {
      this.again = null;
      await this.askOnce(wish.risks);
      wish = this.again;
    }
    this.asking = false;
    this.tell();
  }

  async askOnce(risks) {
    const edits = this.proposed ? [...this.edits, this.proposed] : this.edits;
    try {
      const { status, body } = await fetchState(edits, this.index, risks);
      this.lost = false;
      if (status !== 200) {
        this.refused = body?.problem ?? null;
        return;
      }
      const former = this.state?.risks;
      this.state = body;
      this.state.risks ??= former;
      this.base ??= body;
      this.refused = body.refused;
    } catch {
      this.lost = true;
    }
    this.tell();
  }

  moveTo(point) {
    for (const [plane, across] of [["sagittal", 0], ["coronal", 1], ["transverse", 2]]) {
      const { first_mm, step_mm, count } = this.scene.planes[plane];
      this.index[plane] = Math.min(count - 1, Math.max(0, Math.round((point[across] - first_mm) / step_mm)));
    }
    this.ask();
  }

  turnTo(plane, index) {
    const { count } = this.scene.planes[plane];
    this.index[plane] = Math.min(count - 1, Math.max(0, index));
    this.ask();
  }

  /** Where the three planes meet. */
  get cross() {
    const at = (plane) => this.scene.planes[plane].first_mm + this.index[plane] * this.scene.planes[plane].step_mm;
    return [at("sagittal"), at("coronal"), at("transverse")];
  }

  select(needle, seed = null) {
    this.selected = { needle, seed };
    this.tell();
  }

  needle(number = this.selected.needle) {
    return this.state?.needles.find((each) => each.number === number) ?? null;
  }
}
