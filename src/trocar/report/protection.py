"""Radiation protection of people around the patient: a section of the report, and the card the patient carries."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from trocar.messages import Language
from trocar.plan.plan import ImplantPlan
from trocar.report.document import (
    Align,
    Block,
    Box,
    Column,
    Document,
    Facts,
    Heading,
    Paragraph,
    Table,
    Text,
    Tone,
    say,
)
from trocar.report.page_head import identity_rows, running_head
from trocar.report.pictures import Paper
from trocar.results.protection import ProtectionEstimate, ProtectionLimit


def protection_blocks(estimate: ProtectionEstimate, *, paper: Paper) -> Iterator[Block]:
    """Yield the section of the report."""
    yield Heading(text=say("report.protect-heading", "Radiation protection of others"))
    yield Facts(rows=tuple(_facts(estimate)))
    yield Table(
        columns=(
            Column(head=say("report.protect-day", "Day after the implant"), align=Align.RIGHT, share=1.0),
            Column(head=say("report.protect-surface", "At the skin (µSv/h)"), align=Align.RIGHT, share=1.0),
            Column(head=say("report.protect-metre", "At 1 m (µSv/h)"), align=Align.RIGHT, share=1.0),
        ),
        rows=tuple((f"{r.day:g}", _rate(r.surface_usv_h), _rate(r.one_metre_usv_h)) for r in estimate.rates),
        compact=True,
        caption=say("report.protect-rates", "Highest dose rates over time, computed."),
    )
    yield _contact_table(estimate)
    yield _limit_table(estimate, paper.language)
    yield Paragraph(
        text=say(
            "report.protect-method",
            "Air kerma from the strength of all seeds and the inverse square of the distance; the tissue between is "
            "taken as "
            "water, its transmission with scatter from the TG-43 dose rate at that depth ({percent:.1f} % on the way "
            "to the "
            "highest rate at 1 m). 1 µGy/h of air kerma is taken as 1 µSv/h. Bone and lung are not taken into "
            "account: the "
            "measured value decides.",
            percent=100.0 * estimate.transmission,
        ),
        small=True,
    )


def _rate(usv_h: float) -> str:
    """Return a dose rate with about three figures, never as a power of ten."""
    return f"{usv_h:.0f}" if usv_h >= 100.0 else f"{usv_h:.1f}" if usv_h >= 10.0 else f"{usv_h:.2f}"


def _facts(estimate: ProtectionEstimate) -> Iterator[tuple[Text, Text]]:
    yield say("report.protect-strength", "Strength at the implant"), f"{estimate.strength_u:.2f} U"
    yield say("report.protect-depth", "Nearest skin"), f"{estimate.depth_mm:.0f} mm"
    yield (
        say("report.protect-lifetime", "Dose at 1 m to complete decay, occupancy {share:g}", share=estimate.occupancy),
        f"{estimate.lifetime_one_metre_msv:.3g} mSv",
    )
    measured = estimate.measured
    if measured is None:
        yield say("report.protect-measured", "Measured"), say("report.protect-unmeasured", "not measured yet")
        return
    pairs = (
        (say("report.protect-at-skin", "at the skin"), measured.surface_usv_h, estimate.expected_surface_usv_h),
        (say("report.protect-at-metre", "at 1 m"), measured.one_metre_usv_h, estimate.expected_one_metre_usv_h),
    )
    for where, value, expected in pairs:
        if value is not None and expected is not None:
            yield (
                say("report.protect-measured-where", "Measured {where}", where=where),
                say(
                    "report.protect-against",
                    "{value:.3g} µSv/h, computed {expected:.3g} µSv/h",
                    value=value,
                    expected=expected,
                ),
            )


def _meaning(limit: ProtectionLimit, language: Language) -> str:
    return limit.meaning_zh if language is Language.CHINESE else limit.meaning


def _source(limit: ProtectionLimit, language: Language) -> str:
    return limit.source_zh if language is Language.CHINESE else limit.source


_WHO = {
    "child": say("report.protect-child", "Children, pregnant women"),
    "carer": say("report.protect-carer", "Adults who live with or visit the patient"),
}


def _contact_table(estimate: ProtectionEstimate) -> Table:
    distances = sorted({contact.distance_mm for contact in estimate.contacts})
    by = {(c.limit.key, c.distance_mm): c for c in estimate.contacts}
    keys = list(dict.fromkeys(contact.limit.key for contact in estimate.contacts))
    rows = tuple(
        (
            _WHO[key],
            f"{by[key, distances[0]].limit.value:g} mSv{'' if by[key, distances[0]].limit.may_block else ' †'}",
            *(_hours(by[key, distance].hours_a_day) for distance in distances),
        )
        for key in keys
    )
    return Table(
        columns=(
            Column(head=say("report.protect-who", "Who"), share=1.0),
            Column(head=say("report.protect-limit", "Limit"), align=Align.RIGHT),
            *(Column(head=f"{distance / 1e3:g} m", align=Align.RIGHT) for distance in distances),
        ),
        rows=rows,
        caption=say(
            "report.protect-contact",
            "Hours a day, every day from now on, at a distance from the patient's skin, until the limit would be "
            "reached.",
        ),
    )


def _hours(hours: float) -> Text:
    if hours >= 24.0:
        return say("report.protect-unlimited", "no limit")
    if hours < 1.0:
        return say("report.protect-minutes", "{minutes:.0f} min", minutes=60.0 * hours)
    return say("report.protect-hours", "{hours:.1f} h", hours=hours)


def _limit_table(estimate: ProtectionEstimate, language: Language) -> Table:
    return Table(
        columns=(
            Column(head=say("report.protect-limit-what", "Limit for"), share=1.0),
            Column(head=say("report.protect-limit-value", "Value"), align=Align.RIGHT),
            Column(head=say("report.protect-limit-source", "Source"), share=1.0),
        ),
        rows=tuple(
            (_meaning(each, language), _value(each), f"{_source(each, language)}{'' if each.may_block else ' †'}")
            for each in estimate.limits
        ),
        caption=say("report.protect-limits", "Limits; † from memory or by convention: shown, never decisive."),
    )


def _value(limit: ProtectionLimit) -> Text:
    if limit.unit == "month":
        return say("report.protect-months", "{months:g} months", months=limit.value)
    return f"{limit.value:g}" if limit.unit == "share" else f"{limit.value:g} {limit.unit}"


CARD_DAYS = frozenset({0.0, 30.0, 60.0, 120.0, 180.0, 365.0})
"""Days of the card's table: what a surgeon asks is how much is left after months."""


