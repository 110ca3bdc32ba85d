"""Indices of an implant: coverage of the target, and how the reference isodose fits it."""

from dataclasses import replace

import numpy as np

from trocar.errors import EvaluateError
from trocar.evaluate.dvh import Accuracy, compute_dvh
from trocar.evaluate.sampling import DoseAt, doses
from trocar.geometry.grid import Grid
from trocar.geometry.region import Region, region_from_grid
from trocar.geometry.surface import surface_points
from trocar.messages import Message
from trocar.results.dvh import Dvh
from trocar.results.indices import Estimate, ImplantIndices

FIRST_MARGIN_MM = 10.0
"""The search for the reference isodose begins in a box this much larger than the target."""

LARGEST_MARGIN_MM = 320.0
"""Beyond this the reference isodose is not looked for: the dose has no end."""

FACE_SPACING_MM = 2.0
"""Points on the faces of the box, where the dose must be below the reference dose."""


def implant_indices(
    target: Region,
    dose_at: DoseAt,
    *,
    prescription_gy: float,
    within: Region | None = None,
    accuracy: Accuracy | None = None,
) -> ImplantIndices:
    r"""Return D90, D100, V100, V150, V200 of a target and CI, EI, HI of the prescribed isodose.

    Parameters
    ----------
    target
        The structure that was prescribed to.
    dose_at
        Dose in Gy at points, inside and outside the target.
    prescription_gy
        The dose that 100 % means, which is also the reference dose; above 0.
    within
        Where the dose is known, such as the box of the dose grid (`trocar.geometry.region.region_from_grid`). V_ref
        is then all of it that receives the reference dose. Without it the dose is taken to be known everywhere, and
        V_ref is what lies in a box around the target that is enlarged until its faces receive less: reference isodoses
        elsewhere, as around a seed that went astray, are not counted.
    accuracy
        See `trocar.evaluate.dvh.compute_dvh`.

    Raises
    ------
    EvaluateError
        The prescription is not positive, or the target lies where no dose is known.

    Notes
    -----
    With V_T the target, V_ref the volume inside the reference isodose and V_T,ref what they share,

    .. math::

        CI = V_{T,ref}^2 / (V_T V_{ref}), \quad EI = (V_{ref} - V_{T,ref}) / V_T, \quad
        HI = (V_{T,ref} - V_{T,1.5 ref}) / V_{T,ref}.

    References
    ----------
    CI: van't Riet A, Mak ACA, Moerland MA, Elders LH, van der Zee W. A conformation number to quantify the degree of
    conformality in brachytherapy and external beam irradiation. Int J Radiat Oncol Biol Phys 1997;37:731, eq. 1, doi
    10.1016/s0360-3016(96)00601-3. EI and HI: Meertens H, Borger J, Steggerda M, Blom A. Evaluation and optimization of
    interstitial brachytherapy dose distributions. In: Brachytherapy from radium to optimization (1994) 300-306.
    """
    if not (np.isfinite(prescription_gy) and prescription_gy > 0):
        raise EvaluateError(
            "evaluate.prescription-not-positive",
            "a prescription of {prescription_gy} Gy was given; indices need one above 0 Gy",
            prescription_gy=prescription_gy,
        )
    dvh = compute_dvh(target, dose_at, accuracy=accuracy)
    if within is None:
        box, is_cut = _box_around(target, dose_at, prescription_gy)
    else:
        box, is_cut = within, _reaches_faces(within, dose_at, prescription_gy)
    everywhere = compute_dvh(box, dose_at, name="box", accuracy=_for_volumes(accuracy or Accuracy()))
    v_ref = _volume_at(everywhere, prescription_gy)
    return _indices(dvh, v_ref, prescription_gy=prescription_gy, is_cut=is_cut)


def _for_volumes(accuracy: Accuracy) -> Accuracy:
    """Return an accuracy that judges volumes only, twice as strictly: V_ref is a part of its box."""
    return replace(accuracy, volume_percent=0.5 * accuracy.volume_percent, dose_percent=float("inf"))


def _reaches_faces(box: Region, dose_at: DoseAt, level_gy: float) -> bool:
    dose = doses(dose_at, surface_points(box, spacing_mm=FACE_SPACING_MM))
    return bool(np.nanmax(dose, initial=0.0) >= level_gy)


