"""Every candidate needle with its risk account: a table to read and sort on a screen, and the same as CSV."""

import csv
import io
from collections.abc import Callable
from html import escape

import numpy as np
from jaxtyping import Float

from trocar.messages import Language, Message
from trocar.plan.considered import ConsideredNeedles, Fate
from trocar.plan.structures import spoken_name
from trocar.report.document import in_language, say

Cell = tuple[str, float | None]
"""What is shown, and the number to sort by; None to sort by what is shown."""

FATES = {
    Fate.USED: say("report.needle-used", "in the plan"),
    Fate.OFFERED: say("report.needle-offered", "offered, not used"),
    Fate.ALLOWED: say("report.needle-allowed", "allowed, not chosen"),
    Fate.REFUSED: say("report.needle-refused", "refused"),
}


def needles_csv(considered: ConsideredNeedles) -> str:
    """Return all candidates as comma-separated values, one a line: lengths in mm, angles in degrees."""
    accesses = considered.accesses
    lines = io.StringIO()
    out = csv.writer(lines, lineterminator="\n")
    out.writerow(
        [
            *("candidate", "fate", "needle", "hole", "reason", "target_served_percent", "depth_mm", "in_target_mm"),
            *("beyond_tip_in_target_mm", "skin_angle_deg", "axial_tilt_deg", "spare_mm", "tightest"),
            *(f"distance_mm {name}" for name in accesses.obstacle_names),
            *(f"entered {name}" for name in accesses.limit_names),
            *("entry_x_mm", "entry_y_mm", "entry_z_mm", "tip_x_mm", "tip_y_mm", "tip_z_mm"),
        ]
    )
    for row in range(len(considered)):
        account = accesses.account(row)
        out.writerow(
            [
                row + 1,
                considered.fates[row].value,
                considered.numbers[row] or "",
                accesses.labels[row],
                "; ".join(reason.text() for reason in considered.reasons[row]),
                *_rounded(
                    considered.served_percent[row],
                    account.depth_mm,
                    account.in_target_mm,
                    account.unserved_mm,
                    account.skin_angle_deg,
                    account.axial_tilt_deg,
                ),
                *(_rounded(account.slack_mm) if account.tightest else [""]),
                account.tightest,
                *_rounded(*account.clearance_mm.values()),
                *account.entered.values(),
                *_rounded(*accesses.entries_lps_mm[row], *accesses.tips_lps_mm[row]),
            ]
        )
    return lines.getvalue()


def _rounded(*values: float) -> list[str]:
    return [f"{value:.1f}" for value in values]


def needles_page(considered: ConsideredNeedles, *, language: Language, plan: str) -> str:
    """Return all candidates as one page of HTML that needs nothing else: a click on a column's head sorts by it.

    Parameters
    ----------
    considered
        The candidates.
    language
        Of the page.
    plan
        Label of the plan.
    """

    def told(message: Message) -> str:
        return escape(message.text(language))

    title = say("report.needles-title", "Needles considered for {plan}", plan=plan)
    heads, cells = zip(*_columns(considered, language), strict=True)
    head = "".join(f"<th scope=col><button type=button>{told(each)}</button></th>" for each in heads)
    body = "".join(
        f'<tr class="{considered.fates[row].value}">' + "".join(_cell(column(row)) for column in cells) + "</tr>\n"
        for row in range(len(considered))
    )
    choices = "".join(
        f'<label><input type=checkbox value="{fate.value}" checked> {told(FATES[fate])} ({considered.of(fate)})</label>'
        for fate in Fate
    )
    return _PAGE.format(
        lang="zh-Hans" if language is Language.CHINESE else "en",
        title=told(title),
        account="".join(f"<p>{told(each)}</p>" for each in _account(considered)),
        choices=choices,
        head=head,
        body=body,
    )


def _account(considered: ConsideredNeedles) -> tuple[Message, ...]:
    return (
        say(
            "report.needles-account",
            "{tried} ways were tried, {allowed} of them obey every rule; {shown} are listed. A point of the target is "
            "served if the needle passes within {reach_mm:g} mm of it.",
            tried=considered.tried,
            allowed=considered.allowed,
            shown=len(considered),
            reach_mm=considered.reach_mm,
        ),
        say(
            "report.needles-distances",
            "Distances are those of the needle's surface between skin and tip, rounded towards danger; from "
            "{farthest_mm:.0f} mm on they are not told apart, and below 0 the way crosses the structure. A refused way "
            "is followed to the far border of the target. Click a heading to sort.",
            farthest_mm=considered.farthest_mm,
        ),
    )


