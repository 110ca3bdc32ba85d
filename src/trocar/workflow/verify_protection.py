"""Radiation protection from the case: the seeds seen, the skin, the decay, the limits of the pack."""

from datetime import date

import numpy as np
from jaxtyping import Float

from trocar.catalogue.sources import Source, load_source
from trocar.dose.decay import strength_at_u
from trocar.dose.tg43 import Formalism, dose_rate_cgy_per_h_per_u
from trocar.errors import ImagingError
from trocar.evaluate.protection import accumulated_msv, air_kerma_rate_ugy_h, hours_a_day
from trocar.geometry.volume import Volume
from trocar.imaging.skin import find_body
from trocar.plan.plan import ImplantPlan
from trocar.results.protection import Contact, Measured, ProtectionEstimate, ProtectionLimit, RateOnDay
from trocar.rules.sourced import SourcedNumber, shipped_numbers

SCHEMA, PACK = "trocar.implant-protection/1", "trocar/implant_protection"
UNITS = {"release": "mSv", "carer": "mSv", "child": "mSv", "public": "mSv", "cremation": "month", "occupancy": "share"}
CREMATION_NUCLIDE = "I-125"
"""The pack's time before cremation is that of this nuclide."""

DAYS = (0.0, 1.0, 7.0, 30.0, 60.0, 120.0, 180.0, 365.0)
DISTANCES_MM = (300.0, 500.0, 1000.0, 2000.0)
CONTACT_LIMITS = ("child", "carer")
WATER_OVER_AIR = 1.02
"""Dose to water over air kerma at 27 to 35 keV, the ratio of mass energy-absorption coefficients (NIST)."""

TABLE_END_MM = 100.0
"""Beyond the tables' last centimetres the transmission falls on at the rate it has there."""

DIRECTIONS, STEP_MM, LONGEST_MM = 160, 2.0, 400.0


def protection_limits() -> dict[str, SourcedNumber]:
    """Return the limits that come with Trocar."""
    return shipped_numbers(PACK, schema=SCHEMA, section="limits", units=UNITS)


def protect_others(
    implanted: ImplantPlan, scan: Volume, *, discharged_after_h: float, measured: Measured | None = None
) -> ProtectionEstimate:
    """Return what an implant gives to people around the patient.

    Parameters
    ----------
    implanted
        The seeds seen.
    scan
        The CT that shows them: its skin is where people begin.
    discharged_after_h
        Hours from the implant until contact begins.
    measured
        A survey reading to lay beside.

    Raises
    ------
    ImagingError
        No skin in sight of the seeds: the scan shows too little of the body.
    """
    source = load_source(implanted.seeds[0].source_model)
    places = np.array([seed.position_lps_mm for seed in implanted.seeds])
    strength = np.array(
        [
            strength_at_u(seed.strength, load_source(seed.source_model).nuclide, at=implanted.implant_at)
            for seed in implanted.seeds
        ]
    )
    exits, ways = _skin_in_sight(np.median(places, axis=0), find_body(scan).occupancy)
    surface = np.array([_rate(places, strength, source, leave, leave) for leave in exits])
    hottest = int(surface.argmax())
    away = {d: _highest_at(places, strength, source, exits, ways, d) for d in DISTANCES_MM}
    life = source.nuclide.mean_life_h
    limits = protection_limits()
    elapsed_h = 0.0 if measured is None else (measured.at - implanted.implant_at).total_seconds() / 3600.0
    left = float(np.exp(-elapsed_h / life))
    vacuum = air_kerma_rate_ugy_h(
        strength,
        np.linalg.norm(exits[hottest] + 1000.0 * ways[hottest] - places, axis=1),
        np.ones(len(strength)),
    )
    through = _rate(places, strength, source, exits[hottest], exits[hottest] + 1000.0 * ways[hottest])
    return ProtectionEstimate(
        nuclide=source.nuclide.name,
        seeds=len(places),
        strength_u=float(strength.sum()),
        depth_mm=float(np.linalg.norm(exits - np.median(places, axis=0), axis=1).min()),
        surface_lps_mm=exits[hottest],
        surface_usv_h=float(surface[hottest]),
        one_metre_usv_h=away[1000.0],
        transmission=through / vacuum,
        rates=tuple(_on_day(day, float(surface[hottest]), away[1000.0], life) for day in DAYS),
        lifetime_one_metre_msv=accumulated_msv(away[1000.0], mean_life_h=life, share=limits["occupancy"].value),
        occupancy=limits["occupancy"].value,
        contacts=tuple(
            Contact(
                limit=_limit(limits[key]),
                distance_mm=distance,
                hours_a_day=hours_a_day(rate, limits[key].value, mean_life_h=life, from_h=discharged_after_h),
            )
            for key in CONTACT_LIMITS
            for distance, rate in away.items()
        ),
        limits=tuple(_limit(each) for each in limits.values()),
        cremation_after=_months_on(implanted.implant_at.date(), round(limits["cremation"].value))
        if source.nuclide.name == CREMATION_NUCLIDE
        else None,
        measured=measured,
        expected_surface_usv_h=None if measured is None else float(surface[hottest]) * left,
        expected_one_metre_usv_h=None if measured is None else away[1000.0] * left,
    )


