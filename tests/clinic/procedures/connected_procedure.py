"""Start a procedure in the installation of the environment and connect its monitor; run as a program by the tests."""

from trocar_clinic.config.prepare import load_django


def main() -> None:
    load_django()
    from django.utils import timezone

    from clinic.theatre import START, a_started_case
    from trocar_clinic.accounts.models import User
    from trocar_clinic.demonstration.people import Team
    from trocar_clinic.institution.models import Equipment, StaffMember
    from trocar_clinic.procedures.actions import connect_monitor

    accounts = {each.username: each for each in User.objects.filter(is_machine=False)}
    staff = {each.account.username: each for each in StaffMember.objects.select_related("account")}
    procedure = a_started_case(Team(accounts=accounts, staff=staff))
    monitor = Equipment.objects.get(kind=Equipment.Kind.MONITOR)
    connect_monitor(procedure, actor=accounts["nurse"], at=timezone.now(), monitor=monitor, connected_at=START)


if __name__ == "__main__":
    main()
