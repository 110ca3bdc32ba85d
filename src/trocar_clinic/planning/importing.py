"""Plan versions from another system's RT Plan, read by the library; what the file does not say is asked for."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from trocar_clinic.accounts.models import User
from trocar_clinic.errors import Reason, Refused, refuse_if
from trocar_clinic.images.actions import folder_of
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.language import both
from trocar_clinic.planning.actions import add_plan
from trocar_clinic.planning.checking import ask_check
from trocar_clinic.planning.models import PlanVersion

if TYPE_CHECKING:
    from trocar.plan.plan import ImplantPlan

RT_PLAN = "RTPLAN"


def take_plan(
    series: ImageSeries, *, actor: User, at: datetime, implant_on: date, source: Any, **told: Any
) -> PlanVersion:
    """Add a version with what an imported RT Plan says of seeds, needles, strength and prescription.

    Parameters
    ----------
    implant_on
        Day for which the plan was made; DICOM does not say it.
    source
        The product that is implanted; its source data set reads the strengths.
    **told
        What a file does not say: planner, system, target and its volume.

    Raises
    ------
    Refused
        The file cannot be read as a plan of permanent seeds of one strength, or states no prescription.
    """
    plan, remarks = _read(series, source.source_key or None, implant_on)
    strengths = {(f"{each.strength.s_k_u:.4f}", each.strength.reference_at.date()) for each in plan.seeds}
    refuse_if(
        len(strengths) != 1,
        "planning.several-strengths",
        en="The plan has seeds of {n} strengths; a version holds one: enter it from the system's report",
        zh="该计划含 {n} 种强度的粒子；一个版本只能记一种，请按计划报告录入",
        n=len(strengths),
    ).insist()
    refuse_if(
        plan.prescription is None,
        "planning.no-prescription",
        en="The file states no prescribed dose; enter the version from the system's report",
        zh="文件中没有处方剂量；请按计划报告录入",
    ).insist()
    assert plan.prescription is not None
    ((strength, on),) = strengths
    values: Mapping[str, Any] = {
        **told,
        "case": series.source.case,
        "origin": PlanVersion.Origin.IMPORTED,
        "prescribed_dose_gy": f"{plan.prescription.dose_gy:.2f}",
        "source": source,
        "air_kerma_strength_u": strength,
        "strength_on": on,
        "seeds": len(plan.seeds),
        "needles": len(plan.needles) or len({each.needle for each in plan.seeds}),
        "summary": {
            "series": series.series_uid,
            "plan": plan.content_hash,
            "label": plan.label,
            "remarks": remarks,
            "implant_on": implant_on.isoformat(),
        },
    }
    version = add_plan(actor=actor, at=at, values=values)
    ask_check(version, actor=actor, at=at)
    return version


def _read(series: ImageSeries, source_key: str | None, implant_on: date) -> "tuple[ImplantPlan, list[str]]":
    # Here and not above: an application that starts, and every page but this one, does without the library.
    from trocar.dicom.rtplan import read_plan
    from trocar.errors import DicomError, PlanError
    from trocar.messages import Language
    from trocar.plan.plan import ImplantPlan

    path = folder_of(series.source.folder) / series.files[0]
    try:
        reading = read_plan(path, source_model=source_key, implant_at=datetime.combine(implant_on, time(12)))
    except (DicomError, PlanError) as error:
        told = both(error.text(Language.ENGLISH), error.text(Language.CHINESE))
        raise Refused(Reason(code=error.code, text=told)) from error
    refuse_if(
        not isinstance(reading.value, ImplantPlan),
        "planning.not-permanent",
        en="This is a plan of an afterloader, not of permanent seeds",
        zh="这是后装治疗计划，不是永久粒子植入计划",
    ).insist()
    assert isinstance(reading.value, ImplantPlan)
    return reading.value, [each.message.code for each in reading.deviations]


def is_plan(series: ImageSeries) -> bool:
    """Say whether a series is an RT Plan of a case that can still be planned."""
    return series.modality == RT_PLAN and not series.is_void