def _columns(considered: ConsideredNeedles, language: Language) -> list[tuple[Message, Callable[[int], Cell]]]:
    """Return the heading of each column, and what stands in a row of it."""
    accesses = considered.accesses
    fates = list(Fate)

    def fate(row: int) -> Cell:
        return FATES[considered.fates[row]].text(language), float(fates.index(considered.fates[row]))

    def number(row: int) -> Cell:
        return (
            (str(considered.numbers[row]), float(considered.numbers[row])) if considered.numbers[row] else ("", np.inf)
        )

    def reason(row: int) -> Cell:
        between = "；" if language is Language.CHINESE else "; "
        return between.join(each.text(language) for each in considered.reasons[row]), None

    columns: list[tuple[Message, Callable[[int], Cell]]] = [
        (say("report.needles-fate", "What became of it"), fate),
        (say("report.needles-number", "Needle"), number),
    ]
    if any(accesses.labels):
        columns.append((say("report.needles-hole", "Hole"), lambda row: (accesses.labels[row], None)))
    columns += [
        (say("report.needles-served", "Target served, %"), _numbers(considered.served_percent)),
        (say("report.needles-depth", "Depth, mm"), _numbers(accesses.depth_mm)),
        (say("report.needles-in-target", "In target, mm"), _numbers(accesses.in_target_mm)),
        (say("report.needles-unserved", "Target beyond tip, mm"), _numbers(accesses.unserved_mm)),
        (say("report.needles-skin-angle", "From straight into the skin, °"), _numbers(accesses.skin_angle_deg)),
        (say("report.needles-tilt", "Out of the axial plane, °"), _numbers(accesses.axial_tilt_deg)),
    ]
    if accesses.obstacle_names:
        columns.append((say("report.needles-spare", "Least spare beyond a margin, mm"), _numbers(accesses.slack_mm)))
        tightest = np.argmin(accesses.clearance_mm - np.array(accesses.margins_mm), axis=1)
        columns.append(
            (
                say("report.needles-tightest", "Tightest at"),
                lambda row: (in_language(spoken_name(accesses.obstacle_names[int(tightest[row])]), language), None),
            )
        )
    for n, (name, margin) in enumerate(zip(accesses.obstacle_names, accesses.margins_mm, strict=True)):
        head = say(
            "report.needles-distance", "{name}, mm (margin {margin_mm:g})", name=spoken_name(name), margin_mm=margin
        )
        columns.append((head, _numbers(np.maximum(accesses.clearance_mm[:, n], -0.1))))
    for n, name in enumerate(accesses.limit_names):
        head = say("report.needles-entered", "Times into {name}", name=name)
        columns.append((head, _numbers(accesses.entered[:, n].astype(np.float64), digits=0)))
    return [*columns, (say("report.needles-why", "Why not"), reason)]


def _numbers(values: Float[np.ndarray, " n"], *, digits: int = 1) -> Callable[[int], Cell]:
    return lambda row: (f"{values[row]:.{digits}f}", float(values[row]))


def _cell(cell: Cell) -> str:
    text, key = cell
    if key is None:
        return f"<td>{escape(text)}</td>"
    return f'<td class=n data-k="{key:.4f}">{escape(text)}</td>'


_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 14px/1.4 "Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 1rem; color: #1b1f24; }}
h1 {{ font-size: 1.25rem; }} p {{ max-width: 60rem; margin: .3rem 0; }}
label {{ margin-right: 1.2rem; }}
.frame {{ overflow: auto; max-height: 80vh; border: 1px solid #c9ced6; margin-top: .6rem; }}
table {{ border-collapse: collapse; }}
td {{ padding: .15rem .5rem; border-bottom: 1px solid #e5e8ec; vertical-align: top; white-space: nowrap; }}
td:last-child {{ min-width: 22rem; white-space: normal; }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums; }} td:first-child {{ text-align: left; }}
th {{ position: sticky; top: 0; background: #eef1f5; vertical-align: bottom; padding: 0; }}
th button {{ all: unset; cursor: pointer; padding: .3rem .5rem; font-weight: 600; max-width: 9rem; display: block; }}
th button:focus-visible {{ outline: 2px solid #0b57a4; }}
th[aria-sort=ascending] button::after {{ content: " ▲"; }} th[aria-sort=descending] button::after {{ content: " ▼"; }}
tr.used td {{ background: #e3f2e6; }} tr.refused td {{ color: #6b4a46; }}
</style></head><body>
<h1>{title}</h1>
{account}
<p>{choices}</p>
<div class="frame" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>
{body}</tbody></table></div>
<script>
const body = document.querySelector("tbody"), heads = [...document.querySelectorAll("th")];
const key = (row, n) => {{ const c = row.cells[n]; return "k" in c.dataset ? Number(c.dataset.k) : c.textContent; }};
heads.forEach((head, n) => head.firstChild.addEventListener("click", () => {{
  const down = head.getAttribute("aria-sort") === "ascending";
  heads.forEach(each => each.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const order = (a, b) => a < b ? -1 : a > b ? 1 : 0;
  body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * order(key(a, n), key(b, n))));
}}));
document.querySelectorAll("input").forEach(box => box.addEventListener("change", () => {{
  for (const row of body.rows) if (row.className === box.value) row.hidden = !box.checked;
}}));
</script></body></html>
"""
