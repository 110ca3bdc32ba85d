"""Run the checks over labelled reports and count what was found, missed and found without being there.

python validation/report_contradictions/measure.py
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from trocar.assess.check import assess_document

HERE = Path(__file__).parent
SETS = ("reports", "reports_second")


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
    """Return the tally over the labelled reports of a folder."""
    tally = Tally()
    labels = yaml.safe_load((folder / "expected.yaml").read_text("utf-8"))
    for name, expected in labels.items():
        found = {each.check for each in assess_document((folder / name).read_bytes(), name=name).contradictions}
        tally.right.update(found & set(expected))
        tally.missed.update(set(expected) - found)
        tally.unlabelled.update(found - set(expected))
    return tally


if __name__ == "__main__":
    for each in SETS:
        tally = measured(HERE / each)
        print(
            f"{each}: precision {tally.precision:.3f}, recall {tally.recall:.3f} "
            f"({tally.right.total()} right, {tally.missed.total()} missed, {tally.unlabelled.total()} unlabelled)"
        )
