"""What a brachytherapy plan prescribes, and how many fractions it has."""

from trocar.dicom.attributes import Attributes
from trocar.errors import ChoiceNeeded
from trocar.plan.plan import Prescription


def fraction_group(attributes: Attributes, *, asked: int | None) -> Attributes | None:
    """Return the fraction group to read, None where the plan has none.

    Raises
    ------
    ChoiceNeeded
        There are several and none, or an unknown one, is asked for.
    """
    groups = attributes.items("FractionGroupSequence")
    if len(groups) == 1 and asked is None:
        return groups[0]
    if not groups:
        attributes.noted.note(
            "rtplan.no-fraction-group", "the plan has no fraction group; one fraction was taken", where=attributes.file
        )
        return None
    numbers = [group.integer_or_none("FractionGroupNumber") for group in groups]
    if asked in numbers:
        return groups[numbers.index(asked)]
    raise ChoiceNeeded(
        "rtplan.several-fraction-groups",
        "{file} has the fraction groups {numbers}, which are given one after the other; "
        "say which by fraction_group_number",
        file=attributes.file,
        numbers=", ".join(str(number) for number in numbers),
    )


def setups_of_group(attributes: Attributes, group: Attributes | None) -> tuple[Attributes, ...]:
    """Return the application setups a fraction group uses: those it quotes, all where there is one group only.

    Numbers that do not fit the setups are noted; some systems quote the same setup over and over.
    """
    setups = attributes.required_items("ApplicationSetupSequence")
    if group is None:
        return setups
    quoted = [
        each.integer_or_none("ReferencedBrachyApplicationSetupNumber")
        for each in group.items("ReferencedBrachyApplicationSetupSequence")
    ]
    numbers = [setup.integer_or_none("ApplicationSetupNumber") for setup in setups]
    if len(attributes.items("FractionGroupSequence")) > 1:
        return tuple(setup for setup, number in zip(setups, numbers, strict=True) if number in quoted)
    stated = group.integer_or_none("NumberOfBrachyApplicationSetups")
    if sorted(map(str, quoted)) != sorted(map(str, numbers)) or stated not in (None, len(setups)):
        attributes.noted.note(
            "rtplan.setup-numbers-confused",
            "the fraction group announces {stated} application setups and quotes {n_quoted} different ones, the plan "
            "holds {present}; all that hold a source were read",
            where=attributes.file,
            stated="-" if stated is None else stated,
            n_quoted=len(set(quoted)),
            present=len(setups),
        )
    return setups


def fractions_of(group: Attributes | None) -> int:
    """Return the number of fractions of a group; 1, noted, where it is not stated."""
    if group is None:
        return 1
    planned = group.integer_or_none("NumberOfFractionsPlanned")
    if planned is not None and planned < 1:
        group.refuse("NumberOfFractionsPlanned", str(planned), "1 or more")
    if planned is None:
        group.noted.note(
            "rtplan.fractions-not-stated",
            "the plan does not state its number of fractions; one was taken",
            where=group.file,
        )
    return planned or 1


def read_prescription(attributes: Attributes, group: Attributes | None, *, fractions: int) -> Prescription | None:
    """Return the prescription: the target's prescription dose, else the dose of the application setups, noted."""
    targets = [
        (dose, item.text_or("DoseReferenceDescription", "").strip())
        for item in attributes.items("DoseReferenceSequence")
        if item.text_or("DoseReferenceType", "").strip().upper() == "TARGET"
        and (dose := item.number_or_none("TargetPrescriptionDose") or 0.0) > 0
    ]
    if len({dose for dose, _ in targets}) > 1:
        attributes.noted.note(
            "rtplan.several-prescriptions",
            "the plan prescribes different doses ({doses}); none was taken as the prescription",
            where=attributes.file,
            doses=", ".join(f"{name} {dose:g} Gy" for dose, name in targets),
        )
        return None
    if targets:
        dose_gy, name = targets[0]
        return Prescription(dose_gy=dose_gy, target=name if len(targets) == 1 else "")
    return _from_setup_doses(attributes, group, fractions)


def _from_setup_doses(attributes: Attributes, group: Attributes | None, fractions: int) -> Prescription | None:
    quoted = () if group is None else group.items("ReferencedBrachyApplicationSetupSequence")
    doses = {each.number_or_none("BrachyApplicationSetupDose") or 0.0 for each in quoted}
    dose_gy = next(iter(doses)) if len(doses) == 1 else 0.0
    if dose_gy <= 0:
        return None
    attributes.noted.note(
        "rtplan.prescription-from-setup",
        "the plan names no prescription dose; the dose of its application setups, {dose_gy:g} Gy a fraction, was taken",
        where=attributes.file,
        dose_gy=dose_gy,
    )
    return Prescription(dose_gy=dose_gy * fractions)
