"""Which norms hold: by the day of the procedure, the technique and the province."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from trocar.department.norms import NormPack, Technique
from trocar.department.period import Period
from trocar.errors import RuleError


def norms_on(
    norms: Iterable[NormPack], *, day: date, technique: Technique, country: str, province: str
) -> tuple[NormPack, ...]:
    """Return the norms in force on a day: of the country, of the province, the hospital's own.

    Parameters
    ----------
    norms
        All that are known.
    day
        Day of the procedure.
    technique
        Of the procedure.
    country, province
        Where the hospital is. Norms without a country are models from elsewhere and hold nowhere.
    """
    return tuple(
        norm
        for norm in norms
        if norm.is_valid(day)
        and technique in norm.techniques
        and (norm.is_own or (norm.country == country and norm.province in {"", province}))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Part of a period during which the same norms hold."""

    period: Period
    norms: tuple[NormPack, ...]


def stretches(
    norms: Iterable[NormPack], *, period: Period, technique: Technique, country: str, province: str
) -> tuple[Stretch, ...]:
    """Return a period cut where indicator definitions change, so that figures of two definitions are never added.

    Raises
    ------
    RuleError
        No norm that defines indicators of this technique holds on any day of the period.
    """
    known = tuple(norms)
    borders = {period.first}
    for norm in known:
        borders |= {norm.valid_from} | ({norm.valid_to + timedelta(days=1)} if norm.valid_to else set())
    starts = sorted(day for day in borders if day in period)
    found: list[Stretch] = []
    for place, start in enumerate(starts):
        last = starts[place + 1] - timedelta(days=1) if place + 1 < len(starts) else period.last
        holding = norms_on(known, day=start, technique=technique, country=country, province=province)
        _append(found, Stretch(period=Period(first=start, last=last), norms=holding))
    if not any(_defining(each) for each in found):
        raise RuleError(
            "rules.no-norm-holds",
            "no norm that defines indicators of {technique} holds in {country} {province} from {first} to {last}; "
            "give the hospital's own norm with --norm",
            technique=technique.value,
            country=country,
            province=province,
            first=period.first.isoformat(),
            last=period.last.isoformat(),
        )
    return tuple(found)


def _append(found: list[Stretch], following: Stretch) -> None:
    """Join a stretch to the one before where both are counted by the same definitions."""
    if found and _defining(found[-1]) == _defining(following):
        found[-1] = Stretch(
            period=Period(first=found[-1].period.first, last=following.period.last), norms=following.norms
        )
    else:
        found.append(following)


def _defining(stretch: Stretch) -> tuple[str, ...]:
    return tuple(norm.key for norm in stretch.norms if norm.indicators)
