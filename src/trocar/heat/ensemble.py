"""`death_probability`: one ablation in many tissues that might be this patient's (U1)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import qmc

from trocar.catalogue.tissues import SPREAD_NAMES, Spread, Tissue
from trocar.errors import HeatError
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import Cancelled, HeatProblem, Progress
from trocar.heat.crew import Crew
from trocar.heat.simulate import Accuracy, simulate
from trocar.results.tissue_death import DeathProbability

MOST_SAMPLES = 100_000
WATER_J_PER_KG_K, DRY_J_PER_KG_K = 4180.0, 1000.0
"""Heat capacity of water, and the least of dry matter: the table's nominal tissues leave 1.0 to 2.4 kJ/(kg K)."""


def sampled_tissue(tissue: Tissue, ranks: dict[str, float]) -> Tissue:
    """Return a tissue whose properties lie at given ranks (0 to 1) of their triangular distributions, equation (U1).

    Heat capacity and water are not free of each other: water holds most of the heat. A tissue drawn with more water
    than its heat capacity bears gets less, so that what stays when the water has boiled off is dry matter (U2).
    """
    changes: dict[str, Any] = {name: _at_rank(getattr(tissue, name), ranks[name]) for name in SPREAD_NAMES}
    capacity, water = changes["heat_capacity_j_per_kg_k"], changes["water_kg_per_kg"]
    most = (capacity.value - DRY_J_PER_KG_K) / (WATER_J_PER_KG_K - DRY_J_PER_KG_K)
    if most < water.value:
        changes["water_kg_per_kg"] = Spread(value=most, low=min(water.low, most), high=water.high)
    return replace(tissue, **changes)


def _at_rank(spread: Spread, rank: float) -> Spread:
    low, mode, high = spread.low, spread.value, spread.high
    if high <= low:
        return spread
    turn = (mode - low) / (high - low)
    if rank < turn:
        value = low + (rank * (high - low) * (mode - low)) ** 0.5
    else:
        value = high - ((1.0 - rank) * (high - low) * (high - mode)) ** 0.5
    return Spread(value=min(max(value, low), high), low=low, high=high)


def sampled_problems(problem: HeatProblem, *, samples: int, seed: int) -> list[HeatProblem]:
    """Return problems that differ by their tissues alone: each tissue's properties sampled by a Latin hypercube.

    The tissues of one sample share no ranks: liver and tumour vary apart.
    """
    tissues = problem.tissue_map.tissues
    ranks = qmc.LatinHypercube(d=len(tissues) * len(SPREAD_NAMES), rng=np.random.default_rng(seed)).random(samples)
    made = []
    for row in ranks:
        parts = row.reshape(len(tissues), len(SPREAD_NAMES))
        drawn = tuple(
            sampled_tissue(tissue, dict(zip(SPREAD_NAMES, part.tolist(), strict=True)))
            for tissue, part in zip(tissues, parts, strict=True)
        )
        made.append(replace(problem, keep_at_s=(), tissue_map=replace(problem.tissue_map, tissues=drawn)))
    return made


def death_probability(
    problem: HeatProblem,
    *,
    samples: int,
    seed: int,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    accuracy: Accuracy | None = None,
) -> DeathProbability:
    """Return how probable death is at each place, over what is not known of the tissue.

    Parameters
    ----------
    problem
        What is simulated; its death model judges every sample.
    samples
        How many tissues are tried; 200 give the probability within 0.07 (two standard errors at one half).
    seed
        Of the random numbers.
    progress
        Told the share of samples done.
    cancelled
        Asked now and then; what is done by then is the answer.
    accuracy
        How finely time is cut; the threads share the samples, one each.

    Raises
    ------
    HeatError
        No sample was asked for, or all were cancelled.
    """
    if not 1 <= samples <= MOST_SAMPLES:
        raise HeatError(
            "heat.samples",
            "an ensemble of {samples} samples was asked for; 1 to {most} are allowed",
            samples=samples,
            most=MOST_SAMPLES,
        )
    stop = cancelled or (lambda: False)
    asked = accuracy or Accuracy()
    threads = Crew(asked.threads).threads
    alone = replace(asked, threads=1)
    tally = np.zeros(problem.tissue_map.grid.shape_kji, dtype=np.float32)
    volumes: list[float] = []
    with ThreadPoolExecutor(max_workers=threads) as pool:
        waiting = [
            pool.submit(_dead_of, each, alone, stop) for each in sampled_problems(problem, samples=samples, seed=seed)
        ]
        for done in as_completed(waiting):
            found = done.result()
            if found is None:
                continue
            tally += found[0]
            volumes.append(found[1])
            if progress is not None:
                progress(len(volumes) / samples)
    return _probability(problem, tally, volumes, asked=samples, seed=seed)


def _dead_of(problem: HeatProblem, accuracy: Accuracy, stop: Callable[[], bool]) -> tuple[np.ndarray, float] | None:
    """Return where one sample is dead and its volume; None if it was cancelled."""
    if stop():
        return None
    try:
        outcome = simulate(problem, cancelled=stop, accuracy=accuracy)
    except HeatError as error:
        if error.code == "heat.cancelled":
            return None
        raise
    return outcome.zone.dead_kji, outcome.zone.volume_cc


def _probability(
    problem: HeatProblem, tally: np.ndarray, volumes: list[float], *, asked: int, seed: int
) -> DeathProbability:
    if not volumes:
        raise HeatError(
            "heat.ensemble-cancelled",
            "the ensemble of {asked} samples was cancelled before the first was done",
            asked=asked,
        )
    labels = problem.tissue_map.labels
    probability = Volume.owning(
        grid=labels.grid,
        values_kji=tally / np.float32(len(volumes)),
        quantity=Quantity.PROBABILITY,
        frame_uid=labels.frame_uid,
    )
    return DeathProbability(
        model=problem.death_model,
        probability=probability,
        volumes_cc=tuple(sorted(volumes)),
        samples=len(volumes),
        asked=asked,
        seed=seed,
    )
