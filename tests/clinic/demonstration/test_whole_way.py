"""The demonstration's two cases went the whole way, and their seeds balance."""

from typing import Any

from django.utils import timezone

from trocar_clinic.custody.queries import gaps, ledger
from trocar_clinic.demonstration import whole_way
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import State
from trocar_clinic.procedures.models import Procedure
from trocar_clinic.procedures.vitals import coverage


def test_both_cases_reach_follow_up_with_everything_in_place(house: Any) -> None:
    whole_way.make(house)
    assert {case.state for case in Case.objects.all()} == {State.FOLLOWED}
    assert gaps(timezone.now()) == []
    assert [line.received for line in ledger(timezone.now())] == [60]
    assert all(each.whole for procedure in Procedure.objects.all() for each in coverage(procedure))
