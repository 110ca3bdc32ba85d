"""The table of a folder of verified cases: for scripts (JSON), for a spreadsheet (CSV), for people (HTML)."""

import csv
import html
import json
from pathlib import Path
from typing import Any

from trocar.messages import Language
from trocar.report.document import in_language, say

TABLE = "verification-table"

HEADS = {
    "case": say("batch.case", "Case"),
    "outcome": say("batch.outcome", "Outcome"),
    "planned": say("batch.planned", "Planned"),
    "seen": say("batch.seen", "Seen"),
    "doubtful": say("batch.doubtful", "Doubtful"),
    "missing": say("batch.missing", "Not seen"),
    "migrated": say("batch.migrated", "Migrated"),
    "median_mm": say("batch.median", "Off, median (mm)"),
    "d90_planned_gy": say("batch.d90-planned", "D90 planned (Gy)"),
    "d90_gy": say("batch.d90", "D90 (Gy)"),
    "d90_low_gy": say("batch.d90-low", "D90 at least (Gy)"),
    "d90_high_gy": say("batch.d90-high", "D90 at most (Gy)"),
    "v100_planned_percent": say("batch.v100-planned", "V100 planned (%)"),
    "v100_percent": say("batch.v100", "V100 (%)"),
    "said": say("batch.said", "What needs action, or why it was refused"),
}
COLUMNS = tuple(HEADS)

OUTCOMES = {
    "done": say("batch.done", "done"),
    "action": say("batch.action", "needs action"),
    "refused": say("batch.refused", "refused"),
    "failed": say("batch.failed", "program error"),
}
COLOURS = {"done": "#e6f4ea", "action": "#fff4d6", "refused": "#fde7e6", "failed": "#fde7e6"}


def row_of(name: str, data: dict[str, Any], *, language: Language) -> dict[str, Any]:
    """Return the row of a verified case."""
    seeds = data["seeds"]
    target = next((each for each in data["structures"] if each["is_target"]), None)
    metrics = {each["name"]: each for each in target["metrics"]} if target else {}
    d90, v100 = metrics.get("D90", {}), metrics.get("V100", {})
    actions = [each for each in data["findings"] if each["severity"] == "action"]
    words = "text_zh" if language is Language.CHINESE else "text"
    return {
        "case": name,
        "outcome": "action" if actions else "done",
        "planned": data["counts"]["planned"],
        "seen": data["counts"]["seen"],
        "doubtful": data["counts"]["doubtful"],
        "missing": len(seeds["missing_planned"]),
        "migrated": sum(each["fate"] == "migrated" for each in seeds["seen"]),
        "median_mm": seeds["median_mm"],
        "d90_planned_gy": d90.get("planned"),
        "d90_gy": d90.get("value"),
        "d90_low_gy": d90.get("low"),
        "d90_high_gy": d90.get("high"),
        "v100_planned_percent": v100.get("planned"),
        "v100_percent": v100.get("value"),
        "said": "; ".join(each.get(words) or each["text"] for each in actions),
    }


def cell(value: object) -> str:
    """Return a cell as people read it."""
    if value is None:
        return "–"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def write_tables(parent: Path, rows: list[dict[str, Any]], *, language: Language) -> None:
    """Write the table beside the cases, in three forms."""
    (parent / f"{TABLE}.json").write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    with (parent / f"{TABLE}.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    (parent / f"{TABLE}.html").write_text(page(rows, language=language), encoding="utf-8")


def page(rows: list[dict[str, Any]], *, language: Language) -> str:
    """Return the table as a page of its own, each case a link to its report."""
    title = in_language(say("batch.title", "Verification of a folder of cases"), language)
    summary = in_language(summary_words(rows), language)
    heads = "".join(f"<th>{html.escape(in_language(head, language))}</th>" for head in HEADS.values())
    body = "\n".join(_line(row, language) for row in rows)
    return f"""<!doctype html>
<html lang="{language.value}"><head><meta charset="utf-8"><title>{html.escape(title)}</title><style>
body {{ font: 14px/1.4 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2em; color: #1b1f23 }}
table {{ border-collapse: collapse }}
th, td {{ padding: .35em .6em; border-bottom: 1px solid #d0d7de; text-align: right; vertical-align: top }}
th {{ font-weight: 600 }}
td:nth-child(-n+2), th:nth-child(-n+2), td:last-child, th:last-child {{ text-align: left }}
</style></head><body>
<h1>{html.escape(title)}</h1>
<p>{html.escape(summary)}</p>
<table><thead><tr>{heads}</tr></thead><tbody>
{body}
</tbody></table></body></html>
"""


def summary_words(rows: list[dict[str, Any]]) -> Any:
    """Return how many cases came out how."""
    counted = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in OUTCOMES}
    return say(
        "batch.summary",
        "{n} cases: {done} done, {action} need action, {refused} refused, {failed} stopped by a program error",
        n=len(rows),
        **counted,
    )


def _line(row: dict[str, Any], language: Language) -> str:
    cells = []
    for name in COLUMNS:
        text = html.escape(cell(row[name]))
        if name == "case" and row["outcome"] in {"done", "action"}:
            link = f"{row['case']}/verification/verification-{language.value}.pdf"
            text = f'<a href="{html.escape(link, quote=True)}">{text}</a>'
        if name == "outcome":
            text = html.escape(in_language(OUTCOMES[row["outcome"]], language))
        cells.append(f"<td>{text}</td>")
    return f'<tr style="background:{COLOURS[row["outcome"]]}">{"".join(cells)}</tr>'
