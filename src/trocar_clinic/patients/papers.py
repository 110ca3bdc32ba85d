"""Who a paper is about."""

from typing import Any

from trocar_clinic.language import both
from trocar_clinic.patients.models import Case


def whose(case: Case) -> tuple[tuple[Any, Any], ...]:
    """Return the person and the case as they stand at the head of a paper."""
    patient = case.patient
    return (
        (both("Name", "姓名"), patient.name),
        (both("Patient number", "患者编号"), patient.number),
        (both("Sex, born", "性别、出生日期"), f"{patient.get_sex_display()} · {patient.birth_date}"),
        (both("Case", "病例号"), case.number),
        (both("Diagnosis", "诊断"), case.diagnosis),
    )
