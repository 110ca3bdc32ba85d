// Tables beside the pictures: goals, needles, structures. Text is set as text, never as markup.

import { say } from "./words.js";
import { ISODOSE_COLOURS } from "./slice.js";

function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  if (Array.isArray(content)) made.append(...content);
  else made.textContent = content;
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  return made;
}

const row = (cells, attributes = {}) => element("tr", cells, attributes);
const head = (words) => element("thead", [row(words.map((word) => element("th", word, { scope: "col" })))]);
const body = (rows) => element("tbody", rows);

export function showGoals(table, store) {
  const { state, base } = store;
  if (!state) return;
  const rows = state.goals.map((goal, n) => {
    const before = base.goals[n]?.value;
    const colour = store.scene.structures.find((each) => each.name === goal.structure)?.colour ?? "#888";
    return row(
      [
        element("th", [element("i", "", { class: "spot", "data-colour": colour }), `${goal.structure} ${goal.metric} ${goal.comparison} ${goal.limit} ${goal.unit}`], { scope: "row", title: `${say(goal.priority)} · ${goal.reference} (${goal.confidence})` }),
        element("td", goal.value.toFixed(1), { class: goal.met ? "good" : goal.priority === "must" ? "bad" : "poor" }),
        element("td", before === undefined ? "" : before.toFixed(1), { class: "quiet" }),
        element("td", goal.met ? "✓" : "✗", { class: goal.met ? "good" : goal.priority === "must" ? "bad" : "poor" }),
      ],
    );
  });
  table.replaceChildren(head([say("goal"), say("now"), say("before"), ""]), body(rows));
  paint(table);
}

export function showNeedles(table, count, store) {
  const { state } = store;
  if (!state) return;
  count.textContent = say("count", { needles: state.needles.length, seeds: state.seeds });
  const withHoles = Boolean(store.scene.template);
  const rows = state.needles.map((needle) => {
    const risk = state.risks?.[needle.number];
    const nearest = risk?.tightest ? `${risk.tightest} ${risk.clearance_mm[risk.tightest]} mm` : "";
    const pick = element("button", String(needle.number), { type: "button", "aria-pressed": String(store.selected.needle === needle.number), onclick: () => store.select(needle.number) });
    return row(
      [
        element("td", [pick]),
        ...(withHoles ? [element("td", needle.hole)] : []),
        element("td", needle.depth_mm.toFixed(1)),
        element("td", String(needle.seeds.length)),
        element("td", nearest),
      ],
      store.selected.needle === needle.number ? { class: "chosen" } : {},
    );
  });
  const words = [say("number"), ...(withHoles ? [say("hole")] : []), say("depth"), say("seeds"), say("nearest")];
  table.replaceChildren(head(words), body(rows));
}

export function showStructures(list, store) {
  const items = store.scene.structures.map(({ name, colour, margin_mm }) => {
    const box = element("input", "", { type: "checkbox" });
    box.checked = !store.hidden.has(name);
    box.addEventListener("change", () => {
      if (box.checked) store.hidden.delete(name);
      else store.hidden.add(name);
      store.tell();
    });
    const margin = margin_mm === null ? "" : ` ≥ ${margin_mm} mm`;
    return element("li", [element("label", [box, element("i", "", { class: "spot", "data-colour": colour }), name + margin])]);
  });
  const doses = store.scene.isodose_percent.map((percent, n) =>
    element("li", [element("i", "", { class: "spot", "data-colour": ISODOSE_COLOURS[n] }), `${percent} % = ${((percent / 100) * store.scene.prescription_gy).toFixed(0)} Gy`]),
  );
  list.replaceChildren(...items, element("li", say("isodoses"), { class: "heading" }), ...doses);
  paint(list);
}

/** Colours come from data; the page's policy allows no style in markup. */
function paint(root) {
  for (const spot of root.querySelectorAll("[data-colour]")) spot.style.background = spot.dataset.colour;
}