def _left_table(estimate: ProtectionEstimate, implant_at: datetime) -> Table:
    """Return what is left of the seeds' strength on some dates, for whoever operates later."""
    rates = [rate for rate in estimate.rates if rate.day in CARD_DAYS]
    whole = estimate.rates[0].one_metre_usv_h
    return Table(
        columns=(
            Column(head=say("report.card-date", "Date"), share=1.0),
            Column(head=say("report.card-left", "Strength left (U)"), align=Align.RIGHT, share=1.0),
            Column(head=say("report.card-share", "Of the implant day"), align=Align.RIGHT, share=1.0),
            Column(head=say("report.protect-metre", "At 1 m (µSv/h)"), align=Align.RIGHT, share=1.0),
        ),
        rows=tuple(
            (
                f"{implant_at + timedelta(days=rate.day):%Y-%m-%d}",
                f"{estimate.strength_u * rate.one_metre_usv_h / whole:.2f}",
                f"{100.0 * rate.one_metre_usv_h / whole:.0f} %",
                _rate(rate.one_metre_usv_h),
            )
            for rate in rates
        ),
        caption=say("report.card-left-caption", "What is left of the radioactivity later, by decay alone."),
    )


def discharge_card(estimate: ProtectionEstimate, plan: ImplantPlan, *, made_at: datetime, paper: Paper) -> Document:
    """Return the page that the patient takes home and shows before any later procedure."""
    cremation = estimate.cremation_after.isoformat() if estimate.cremation_after else "–"
    return Document(
        title=say("report.card-title", "Card of a patient with radioactive seeds"),
        subtitle=say("report.card-subtitle", "Carry it with you; show it before any operation, biopsy or scan"),
        running_head=running_head(plan.patient, paper=paper),
        blocks=(
            Facts(
                rows=(
                    *identity_rows(plan.patient, paper=paper),
                    (say("report.card-implanted", "Implanted on"), plan.implant_at.strftime("%Y-%m-%d")),
                    (say("report.card-nuclide", "Nuclide"), estimate.nuclide),
                    (say("report.card-seeds", "Seeds"), str(estimate.seeds)),
                    (say("report.protect-strength", "Strength at the implant"), f"{estimate.strength_u:.2f} U"),
                    (say("report.card-metre", "At 1 m on the implant day"), f"{estimate.one_metre_usv_h:.3g} µSv/h"),
                    (say("report.card-hospital", "Hospital, telephone"), "________________________"),
                )
            ),
            Heading(text=say("report.card-family", "At home")),
            _contact_table(estimate),
            Paragraph(
                text=say(
                    "report.card-home",
                    "Sleep and sit as the table allows; children should not sit on the lap. Dishes, laundry, toilet "
                    "and bath "
                    "need no precaution: the seeds are sealed.",
                )
            ),
            Heading(text=say("report.card-found", "If a seed comes out")),
            Paragraph(
                text=say(
                    "report.card-found-text",
                    "Do not touch it with the fingers. Lift it with tweezers or a spoon into a jar with a lid, put "
                    "the jar far "
                    "from people, and call the hospital. It is about as large as a grain of rice.",
                )
            ),
            Box(
                title=say("report.card-later", "Before any later operation, biopsy or cremation"),
                text=say(
                    "report.card-later-text",
                    "Tell the surgeon and the radiation-safety officer of the implanting hospital: tissue that is "
                    "taken out "
                    "may hold seeds and must be surveyed. Cremation before {date} needs special measures: ask the "
                    "hospital.",
                    date=cremation,
                ),
                tone=Tone.ATTENTION,
            ),
            _left_table(estimate, plan.implant_at),
            _limit_table(estimate, paper.language),
        ),
        made_at=made_at,
    )
