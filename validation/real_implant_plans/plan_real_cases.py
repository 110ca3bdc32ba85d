"""Plan the real cases through the command line and print what came of them.

Run from the root of the checkout: ``python validation/real_implant_plans/plan_real_cases.py [--out FOLDER] [CASE]``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from dense_sampler import clearance_mm, densest_hu
from real_cases import CASES, RealCase

from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures

DATA = Path(__file__).parents[3] / "shared" / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the command line made of a case."""

    case: RealCase
    out: Path
    told: dict[str, Any]
    seconds: float
    images: Path
    structures: Path


def plan(case: RealCase, data: Path, out: Path) -> Planned:
    """Return a case planned by ``trocar plan``."""
    images, structures = case.prepare(data / case.published, out / f"{case.name}-input")
    folder = out / case.name
    command = [
        sys.executable,
        "-c",
        "from trocar.cli.main import main; main()",
        "plan",
        str(case.request),
        "--images",
        str(images),
    ]
    command += ["--structures", str(structures), "--out", str(folder), "--replace", "--lang", "en"]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{case.name}: {done.stdout}\n{done.stderr}")
    told = json.loads((folder / "trocar.json").read_text(encoding="utf-8"))
    return Planned(case=case, out=folder, told=told, seconds=seconds, images=images, structures=structures)


def margins_kept(planned: Planned) -> dict[str, tuple[float, float]]:
    """Return for each drawn obstacle the least distance from any needle's surface, and the margin asked for."""
    request = tomllib.loads(planned.case.request.read_text(encoding="utf-8"))
    image = read_image(planned.images).value
    structures = read_structures(planned.structures, image=image).value
    needles = [(np.array(n["entry_lps_mm"]), np.array(n["tip_lps_mm"])) for n in planned.told["needle_list"]]
    slice_mm = image.volume.grid.spacing_ijk_mm[2]
    kept = {}
    for name, margin in request["needles"]["obstacles"].items():
        polygons = [contour.points_lps_mm for contour in structures.named(name).closed_contours]
        nearest = min(clearance_mm(entry, tip, polygons, slice_mm=slice_mm) for entry, tip in needles)
        kept[name] = (nearest - request["needles"]["needle_radius_mm"], float(margin))
    return kept


def densest(planned: Planned) -> tuple[float, float] | None:
    """Return the densest HU within the margin of any needle's surface, and what counts as bone; None where unasked."""
    request = tomllib.loads(planned.case.request.read_text(encoding="utf-8"))
    bone = request["needles"].get("bone")
    if bone is None:
        return None
    volume = read_image(planned.images).value.volume
    radius = request["needles"]["needle_radius_mm"]
    found = [
        densest_hu(
            np.array(each["entry_lps_mm"]),
            np.array(each["tip_lps_mm"]),
            volume.values_kji,
            origin=volume.grid.origin_lps_mm,
            steps=volume.grid.steps_lps_mm,
            radii_mm=(radius, radius + bone["margin_mm"]),
        )
        for each in planned.told["needle_list"]
    ]
    return max(found), float(bone["threshold_hu"])


def row(planned: Planned) -> str:
    """Return one row of the table."""
    told = planned.told
    goals = ", ".join(f"{g['goal'].split(' ', 1)[1]}: {g['value']:.1f}" for g in told["goals"])
    kept = margins_kept(planned)
    tightest = min(kept, key=lambda name: kept[name][0] - kept[name][1])
    nearest, margin = kept[tightest]
    bone = densest(planned)
    densest_told = "–" if bone is None else f"{bone[0]:.0f} of {bone[1]:.0f}"
    return (
        f"| {planned.case.name} | {told['needles']} | {told['seeds']} | {goals} "
        f"| {told['robustness']['probability_d90_reaches_prescription']:.2f} | {tightest}: {nearest:.1f} of {margin:g} "
        f"| {densest_told} | {planned.seconds:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("cases", nargs="*")
    given = parser.parse_args()
    chosen = [case for case in CASES if not given.cases or case.name in given.cases]
    with tempfile.TemporaryDirectory() as spare:
        out = given.out or Path(spare)
        print("| case | needles | seeds | goals | D90 kept | tightest margin (mm) | densest (HU) | s |")
        print("|---|---|---|---|---|---|---|---|")
        for case in chosen:
            print(row(plan(case, DATA, out)), flush=True)


if __name__ == "__main__":
    main()
