"""The demonstration department and its norms, made once for all tests."""

from datetime import date
from functools import cache

from trocar.department.assessment import SelfAssessment
from trocar.department.norms import Technique
from trocar.department.period import Period
from trocar.department.records import DepartmentRecord
from trocar.phantom.department import FIRST_DAY, LAST_DAY, demonstration_department
from trocar.workflow.indicators import shipped_norms
from trocar.workflow.self_assessment import self_assessment

PERIOD = Period(first=FIRST_DAY, last=LAST_DAY)
EMPTY_PERIOD = Period(first=date(2023, 6, 20), last=date(2023, 6, 30))


@cache
def department() -> DepartmentRecord:
    """Return the demonstration department."""
    return demonstration_department()


@cache
def assessment(technique: Technique) -> SelfAssessment:
    """Return its self-assessment of the period."""
    return self_assessment(department(), technique=technique, period=PERIOD, norms=shipped_norms())
