"""Plans that the tests of this room share."""

from datetime import datetime

import numpy as np

from trocar.plan.patient import Patient
from trocar.plan.plan import AfterloadingPlan, Channel, ImplantPlan
from trocar.plan.seeds import Dwell, Seed, Strength

IMPLANT_AT = datetime(2026, 3, 2, 12)
PATIENT = Patient(identifier="TEST", name="Test^Case")


def seed(
    position: tuple[float, float, float],
    axis: tuple[float, float, float] | None = (0.0, 0.0, 1.0),
    model: str = "I125_6711",
    s_k_u: float = 0.5,
    reference_at: datetime = IMPLANT_AT,
) -> Seed:
    return Seed(
        position_lps_mm=np.array(position, dtype=float),
        axis_lps=None if axis is None else np.array(axis, dtype=float),
        source_model=model,
        strength=Strength(s_k_u=s_k_u, reference_at=reference_at),
    )


def implant(*seeds: Seed) -> ImplantPlan:
    return ImplantPlan(label="test", patient=PATIENT, frame_uid="1.2.3", implant_at=IMPLANT_AT, seeds=seeds)


def afterloading(*dwells: Dwell, fractions: int = 1, treat_at: datetime | None = None) -> AfterloadingPlan:
    return AfterloadingPlan(
        label="test",
        patient=PATIENT,
        frame_uid="1.2.3",
        source_model="Ir192_GammaMedPlus",
        strength=Strength(s_k_u=40_700.0, reference_at=IMPLANT_AT),
        treat_at=treat_at,
        strength_is_for_treatment=treat_at is None,
        channels=(Channel(number=1, label="1", dwells=dwells),),
        fractions=fractions,
    )
