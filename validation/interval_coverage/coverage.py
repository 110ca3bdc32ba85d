"""How often a verification's intervals hold the truth: `python validation/interval_coverage/coverage.py`."""

import argparse
from dataclasses import replace
from datetime import datetime

import numpy as np

from trocar.dose.base import Formalism, Method, source_terms
from trocar.dose.points import dose_at_points
from trocar.evaluate.uncertainty import (
    ErrorSample,
    ErrorSizes,
    SeedErrors,
    drawn_metrics,
    interval_about,
    metrics_of,
)
from trocar.plan.patient import Patient
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength
from trocar.workflow.verify_errors import DRAWS, TARGET_POINTS, error_budget

RADIUS_MM, PITCH_MM, PLACING_MM = (13.0, 20.0), (7.5, 10.0), 1.5
"""Target's radius and distance of seeds, drawn evenly; and how far seeds lie from their lattice, each axis."""

D90_GY = (105.0, 160.0)
"""True D90, drawn evenly: all strengths are scaled so."""

TRUTH_POINTS, MARGIN_MM, REFERENCE_GY = 60_000, 20.0, 120.0
METRICS = ("D90", "V100", "V150", "V200", "Dmean", "D100", "CI", "EI", "HI", "D0.1cc", "D2cc")
AT = datetime(2026, 3, 2, 9)


def implant(radius_mm: float, pitch_mm: float, rng: np.random.Generator) -> ImplantPlan:
    """Return seeds on a lattice in a ball, each some way off."""
    steps = np.arange(-3, 4) * pitch_mm
    lattice = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    places = lattice[np.linalg.norm(lattice, axis=1) < radius_mm - 2.0] + 0.25 * pitch_mm
    strength = Strength(s_k_u=1.0, reference_at=AT)
    seeds = tuple(
        Seed(
            position_lps_mm=place + rng.normal(0.0, PLACING_MM, 3),
            axis_lps=np.array([0.0, 0.0, 1.0]),
            source_model="I125_6711",
            strength=strength,
        )
        for place in places
    )
    return ImplantPlan(
        label="coverage",
        patient=Patient(identifier="MADE-UP", name="MADE-UP"),
        frame_uid="1.2.3",
        implant_at=AT,
        seeds=seeds,
        prescription=Prescription(dose_gy=REFERENCE_GY, target="ball"),
    )


def points_about(centre: np.ndarray, radius_mm: float, count: int, rng: np.random.Generator) -> ErrorSample:
    """Return points in and about a ball with their signed distances."""
    low, high = centre - radius_mm - MARGIN_MM, centre + radius_mm + MARGIN_MM
    points = rng.uniform(low, high, (count, 3))
    return ErrorSample(
        points_lps_mm=points,
        outside_mm=np.linalg.norm(points - centre, axis=1) - radius_mm,
        point_cc=float(np.prod(high - low)) / 1e3 / count,
        is_target=True,
    )


def held(case: int) -> dict[str, bool]:
    """Return, for one made-up implant that was seen, drawn and measured with errors, which intervals hold the truth."""
    rng = np.random.default_rng([2026, case])
    budget = error_budget()
    size = {number.key: number.value for number in budget.numbers}
    radius = rng.uniform(*RADIUS_MM)
    true = implant(radius, rng.uniform(*PITCH_MM), rng)
    count = len(true.seeds)
    off = rng.normal(0.0, size["localisation"], (count, 3))
    seen = replace(
        true,
        seeds=tuple(replace(s, position_lps_mm=s.position_lps_mm + o) for s, o in zip(true.seeds, off, strict=True)),
    )
    (term,) = source_terms(seen)
    scale = 1.0

    def dose_at(points: np.ndarray, errors: SeedErrors) -> np.ndarray:
        moved = replace(
            term,
            positions_lps_mm=term.positions_lps_mm + errors.offsets_mm,
            weight_u_h=scale * term.weight_u_h * errors.factors,
        )
        return dose_at_points((moved,), points, formalism=Formalism.LINE_2D, method=Method.TABULATED)

    factors = (1.0 + 0.01 * size["strength"] * rng.standard_normal()) * (
        1.0 + 0.01 * size["seed_strength"] * rng.standard_normal(count)
    )
    drawn_at = rng.normal(0.0, size["registration"], 3)
    drawn_radius = radius + rng.normal(0.0, size["contouring"])
    there = points_about(np.zeros(3), radius, TRUTH_POINTS, rng)
    true_dose = dose_at(there.points_lps_mm, SeedErrors(offsets_mm=-off, factors=factors))
    scale = rng.uniform(*D90_GY) / float(np.percentile(true_dose[there.outside_mm < 0.0], 10.0))
    truth = metrics_of(there, scale * true_dose, margin_mm=0.0, reference_gy=REFERENCE_GY)
    still = SeedErrors(offsets_mm=np.zeros((count, 3)), factors=np.ones(count))
    drawn = points_about(drawn_at, drawn_radius, TRUTH_POINTS, rng)
    found = metrics_of(drawn, dose_at(drawn.points_lps_mm, still), margin_mm=0.0, reference_gy=REFERENCE_GY)
    (departures,) = drawn_metrics(
        [points_about(drawn_at, drawn_radius, TARGET_POINTS, rng)],
        dose_at,
        sizes=[
            ErrorSizes(
                registration_mm=size["registration"],
                contouring_mm=size["contouring"],
                strength=0.01 * size["strength"],
                seed_strength=0.01 * size["seed_strength"],
            )
        ],
        seed_sd_mm=np.full(count, size["localisation"]),
        reference_gy=REFERENCE_GY,
        draws=DRAWS,
        rng=rng,
    )
    holds = {}
    for name in METRICS:
        low, high = interval_about(found[name], departures, name)
        holds[name] = low <= truth[name] <= high
    return holds


def main() -> None:
    """Print a row a metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100)
    cases = parser.parse_args().cases
    held_by_case = [held(case) for case in range(cases)]
    print(f"| metric | truth within its interval, of {cases} |\n|---|---|")
    for name in METRICS:
        print(f"| {name} | {sum(each[name] for each in held_by_case)} |")


if __name__ == "__main__":
    main()
