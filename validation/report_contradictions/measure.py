"""Run the checks over labelled reports and count what was found, missed and found without being there.

python validation/report_contradictions/measure.py
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from trocar.assess.check import assess_document

HERE = Path(__file__).parent
SETS = ("reports", "reports_second", "reports_open", "reports_blind", "reports_third", "reports_fourth")


@dataclass
class Tally:
    """Right, missed and unlabelled findings, by check."""

    right: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    unlabelled: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Share of the findings that were labelled."""
        return self.right.total() / max(self.right.total() + self.unlabelled.total(), 1)

    @property
    def recall(self) -> float:
        """Share of the labels that were found."""
        return self.right.total() / max(self.right.total() + self.missed.total(), 1)


def measured(folder: Path) -> Tally:
    """Return the tally over the labelled reports of a folder.

    A label is a check, or a check with words that one of its quoted sentences must hold; each such word is a label of
    its own. A finding is unlabelled where its check bears no label for the report.
    """
    tally = Tally()
    labels = yaml.safe_load((folder / "expected.yaml").read_text("utf-8"))
    for name, expected in labels.items():
        found = assess_document((folder / name).read_bytes(), name=name).contradictions
        quoted: dict[str, str] = {}
        for each in found:
            quoted[each.check] = quoted.get(each.check, "") + "\n".join(quote.text for quote in each.quotes)
        wanted = expected if isinstance(expected, dict) else dict.fromkeys(expected, ())
        for check, words in wanted.items():
            for word in words or ("",):
                (tally.right if check in quoted and word in quoted[check] else tally.missed)[check] += 1
        tally.unlabelled.update(check for check in quoted if check not in wanted)
    return tally


def by_check(tally: Tally) -> str:
    """Return a line a check: found of labelled, and unlabelled."""
    checks = sorted({*tally.right, *tally.missed, *tally.unlabelled})
    return "\n".join(
        f"    {check:<28} {tally.right[check]:>2} of {tally.right[check] + tally.missed[check]:>2}, "
        f"unlabelled {tally.unlabelled[check]}"
        for check in checks
    )


if __name__ == "__main__":
    for each in SETS:
        tally = measured(HERE / each)
        print(
            f"{each}: precision {tally.precision:.3f}, recall {tally.recall:.3f} "
            f"({tally.right.total()} right, {tally.missed.total()} missed, {tally.unlabelled.total()} unlabelled)"
        )
        print(by_check(tally))