def _box_around(target: Region, dose_at: DoseAt, level_gy: float) -> tuple[Region, bool]:
    """Return a box with the target whose faces receive less than a dose, and whether none was found."""
    margin = FIRST_MARGIN_MM
    while True:
        low, high = target.bounds_lps_mm + np.array([[-margin], [margin]])
        matrix = np.diag([*(high - low), 1.0])
        matrix[:3, 3] = 0.5 * (low + high)
        box = region_from_grid(Grid(shape_kji=(1, 1, 1), lps_from_ijk=matrix))
        is_cut = _reaches_faces(box, dose_at, level_gy)
        if not is_cut or margin >= LARGEST_MARGIN_MM:
            return box, is_cut
        margin *= 2.0


def _volume_at(dvh: Dvh, dose_gy: float) -> Estimate:
    return Estimate(value=dvh.cc_at_dose(dose_gy), standard_error=dvh.cc_error_at_dose(dose_gy))


def _share_at(dvh: Dvh, dose_gy: float) -> Estimate:
    return Estimate(value=dvh.percent_at_dose(dose_gy), standard_error=dvh.percent_error_at_dose(dose_gy))


def _indices(dvh: Dvh, v_ref: Estimate, *, prescription_gy: float, is_cut: bool) -> ImplantIndices:
    v_t = Estimate(value=dvh.volume_cc, standard_error=dvh.volume_error_cc)
    v_t_ref = _volume_at(dvh, prescription_gy)
    remarks = []
    if is_cut:
        remarks.append(_reference_isodose_cut(prescription_gy=prescription_gy, found_cc=v_ref.value))
    if v_t_ref.value == 0.0:
        remarks.append(_reference_dose_not_reached(name=dvh.name, prescription_gy=prescription_gy, max_gy=dvh.max_gy))
    return ImplantIndices(
        prescription_gy=prescription_gy,
        d90_gy=Estimate(value=dvh.dose_at_percent(90), standard_error=dvh.dose_error_at_percent(90)),
        d100_gy=Estimate(value=dvh.min_gy, standard_error=None),
        v100_percent=_share_at(dvh, prescription_gy),
        v150_percent=_share_at(dvh, 1.5 * prescription_gy),
        v200_percent=_share_at(dvh, 2.0 * prescription_gy),
        v_t_cc=v_t,
        v_ref_cc=v_ref,
        v_t_ref_cc=v_t_ref,
        ci=None if is_cut or v_ref.value == 0.0 else _conformity(v_t, v_ref, v_t_ref),
        ei=None if is_cut else _external(v_t, v_ref, v_t_ref),
        hi=None if v_t_ref.value == 0.0 else _homogeneity(v_t_ref, _volume_at(dvh, 1.5 * prescription_gy)),
        remarks=tuple(remarks),
    )


def _error(estimate: Estimate) -> float:
    return estimate.standard_error or 0.0


def _conformity(v_t: Estimate, v_ref: Estimate, v_t_ref: Estimate) -> Estimate:
    by_ref = v_t_ref.value / v_ref.value
    value = v_t_ref.value * by_ref / v_t.value
    error = np.hypot(2.0 * by_ref * _error(v_t_ref), by_ref**2 * _error(v_ref)) / v_t.value
    return Estimate(value=value, standard_error=float(error))


def _external(v_t: Estimate, v_ref: Estimate, v_t_ref: Estimate) -> Estimate:
    value = max(0.0, v_ref.value - v_t_ref.value) / v_t.value
    return Estimate(value=value, standard_error=float(np.hypot(_error(v_ref), _error(v_t_ref))) / v_t.value)


def _homogeneity(v_t_ref: Estimate, v_t_150: Estimate) -> Estimate:
    hot = v_t_150.value / v_t_ref.value
    error = np.hypot(_error(v_t_150), hot * _error(v_t_ref)) / v_t_ref.value
    return Estimate(value=1.0 - hot, standard_error=float(error))


def _reference_isodose_cut(*, prescription_gy: float, found_cc: float) -> Message:
    return Message(
        code="evaluate.reference-isodose-cut",
        template="the {prescription_gy:g} Gy isodose runs out of the region where the dose is known; at least "
        "{found_cc:.2f} cc lie inside it, and CI and EI are not given: compute the dose on a larger grid",
        data={"prescription_gy": prescription_gy, "found_cc": found_cc},
    )


def _reference_dose_not_reached(*, name: str, prescription_gy: float, max_gy: float) -> Message:
    return Message(
        code="evaluate.reference-dose-not-reached",
        template='no part of "{name}" receives the prescribed {prescription_gy:g} Gy, the largest dose there is '
        "{max_gy:.1f} Gy; HI is not defined",
        data={"name": name, "prescription_gy": prescription_gy, "max_gy": max_gy},
    )
