"""What a verification's report tells of seeds: on slices, one by one, and those that a person must decide."""

from collections.abc import Iterator

import numpy as np

from trocar.report.document import Align, Block, Column, Facts, Heading, Picture, Table, Text, say
from trocar.report.pictures import Paper
from trocar.report.slices import isodose_levels
from trocar.report.verification_pictures import (
    ShownImplant,
    crops_picture,
    displacements_picture,
    implant_slices_picture,
)
from trocar.report.verified_case import VerifiedCase
from trocar.results.verification import Fate

SHOWN_PERCENTS = (50.0, 100.0, 150.0, 200.0)
MOST_CROPS = 24


def slice_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    """Yield the implant on slices of the scan."""
    shown = ShownImplant(
        scan=case.scan.volume,
        dose=case.dose,
        levels=isodose_levels(SHOWN_PERCENTS, reference_gy=case.reference_gy),
        structures=case.structures,
        seen_lps_mm=np.array([seed.position_lps_mm for seed in case.seen]),
        planned_lps_mm=np.array([seed.position_lps_mm for seed in case.planned.seeds]),
    )
    yield Heading(text=say("report.verify-slices", "The implant on the CT"), new_page=True)
    yield Picture(
        data=implant_slices_picture(shown, paper=paper),
        suffix="svg",
        alternative=say(
            "report.verify-slices-alternative", "Slices with isodose lines, outlines, seen and planned seeds."
        ),
        caption=say(
            "report.verify-slices-caption",
            "Isodose lines of the implanted seeds. Dots: seeds seen within 2.5 mm of the plane; rings: planned places.",
        ),
        name="slices",
    )


def seed_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    """Yield the comparison seed by seed."""
    comparison = case.comparison
    yield Heading(text=say("report.verify-seeds", "Seed by seed"), new_page=True)
    yield Facts(
        rows=(
            (say("report.verify-paired", "Paired"), str(len(comparison.pairs))),
            (say("report.verify-missing", "Planned, not seen"), str(len(comparison.missing))),
            (say("report.verify-extra", "Seen, not planned"), str(len(comparison.extra))),
            (say("report.verify-migrated", "Migrated"), str(len(comparison.migrated))),
            (
                say("report.verify-distance", "Distance median / largest"),
                f"{comparison.median_mm:.1f} / {comparison.largest_mm:.1f} mm",
            ),
            (
                say("report.verify-shift", "Common shift L, P, H"),
                ", ".join(f"{part:+.1f}" for part in comparison.shift_lps_mm) + " mm",
            ),
        )
    )
    if comparison.pairs:
        yield Picture(
            data=displacements_picture(np.array([p.displacement_lps_mm for p in comparison.pairs]), paper=paper),
            suffix="svg",
            alternative=say("report.verify-displacements-alternative", "Displacement of every paired seed."),
            caption=say(
                "report.verify-displacements-caption",
                "Where each seed lies from its planned place; rings at 5, 10 and 15 mm, the cross is the median.",
            ),
            width_percent=80,
            name="displacements",
        )
    yield _seed_table(case)


_FATES = {
    Fate.MATCHED: say("report.fate-matched", "paired"),
    Fate.EXTRA: say("report.fate-extra", "extra"),
    Fate.MIGRATED: say("report.fate-migrated", "migrated"),
    Fate.MISSING: say("report.fate-missing", "not seen"),
}


def _seed_table(case: VerifiedCase) -> Table:
    pairs = {pair.seen: pair for pair in case.comparison.pairs}
    rows: list[tuple[Text, ...]] = []
    for number, seed in enumerate(case.seen):
        fate = case.comparison.fate_of_seen(number)
        pair = pairs.get(number)
        rows.append(
            (
                str(number + 1),
                *(f"{part:.1f}" for part in seed.position_lps_mm),
                f"{seed.position_sd_mm:.2f}",
                f"{seed.confidence:.2f}",
                str(pair.planned + 1) if pair else "–",
                f"{pair.distance_mm:.1f}" if pair else "–",
                _FATES[fate],
            )
        )
    for missing in case.comparison.missing:
        place = case.planned.seeds[missing].position_lps_mm
        rows.append(("–", *(f"{part:.1f}" for part in place), "–", "–", str(missing + 1), "–", _FATES[Fate.MISSING]))
    right = Align.RIGHT
    return Table(
        columns=(
            Column(head=say("report.verify-seed-number", "No."), align=right),
            *(Column(head=f"{axis} (mm)", align=right) for axis in "xyz"),
            Column(head=say("report.verify-fit-sd", "Fit ± (mm)"), align=right),
            Column(head=say("report.verify-confidence", "Confidence"), align=right),
            Column(head=say("report.verify-planned-number", "Planned no."), align=right),
            Column(head=say("report.verify-off", "Off (mm)"), align=right),
            Column(head=say("report.verify-fate", "Fate"), share=1.0),
        ),
        rows=tuple(rows),
        compact=True,
        strong_rows=tuple(n for n, row in enumerate(rows) if row[-1] is not _FATES[Fate.MATCHED]),
    )


def crop_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    """Yield pictures of what a person must decide."""
    unsure = [
        (f"{n + 1}", seed) for n, seed in enumerate(case.seen) if case.comparison.fate_of_seen(n) is Fate.MIGRATED
    ]
    unsure += [(f"D{n + 1}", seed) for n, seed in enumerate(case.doubtful)]
    if not unsure:
        return
    yield Heading(text=say("report.verify-crops", "To be decided by a person"))
    yield Picture(
        data=crops_picture(case.scan.volume, tuple(unsure[:MOST_CROPS]), paper=paper),
        suffix="svg",
        alternative=say("report.verify-crops-alternative", "Crops about each doubtful or migrated seed."),
        caption=say(
            "report.verify-crops-caption",
            "Axial and coronal crops, 28 mm wide, with the line that was fitted and its confidence; D: doubtful, not "
            "counted.",
        ),
        name="crops",
    )
