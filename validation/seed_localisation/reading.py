"""A blind reading: `reading.py kit` makes scans to read with the key kept apart, `reading.py score` compares readers.

::

    python validation/seed_localisation/reading.py kit --out KIT --key KEY.json
    python validation/seed_localisation/reading.py score --key KEY.json --kit KIT --reader A=a.csv --reader B=b.csv \
        --reader A2=a-again.csv --out RESULT
"""

import argparse
import csv
import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from pathlib import Path

import numpy as np
from run import SLICES, append, settings
from scenes import SAME_SEED_MM, Kind, Setting, plan_of, scan_of
from scipy.optimize import linear_sum_assignment

from trocar.dicom.image import read_image
from trocar.dicom.image_writer import write_image
from trocar.errors import ImagingError
from trocar.imaging.seeds import find_seeds
from trocar.messages import Language
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.report.pictures import Paper
from trocar.report.verification_pictures import crops_picture
from trocar.results.seeds_seen import FoundSeed, SeedBody, Verdict

FINDER = "finder"
MADE_AT = datetime(2026, 1, 1)
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
DRAWS = 2000
FORM = ("scan", "x_mm", "y_mm", "z_mm")
TOLD = """Read each scan by itself. Mark the centre of every seed, in patient coordinates (LPS) in mm,
a row of marks.csv each. counts.csv says how many seeds were implanted; write the minutes you took beside it. Do not
speak of the scans with the other reader. A week later read those again that counts.csv names, into a new file.
"""

Marks = dict[str, np.ndarray]


