// The page: brings views, tables and buttons together.

import { beginSaving, fetchSaving, fetchScene, fetchWorth, tryWorth } from "./api.js";
import { depthOf, direction, dot, minus, nearestHole, plus, times } from "./geometry.js";
import { Histogram } from "./histogram.js";
import { showGoals, showNeedles, showStructures, showWorth } from "./panels.js";
import { Slice } from "./slice.js";
import { Space } from "./space.js";
import { Store } from "./store.js";
import { say, speak, spoken, told, told as toldWords } from "./words.js";

const WINDOWS = { soft: [40, 400], lung: [-600, 1500], bone: [400, 1800] };
const by = (id) => document.getElementById(id);
const BUTTONS = ["undo", "redo", "add-seed", "drop-seed", "add-needle", "remove-needle", "help-button", "language", "save", "worth-button"];

function label(store) {
  document.documentElement.lang = spoken() === "zh" ? "zh-Hans" : "en";
  document.title = `${say("workspace")} · Trocar`;
  for (const part of document.querySelectorAll("[data-words]")) part.textContent = say(part.dataset.words);
  for (const part of document.querySelectorAll("[data-label]")) part.setAttribute("aria-label", say(part.dataset.label));
  for (const id of BUTTONS) by(id).textContent = say(id);
  for (const plane of ["transverse", "coronal", "sagittal", "space", "histogram"]) by(plane).setAttribute("aria-label", say(plane));
  by("help").innerHTML = say("help"); // our own words, no data in them
  for (const option of by("window").options) option.textContent = say(option.value);
  if (store) {
    by("label").textContent = `${store.scene.label} · ${say("prescription")} ${store.scene.prescription_gy} Gy`;
    store.tell();
  }
}

class Hints {
  constructor(store, slices) {
    Object.assign(this, { store, slices, panning: false, placing: null, remarked: "" });
  }

  remark(text) {
    this.remarked = text;
    showStatus(this.store, this);
  }

  under(found, event) {
    const canvas = event?.target;
    if (canvas) canvas.style.cursor = this.placing ? "crosshair" : found?.kind === "seed" ? "grab" : found?.kind === "tip" ? "move" : found ? "pointer" : "default";
    const needle = found?.needle;
    const seed = found?.seed;
    const text = !needle ? "" : seed
      ? `${say("needle")} ${needle.hole || needle.number} · ${say("seed")} ${seed.seed} · ${seed.depth_mm.toFixed(1)} mm · ${seed.s_k_u.toFixed(3)} U`
      : `${say("needle")} ${needle.hole || needle.number} · ${needle.depth_mm.toFixed(1)} mm`;
    if (text !== this.remarked) this.remark(text);
  }

  windowed(window) {
    for (const slice of this.slices) {
      slice.window = window;
      slice.draw();
    }
  }

  addSeed(needle, depth) {
    const half = Math.round(depth * 2) / 2;
    this.store.make({ do: "add", needle, depth_mm: half, stock: Number(by("stock").value) });
  }

  /** Two clicks, entry and tip; one where a template says where needles enter. */
  placeNeedle() {
    const { template } = this.store.scene;
    const entries = [];
    this.remark(say(template ? "needle-hole" : "needle-entry"));
    this.placing = async (point) => {
      if (template) {
        this.placing = null;
        await this.store.make({ do: "add-needle", ...this.throughHole(point, template) });
        return;
      }
      entries.push(point);
      if (entries.length === 1) {
        this.remark(say("needle-tip"));
        return;
      }
      this.placing = null;
      await this.store.make({ do: "add-needle", entry_lps_mm: entries[0], tip_lps_mm: entries[1] });
    };
  }

  /** The way through the nearest hole to a tip, entering as deep as the needles there are. */
  throughHole(point, template) {
    const hole = nearestHole(point, template);
    const along = template.direction_lps;
    const depth = (lps) => dot(minus(lps, hole.lps_mm), along);
    const entries = this.store.state.needles.map((needle) => depth(needle.entry_lps_mm));
    const on = (mm) => plus(hole.lps_mm, times(along, mm));
    return { entry_lps_mm: on(Math.min(...entries)), tip_lps_mm: on(depth(point)) };
  }
}

function showStatus(store, hints) {
  const line = by("told");
  const text = store.lost ? say("lost") : store.refused ? say("refused") + told(store.refused) : hints.remarked || (store.edits.length ? say("made", { n: store.edits.length }) : "");
  line.textContent = text;
  line.className = store.refused || store.lost ? "bad" : "";
}

function buttons(store, hints) {
  const chosen = (then) => () => {
    if (store.selected.needle === null) hints.remark(say("no-needle"));
    else then(store.needle());
  };
  by("undo").onclick = () => store.undo();
  by("redo").onclick = () => store.redo();
  by("add-seed").onclick = chosen((needle) => hints.addSeed(needle.number, depthOf(needle, store.cross)));
  by("drop-seed").onclick = () => dropSeed(store, hints);
  by("add-needle").onclick = () => hints.placeNeedle();
  by("remove-needle").onclick = chosen((needle) => {
    store.select(null);
    store.make({ do: "remove-needle", needle: needle.number });
  });
  by("window").onchange = () => hints.windowed(WINDOWS[by("window").value]);
  by("language").onclick = () => {
    speak(spoken() === "zh" ? "en" : "zh");
    label(store);
  };
  by("help-button").onclick = () => {
    by("help").hidden = !by("help").hidden;
    by("help-button").setAttribute("aria-expanded", String(!by("help").hidden));
  };
  by("save").onclick = () => save(store, hints);
  by("worth-button").onclick = () => tryOut(store);
}