def _limit(number: SourcedNumber) -> ProtectionLimit:
    return ProtectionLimit(
        key=number.key,
        value=number.value,
        unit=number.unit,
        meaning=number.meaning,
        meaning_zh=number.meaning_zh,
        source=number.source,
        source_zh=number.source_zh,
        may_block=number.may_block,
    )


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    return date(day.year + year, month + 1, min(day.day, 28))


def _on_day(day: float, surface: float, one_metre: float, life_h: float) -> RateOnDay:
    left = float(np.exp(-24.0 * day / life_h))
    return RateOnDay(day=day, surface_usv_h=surface * left, one_metre_usv_h=one_metre * left)


def transmission(source: Source, depth_mm: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return what a depth of water lets through, scatter included, by the TG-43 far field (P2).

    Ḋ(d) d² / S_K over the same without water, which is the ratio of mass energy-absorption coefficients of water and
    air; beyond the tables it falls on as over their last 20 mm.
    """
    inner = np.clip(depth_mm, 1.0, TABLE_END_MM)
    within = _far_field(source, inner)
    ends = _far_field(source, np.array([TABLE_END_MM - 20.0, TABLE_END_MM]))
    slope = np.log(ends[0] / ends[1]) / 20.0
    return np.asarray(within * np.exp(-slope * np.clip(depth_mm - TABLE_END_MM, 0.0, None)))


def _far_field(source: Source, depth_mm: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    radius_cm = depth_mm / 10.0
    rate = dose_rate_cgy_per_h_per_u(source, radius_cm, np.full(radius_cm.shape, 0.5 * np.pi), Formalism.POINT_1D)
    return np.asarray(rate * radius_cm**2 / WATER_OVER_AIR)


def _rate(places: np.ndarray, strength: np.ndarray, source: Source, leave: np.ndarray, point: np.ndarray) -> float:
    """Return the rate at a point outside, each seed's rays leaving the body near one place."""
    depth = np.linalg.norm(leave - places, axis=1)
    distance = np.maximum(np.linalg.norm(point - places, axis=1), 1.0)
    return air_kerma_rate_ugy_h(strength, distance, transmission(source, depth))


def _highest_at(  # noqa: PLR0917 - geometry of one ray
    places: np.ndarray, strength: np.ndarray, source: Source, exits: np.ndarray, ways: np.ndarray, distance_mm: float
) -> float:
    return max(
        _rate(places, strength, source, leave, leave + distance_mm * way)
        for leave, way in zip(exits, ways, strict=True)
    )


def _skin_in_sight(
    middle_lps_mm: Float[np.ndarray, " 3"], occupancy: Volume
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
    """Return where rays from the implant leave the body, and their directions; not those that leave the scan first."""
    turn = np.arange(DIRECTIONS) * np.pi * (3.0 - np.sqrt(5.0))
    z = 1.0 - 2.0 * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    ways = np.column_stack([np.cos(turn) * np.sqrt(1 - z**2), np.sin(turn) * np.sqrt(1 - z**2), z])
    steps = np.arange(0.0, LONGEST_MM, STEP_MM)
    points = middle_lps_mm + steps[None, :, None] * ways[:, None, :]
    inside = occupancy.sample(points, outside=0.0) >= 0.5
    last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
    leave = points[np.arange(DIRECTIONS), np.minimum(last + 1, len(steps) - 1)]
    seen = inside.any(axis=1) & occupancy.grid.contains(leave + 2.0 * STEP_MM * ways)
    if not seen.any():
        raise ImagingError(
            "verify.no-skin-in-sight",
            "no skin is seen in any direction from the seeds: the scan shows too little of the body for dose rates "
            "outside",
        )
    return leave[seen], ways[seen]
