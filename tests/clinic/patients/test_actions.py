"""Registering, assessing, deciding; and that duplicates are found."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from guardian.shortcuts import assign_perm

from clinic.cases import DECISION, YES_SEED, a_case, a_patient
from trocar_clinic.errors import Refused
from trocar_clinic.patients import actions
from trocar_clinic.patients.models import SEE_CONFIDENTIAL, Case, Patient

NUMBER = "11010519491231002X"
KNOWN = {"sex": "2", "birth_date": date(1949, 12, 31), "identity_kind": "01", "identity_number": NUMBER}


def test_the_same_identity_number_is_one_patient(house: Any, now: Any) -> None:
    a_patient(house, now, **KNOWN)
    with pytest.raises(Refused, match="same-identity"):
        a_patient(house, now, **{**KNOWN, "name": "示例患者乙"})


def test_the_same_name_and_birth_date_needs_a_word(house: Any, now: Any) -> None:
    a_patient(house, now)
    with pytest.raises(Refused, match="similar"):
        a_patient(house, now, distinct_from="")


def test_a_wrong_checksum_is_told_at_the_field(house: Any, now: Any) -> None:
    with pytest.raises(ValidationError) as told:
        a_patient(house, now, **{**KNOWN, "identity_number": "110105194912310021"})
    assert "identity_number" in told.value.message_dict


def test_sensitive_fields_lie_encrypted_in_every_table(house: Any, now: Any) -> None:
    patient = a_patient(house, now, **KNOWN, telephone="010-5550100")
    for table in ("patients_patient", "patients_historicalpatient"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            lying = str(cursor.fetchall())
        assert NUMBER not in lying
        assert "5550100" not in lying
    assert Patient.objects.get(pk=patient.pk).telephone == "010-5550100"


def test_case_numbers_run_by_year_and_technique(house: Any, now: Any) -> None:
    numbers = [a_case(house, now, kind).number for kind in ("seed", "seed", "ablation")]
    assert [number.split("-", 1)[1] for number in numbers] == ["S-0001", "S-0002", "A-0001"]


def test_an_indication_not_met_needs_a_reason(house: Any, now: Any) -> None:
    case = a_case(house, now)
    doctor = house.accounts["attending"]
    few = {"kps_70": True}
    with pytest.raises(Refused, match="indication-not-met"):
        actions.assess_indication(case, actor=doctor, at=now, answers=few)
    actions.assess_indication(case, actor=doctor, at=now, answers=few, override_reason="多学科讨论同意")
    assert Case.objects.get(pk=case.pk).state == "indicated"


def test_a_contraindication_needs_a_reason(house: Any, now: Any) -> None:
    case = a_case(house, now)
    with pytest.raises(Refused, match="contraindicated"):
        actions.assess_indication(
            case, actor=house.accounts["attending"], at=now, answers={**YES_SEED, "pregnancy": True}
        )


def test_nobody_decides_before_the_indication(house: Any, now: Any) -> None:
    with pytest.raises(Refused, match="no-such-step"):
        actions.decide(a_case(house, now), actor=house.accounts["attending"], at=now, **DECISION)


def test_a_nurse_does_not_assess(house: Any, now: Any) -> None:
    with pytest.raises(Refused, match="role-needed"):
        actions.assess_indication(a_case(house, now), actor=house.accounts["nurse"], at=now, answers=YES_SEED)


def test_a_confidential_patient_is_seen_by_those_named_alone(house: Any, now: Any) -> None:
    case = a_case(house, now, confidential=True)
    nurse, doctor, affairs = (house.accounts[name] for name in ("nurse", "operator", "affairs"))
    assign_perm(SEE_CONFIDENTIAL, doctor, case.patient)
    seen = {name: Case.objects.visible_for(name).count() for name in (nurse, doctor, affairs)}
    assert seen == {nurse: 0, doctor: 1, affairs: 1}


def test_future_birth_is_refused(house: Any, now: Any) -> None:
    with pytest.raises(ValidationError):
        a_patient(house, now, birth_date=date(2999, 1, 1))