function dropSeed(store, hints) {
  const { needle, seed } = store.selected;
  if (seed === null) {
    hints.remark(say("no-seed"));
    return;
  }
  store.select(needle);
  store.make({ do: "drop", needle, seed });
}

/** Arrow keys slide the selected seed along its needle. */
async function nudge(store, by_mm) {
  const { needle: number, seed } = store.selected;
  if (seed === null) return;
  const needle = store.needle(number);
  const depth = needle?.seeds.find((each) => each.seed === seed)?.depth_mm;
  if (depth === undefined || !(await store.make({ do: "slide", needle: number, seed, by_mm }))) return;
  // A seed that passed another would change its number; it keeps being the selected one.
  const now = store.needle(number).seeds.reduce((a, b) => (Math.abs(b.depth_mm - depth - by_mm) < Math.abs(a.depth_mm - depth - by_mm) ? b : a));
  store.select(number, now.seed);
}

function keys(store, hints) {
  document.addEventListener("keydown", (event) => {
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const far = event.shiftKey ? 5 : 1;
    const deeds = {
      ArrowUp: () => nudge(store, -far), ArrowLeft: () => nudge(store, -far), ArrowDown: () => nudge(store, far), ArrowRight: () => nudge(store, far),
      Delete: () => dropSeed(store, hints), Backspace: () => dropSeed(store, hints),
      PageUp: () => store.turnTo("transverse", store.index.transverse + 1), PageDown: () => store.turnTo("transverse", store.index.transverse - 1),
      Escape: () => { hints.placing = null; store.select(null); },
    };
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") (event.shiftKey ? store.redo() : store.undo());
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "y") store.redo();
    else if (event.key === " " && event.target.tagName === "CANVAS") hints.panning = true;
    else if (deeds[event.key] && !event.ctrlKey && !event.altKey) deeds[event.key]();
    else return;
    event.preventDefault();
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") hints.panning = false;
  });
}

async function save(store, hints) {
  const count = store.edits.length;
  const { status, body } = await beginSaving(store.edits);
  if (status !== 202) {
    hints.remark(say("not-saved") + (told(body?.problem) || status));
    return;
  }
  by("save").disabled = true;
  for (;;) {
    await new Promise((later) => setTimeout(later, 400));
    let saving;
    try {
      saving = await fetchSaving();
    } catch {
      store.lost = true;
      store.tell();
      continue;
    }
    store.lost = false;
    if (saving.done) {
      if (saving.problem) hints.remark(say("not-saved") + told(saving.problem));
      else {
        store.saved = count;
        hints.remark(say("saved") + saving.result);
      }
      break;
    }
    hints.remark(`${say("saving")}: ${told(saving.stage)} ${Math.round(100 * saving.share)} %`);
  }
  by("save").disabled = false;
}

/** Robustness takes seconds: it is tried when asked for, and says so when the plan has changed since. */
async function tryOut(store) {
  const edits = JSON.stringify(store.edits);
  const progress = by("worth-progress");
  by("worth-button").disabled = true;
  try {
    let { body: told } = await tryWorth(store.edits);
    while (!told.done) {
      progress.textContent = say("worth-running", { share: Math.round(100 * told.share) });
      await new Promise((later) => setTimeout(later, 300));
      told = await fetchWorth();
    }
    if (told.problem || !told.result) progress.textContent = say("worth-failed") + toldWords(told.problem);
    else {
      progress.textContent = "";
      store.worth = { edits, found: JSON.parse(told.result) };
    }
  } catch {
    progress.textContent = say("lost");
  }
  by("worth-button").disabled = false;
  store.tell();
}

async function begin() {
  for (const name of Object.keys(WINDOWS)) by("window").append(new Option(say(name), name));
  label(null);
  by("told").textContent = say("opening");
  const scene = await fetchScene();
  const store = new Store(scene);
  for (const { entry, source_model, s_k_u, lot } of scene.stock) by("stock").append(new Option(`${lot || source_model} ${s_k_u} U`, entry));
  const slices = [];
  const hints = new Hints(store, slices);
  for (const plane of ["transverse", "coronal", "sagittal"]) slices.push(new Slice(by(plane), plane, store, hints));
  new Space(by("space"), store);
  new Histogram(by("histogram"), store);
  store.listen(() => {
    showGoals(by("goals"), store);
    showNeedles(by("needles"), by("count"), store);
    showStructures(by("structures"), store);
    showWorth(by("worth"), store.worth?.found, { old: store.worth?.edits !== JSON.stringify(store.edits) });
    by("worth-part").hidden = !store.scene.worth;
    showStatus(store, hints);
    by("undo").disabled = !store.edits.length;
    by("redo").disabled = !store.undone.length;
    by("save").hidden = document.documentElement.dataset.maySave !== "yes";
  });
  buttons(store, hints);
  keys(store, hints);
  window.trocarWorkspace = { store, slices }; // for whoever looks from the console, and for tests
  window.addEventListener("beforeunload", (event) => {
    if (store.edits.length && store.saved !== store.edits.length) event.preventDefault();
  });
  label(store);
  store.moveTo(targetMiddle(scene));
  await store.ask({ risks: true });
  document.body.dataset.ready = "yes";
}

function targetMiddle(scene) {
  const target = scene.structures.find((each) => each.name === scene.target);
  const points = (target?.outlines_lps_mm ?? []).flat();
  if (!points.length) return times(plus(...scene.box_lps_mm), 0.5);
  const ends = [0, 1, 2].map((axis) => points.reduce(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]));
  return ends.map(([low, high]) => (low + high) / 2);
}

begin();
