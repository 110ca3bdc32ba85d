// Tables beside the pictures: goals, needles, structures. Text is set as text, never as markup.

import { say, spoken } from "./words.js";
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

/** What the plan is worth when needles err, and to tissues; `worth` is null before it was asked for. */
export function showWorth(place, worth, { old }) {
  if (!worth) return place.replaceChildren();
  const parts = old ? [element("p", say("worth-old"), { class: "poor" })] : [];
  const found = worth.robustness;
  if (found) {
    const spread = (name, unit, value, chance) => row([element("th", name, { scope: "row" }), element("td", `${value.median} ${unit}`), element("td", `${value.low} – ${value.high}`), element("td", chance)]);
    const chances = found.goals.map(({ goal, percent }) => row([element("th", goal, { scope: "row" }), element("td", ""), element("td", ""), element("td", percent.toFixed(1))]));
    parts.push(
      element("p", say("worth-covered", { percent: found.covered_percent, error: found.covered_error, versions: found.versions })),
      element("table", [head([say("quantity"), say("median"), say("range"), say("chance")]), body([spread("D90", "Gy", found.d90_gy, found.covered_percent.toFixed(1)), spread("V100", "%", found.v100_percent, ""), ...chances])]),
    );
    const worst = found.needles[0];
    if (worst?.percent) parts.push(element("p", say("worth-needle", { number: worst.number, percent: worst.percent, gy: worst.without_gy })));
  }
  if (worth.biology.length) {
    const rows = worth.biology.map((each) => row([element("th", `${each.structure} ${each.metric}`, { scope: "row", title: each.tissue[spoken()] }), element("td", each.implant_gy.toFixed(1)), element("td", each.external_gy ? each.external_gy.toFixed(1) : "–"), element("td", each.bed_gy.toFixed(1)), element("td", each.eqd2_gy.toFixed(1))]));
    parts.push(element("table", [head([say("quantity"), say("implant"), say("external"), "BED Gy", "EQD2 Gy"]), body(rows)]));
  }
  place.replaceChildren(...parts);
}

/** Colours come from data; the page's policy allows no style in markup. */
function paint(root) {
  for (const spot of root.querySelectorAll("[data-colour]")) spot.style.background = spot.dataset.colour;
}