def chosen(count: int, rng: np.random.Generator) -> list[Setting]:
    """Return scans, as many of each thickness as can be, of different kinds within a thickness as far as there are."""
    kinds, taken = list(Kind), []
    for n in range(count):
        slice_mm = SLICES[n % len(SLICES)]
        left = [each for each in settings() if each.slice_mm == slice_mm and each not in taken]
        wanted = kinds[(n // len(SLICES) + 2 * (n % len(SLICES))) % len(kinds)]
        left = [each for each in left if each.kind is wanted] or left
        taken.append(left[int(rng.integers(len(left)))])
    return taken


def make_kit(out: Path, key: Path, *, count: int) -> None:
    """Write the scans under random names with the forms, and the key elsewhere."""
    if key.resolve().is_relative_to(out.resolve()):
        raise SystemExit("the key must not lie in the kit: give --key a place that the readers do not see")
    out.mkdir(parents=True)
    secret = secrets.randbits(64)
    rng = np.random.default_rng(secret)
    truth = []
    for number, setting in enumerate(sorted(chosen(count, rng), key=lambda _: rng.random()), start=1):
        name = f"R{number:02d}"
        volume, rods = scan_of(setting)
        uid = _uid(str(secret), name)
        reference = ImageReference(
            study_uid=f"{uid}.1",
            series_uid=f"{uid}.2",
            frame_uid=volume.frame_uid,
            sop_class_uid=CT_IMAGE,
            instance_uids=tuple(f"{uid}.3.{k + 1}" for k in range(volume.grid.shape_kji[0])),
            modality="CT",
        )
        patient = Patient(identifier=name, name=name)
        write_image(
            Image(volume=volume, patient=patient, reference=reference, acquired_at=None), out / name, at=MADE_AT
        )
        truth.append(
            {
                "name": name,
                "scan": setting.name,
                "seeds_lps_mm": np.round([rod.centre_lps_mm for rod in rods], 3).tolist(),
                "planned_lps_mm": np.round(plan_of(setting, rods), 3).tolist(),
            }
        )
        print(name, flush=True)
    again = {each["name"] for each in truth[:: max(len(truth) // 4, 1)][:4]}
    with (out / "counts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("scan", "seeds_implanted", "again", "minutes"))
        writer.writerows((t["name"], len(t["seeds_lps_mm"]), "again" if t["name"] in again else "", "") for t in truth)
    (out / "marks.csv").write_text(",".join(FORM) + "\n", encoding="utf-8")
    (out / "READ-ME.txt").write_text(TOLD, encoding="utf-8")
    key.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def _uid(*parts: str) -> str:
    return f"2.25.{int.from_bytes(hashlib.sha256(' '.join(parts).encode()).digest()[:12], 'big')}"


def marks_of(file: Path, names: set[str]) -> Marks:
    """Return a reader's marks by scan."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    for line, row in enumerate(rows, start=2):
        if row.get("scan") not in names:
            raise SystemExit(f"{file}, line {line}: no scan {row.get('scan')!r} in the key")
    found: dict[str, list[list[float]]] = {}
    for row in rows:
        found.setdefault(row["scan"], []).append([float(row[axis]) for axis in FORM[1:]])
    return {name: np.array(places) for name, places in found.items()}


def pairs_of(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which place of one list is which of another, one to one within `SAME_SEED_MM`, and their distances."""
    distance = np.linalg.norm(one[:, None] - other[None], axis=2)
    a, b = linear_sum_assignment(np.minimum(distance, 10.0))
    near = distance[a, b] < SAME_SEED_MM
    return a[near], b[near], distance[a, b][near]


def counted(marks: Marks, truth: dict[str, np.ndarray]) -> list[dict[str, float]]:
    """Return, a scan each, seeds, marks, right ones and their median distance."""
    rows = []
    for name, places in marks.items():
        right, _, away = pairs_of(truth[name], places)
        rows.append(
            {
                "seeds": len(truth[name]),
                "marked": len(places),
                "right": len(right),
                "median_mm": float(np.median(away)) if len(away) else float("nan"),
            }
        )
    return rows


def rates(rows: list[dict[str, float]]) -> tuple[float, float, float]:
    """Return recall and precision in percent and the median of the scans' median errors."""
    seeds, marked, right = (sum(row[key] for row in rows) for key in ("seeds", "marked", "right"))
    return (
        100.0 * right / max(seeds, 1),
        100.0 * right / max(marked, 1),
        float(np.nanmedian([row["median_mm"] for row in rows])),
    )


def differences(one: Marks, other: Marks, truth: dict[str, np.ndarray]) -> list[tuple[float, float, float]]:
    """Return what one reader has more than another in recall, precision and error, each with its 95 % interval.

    Scans that both read are drawn with replacement.
    """
    both = sorted(set(one) & set(other))
    a, b = (counted({name: marks[name] for name in both}, truth) for marks in (one, other))
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        pick = rng.integers(len(both), size=len(both))
        drawn.append(np.subtract(rates([a[n] for n in pick]), rates([b[n] for n in pick])))
    low, high = np.nanpercentile(drawn, (2.5, 97.5), axis=0)
    middle = np.subtract(rates(a), rates(b))
    return [(float(m), float(x), float(y)) for m, x, y in zip(middle, low, high, strict=True)]


def finder_marks(kit: Path, key: list[dict[str, object]]) -> Marks:
    """Return what the finder marks on the scans of a kit, told the number and the planned places."""
    marks = {}
    for each in key:
        scan = read_image(kit / str(each["name"])).value.volume
        planned = np.array(each["planned_lps_mm"])
        try:
            seen = find_seeds(scan, SeedBody(length_mm=4.5), expected=len(planned), planned_lps_mm=planned).seeds
        except ImagingError:
            seen = ()
        marks[str(each["name"])] = np.array([seed.position_lps_mm for seed in seen]).reshape(-1, 3)
    return marks


def tables(readers: dict[str, Marks], truth: dict[str, np.ndarray]) -> Iterator[str]:
    """Yield the lines of the account."""
    yield "| reader | scans | seeds | recall | precision | median error |"
    yield "|---|---|---|---|---|---|"
    for name, marks in readers.items():
        rows = counted(marks, truth)
        recall, precision, error = rates(rows)
        seeds = sum(int(row["seeds"]) for row in rows)
        yield f"| {name} | {len(rows)} | {seeds} | {recall:.1f} % | {precision:.1f} % | {error:.2f} mm |"
    yield ""
    yield "| difference | recall, points | precision, points | median error, mm |"
    yield "|---|---|---|---|"
    for one, other in combinations(readers, 2):
        if set(readers[one]) & set(readers[other]):
            told = (f"{m:+.2f} ({x:+.2f} to {y:+.2f})" for m, x, y in differences(readers[one], readers[other], truth))
            yield f"| {one} − {other} | {' | '.join(told)} |"
    yield ""
    yield "| between | same seed | only the first | only the second | median distance |"
    yield "|---|---|---|---|---|"
    for one, other in combinations(readers, 2):
        both = set(readers[one]) & set(readers[other])
        pairs = [pairs_of(readers[one][name], readers[other][name]) for name in both]
        same = sum(len(pair[0]) for pair in pairs)
        first, second = (sum(len(readers[who][name]) for name in both) - same for who in (one, other))
        away = np.concatenate([pair[2] for pair in pairs]) if pairs else np.empty(0)
        if len(away):
            yield f"| {one}, {other} | {same} | {first} | {second} | {np.median(away):.2f} mm |"


def write_mistakes(readers: dict[str, Marks], truth: dict[str, np.ndarray], kit: Path, out: Path) -> None:
    """List every seed missed or invented by anybody, and draw them, a file a scan."""
    for name, true in truth.items():
        wrong: list[tuple[str, str, np.ndarray]] = []
        for reader, marks in readers.items():
            if name in marks:
                right, own, _ = pairs_of(true, marks[name])
                wrong += [(reader, "missed", place) for place in np.delete(true, right, axis=0)]
                wrong += [(reader, "invented", place) for place in np.delete(marks[name], own, axis=0)]
        if wrong:
            append(
                out / "mistakes.csv",
                [
                    {"scan": name, "reader": who, "what": what, **dict(zip(FORM[1:], np.round(p, 2), strict=True))}
                    for who, what, p in wrong
                ],
            )
            scan = read_image(kit / name).value.volume
            shown = tuple((f"{who}: {what}", _shown(place)) for who, what, place in wrong[:24])
            (out / f"{name}.svg").write_bytes(crops_picture(scan, shown, paper=Paper(language=Language.ENGLISH)))


def _shown(place: np.ndarray) -> FoundSeed:
    return FoundSeed(
        position_lps_mm=place,
        axis_lps=np.array([0.0, 0.0, 1.0]),
        confidence=0.0,
        verdict=Verdict.DOUBTFUL,
        position_sd_mm=0.0,
        cluster=0,
        mass_ratio=1.0,
        explained=0.0,
        axis_sd_deg=90.0,
    )


def score(key: Path, kit: Path, given: list[str], out: Path) -> None:
    """Write and print the account of some readers and of the finder."""
    truths = json.loads(key.read_text(encoding="utf-8"))
    truth = {each["name"]: np.array(each["seeds_lps_mm"]) for each in truths}
    readers = {}
    for each in given:
        name, _, file = each.partition("=")
        readers[name] = marks_of(Path(file), set(truth))
    readers[FINDER] = finder_marks(kit, truths)
    out.mkdir(parents=True)
    account = "\n".join(tables(readers, truth))
    (out / "account.md").write_text(account + "\n", encoding="utf-8")
    write_mistakes(readers, truth, kit, out)
    print(account)


def main() -> None:
    """Make a kit, or score what was read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    kit = verbs.add_parser("kit", help="make scans to read")
    kit.add_argument("--out", type=Path, required=True, help="new folder for the readers")
    kit.add_argument("--key", type=Path, required=True, help="file for the truth, outside of it")
    kit.add_argument("--scans", type=int, default=12)
    scored = verbs.add_parser("score", help="compare readers, the finder and the truth")
    scored.add_argument("--key", type=Path, required=True)
    scored.add_argument("--kit", type=Path, required=True)
    scored.add_argument("--reader", action="append", default=[], metavar="NAME=FILE")
    scored.add_argument("--out", type=Path, required=True, help="new folder for the account")
    asked = parser.parse_args()
    if asked.verb == "kit":
        make_kit(asked.out, asked.key, count=asked.scans)
    else:
        score(asked.key, asked.kit, asked.reader, asked.out)


if __name__ == "__main__":
    main()
