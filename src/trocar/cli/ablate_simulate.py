"""``trocar ablate simulate``: temperature and death of tissue for a plan, with film and map."""

import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from datetime import datetime
from enum import Enum
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Annotated, Any, TypeVar

import numpy as np
import typer

from trocar.cli import options
from trocar.cli.ablate_files import MADE_BY, margin_data, marked, write_document, write_zone
from trocar.cli.ablate_plan_file import ablation_plan_from
from trocar.cli.ablate_request import known_organ_kind
from trocar.cli.console import Follower
from trocar.cli.exits import exit_of_findings
from trocar.cli.folders import whole_folder
from trocar.cli.points import numbers_in
from trocar.cli.surroundings import Surroundings
from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.errors import UsageError
from trocar.messages import Language
from trocar.plan.ablation import AblationPlan
from trocar.plan.patient import Image
from trocar.plan.structures import StructureSet
from trocar.report.ablation import SIMULATED, MarginCase
from trocar.report.ablation_chance import chance_blocks
from trocar.report.document import Block, say
from trocar.report.pictures import Paper
from trocar.report.temperature_film import simulation_report, temperature_film
from trocar.results.ablation_chance import AblationChance
from trocar.results.findings import Finding, Severity
from trocar.results.tissue_death import DeathModel
from trocar.rules.ablation_margin import load_margin_pack
from trocar.workflow.ablation_chance import chance_findings, chance_of
from trocar.workflow.ablation_findings import same_place_findings
from trocar.workflow.ablation_heat import AntennaModel
from trocar.workflow.ablation_intake import require_in_body, with_thickness
from trocar.workflow.ablation_reach import edge_findings, spared_findings, temperature_findings
from trocar.workflow.simulated_ablation import Simulated, SimulationWish, simulate_plan
from trocar.workflow.verify_ablation import body_of

READING = say("cli.ablate-reading", "Reading images and structures")
Choice = TypeVar("Choice", bound=Enum)
SAID_ALWAYS = ("ablation.antenna-field", "ablation.antenna-parametric")
"""Which model gave the heat is a choice that is never hidden."""
PAPERS = say("cli.ablate-papers", "Writing papers and DICOM")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationInputs:
    """A plan, what it was made on, what is wished, and what no zone may reach."""

    plan: AblationPlan
    image: Image
    structures: StructureSet
    wish: SimulationWish
    spared: tuple[str, ...] = ()
    limits_c: Mapping[str, float] = field(default_factory=dict)


def simulate(
    context: typer.Context,
    *,
    plan: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="plan.json of `trocar ablate plan`. 计划")],
    images: Annotated[Path, typer.Option("--images", exists=True, help="Folder of the CT. 影像文件夹")],
    structures: Annotated[
        Path, typer.Option("--structures", exists=True, dir_okay=False, help="RT Structure Set. 结构文件")
    ],
    kind: Annotated[str, typer.Option("--organ-kind", help="liver, lung or kidney. 器官类别")],
    death: Annotated[
        str, typer.Option("--death-model", help="What counts as dead; the others are shown too. 坏死模型")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything made. 输出文件夹")],
    vessel: Annotated[
        list[str] | None, typer.Option("--vessel", help="Structure that cools; repeat. 血管结构", show_default=False)
    ] = None,
    spare: Annotated[
        list[str] | None,
        typer.Option("--spare", help="Structure no zone may reach; repeat. 须避开的结构", show_default=False),
    ] = None,
    antenna: Annotated[
        str, typer.Option("--antenna", help="Heat of microwaves: parametric, or field from its parts. 微波天线模型")
    ] = "parametric",
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", help="NAME=°C it may reach at most; repeat. 结构温度上限", show_default=False),
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", min=0, help="Tissues tried for the probability of death. 组织参数抽样数")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the tissues tried. 随机种子")] = 1,
    spacing_mm: Annotated[float, typer.Option("--spacing", min=0.5, help="Voxel of the heat, mm. 体素")] = 1.0,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Compute what a plan does to the tissue of this patient, and its margin. 模拟消融."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    with speaker.following() as told:
        told(READING, 0.0)
        image = read_image(images).value
        drawn = with_thickness(read_structures(structures, image=image).value, image)
        inputs = SimulationInputs(
            plan=ablation_plan_from(json.loads(plan.read_text(encoding="utf-8")), image),
            image=image,
            structures=drawn,
            wish=SimulationWish(
                organ_kind=known_organ_kind(kind, option="--organ-kind"),
                vessels=tuple(vessel or ()),
                death_model=_chosen(DeathModel, death, option="--death-model"),
                spacing_mm=spacing_mm,
                pack=load_margin_pack("published/ablation_margin"),
                antenna=_chosen(AntennaModel, antenna.upper(), option="--antenna"),
            ),
            spared=tuple(spare or ()),
            limits_c=_limits(limit or ()),
        )
        require_in_body(inputs.plan, image)
        told(READING, 1.0)
        simulated = simulate_plan(inputs.plan, inputs.structures, inputs.wish, progress=told)
        chance = _chance(inputs, samples, seed, told) if samples else None
        extra = (*_of_the_plan(inputs, simulated), *(() if chance is None else chance_findings(chance)))
        simulated = replaced(simulated, findings=(*simulated.findings, *extra))
        told(PAPERS, 0.0)
        with whole_folder(out, replace=replace) as folder:
            data = write_simulation(folder, inputs, simulated, at=surroundings.now(), chance=chance)
        told(PAPERS, 1.0)
    speaker.give(data)
    least, most = simulated.outcome.band_cc
    speaker.say(
        say(
            "cli.ablate-simulate-done",
            "zone {zone:.1f} ml by the chosen model, {least:.1f} to {most:.1f} ml by all; minimal margin {mam:+.1f} "
            "mm; "
            "everything is in {folder}",
            zone=simulated.outcome.zone.volume_cc,
            least=least,
            most=most,
            mam=simulated.margin.least_mm,
            folder=str(out),
        )
    )
    for finding in simulated.findings:
        if finding.severity is not Severity.NOTE or finding.message.code in SAID_ALWAYS:
            speaker.say(finding.message)
    raise typer.Exit(exit_of_findings(simulated.findings))


def _chance(inputs: SimulationInputs, samples: int, seed: int, told: Follower) -> AblationChance:
    """Return the probability of death; the first Ctrl-C ends the trial, and what is done by then counts."""
    stop = Event()
    with _ended_by_hand(stop):
        return chance_of(
            inputs.plan,
            inputs.structures,
            inputs.wish,
            samples=samples,
            seed=seed,
            progress=told,
            cancelled=stop.is_set,
        )


@contextmanager
def _ended_by_hand(stop: Event) -> Iterator[None]:
    """Let Ctrl-C set an event instead of ending the program; only a main thread may listen."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _limits(stated: Sequence[str]) -> dict[str, float]:
    limits = {}
    for each in stated:
        name, sign, value = each.rpartition("=")
        if not sign or not name:
            raise UsageError(
                "cli.limit-unreadable",
                "--limit {given} is not what is asked; give a structure and a temperature such as colon=45",
                given=each,
            )
        limits[name] = float(numbers_in(value, 1)[0])
    return limits


def _of_the_plan(inputs: SimulationInputs, simulated: Simulated) -> tuple[Finding, ...]:
    lesion = inputs.structures.named(inputs.plan.target.lesion)
    return (
        *edge_findings(lesion, inputs.image.volume.grid),
        *same_place_findings(inputs.plan),
        *spared_findings(simulated.zone, inputs.structures, inputs.spared),
        *temperature_findings(simulated.outcome, inputs.structures, inputs.limits_c),
    )


def write_simulation(
    folder: Path,
    inputs: SimulationInputs,
    simulated: Simulated,
    *,
    at: datetime,
    chance: AblationChance | None = None,
) -> dict[str, Any]:
    """Write report, film and DICOM of a simulation, and return what a script wants to know."""
    names = (inputs.plan.target.organ, *inputs.wish.vessels, *inputs.spared)
    further = tuple(inputs.structures.named(name) for name in names if name)
    case = MarginCase(
        image=inputs.image,
        lesion=inputs.plan.target.lesion,
        margin=simulated.margin,
        zone=simulated.zone,
        findings=simulated.findings,
        registration=None,
        landmark_errors_mm=(),
        further=further,
        made_by=MADE_BY,
        inputs=(("plan", inputs.plan.content_hash), ("structures", inputs.structures.content_hash)),
        needles=tuple(each.needle for each in inputs.plan.applicators),
        origin=SIMULATED,
    )
    for language in Language:
        paper = Paper(language=language)
        further_blocks = () if chance is None else _chance_blocks(inputs, simulated, chance, paper)
        document = simulation_report(case, simulated.outcome, paper=paper, made_at=at, further=further_blocks)
        title = "Simulation of an ablation" if language is Language.ENGLISH else "消融模拟报告"
        write_document(folder, document, "simulation", title, language=language, image=inputs.image, at=at)
    (folder / "temperature.gif").write_bytes(temperature_film(simulated.outcome, simulated.margin))
    write_zone(folder, inputs.image, simulated.zone, (inputs.structures.named(inputs.plan.target.lesion),), at=at)
    data = margin_data(simulated.margin, simulated.findings) | {
        "chance": None if chance is None else _chance_json(chance),
        "death_model": simulated.outcome.chosen.name,
        "antenna": inputs.wish.antenna.name,
        "zone_cc": {model.name: zone.volume_cc for model, zone in simulated.outcome.deaths.items()},
        "energy_j": [trace.energy_j for trace in simulated.outcome.traces],
        "hottest_c": float(np.max(simulated.outcome.extreme.volume.values_kji)) - 273.15,
    }
    return marked(folder, data)


def _chance_blocks(
    inputs: SimulationInputs, simulated: Simulated, chance: AblationChance, paper: Paper
) -> tuple[Block, ...]:
    lesion = body_of(inputs.structures.named(inputs.plan.target.lesion)).mesh
    return chance_blocks(chance, image=inputs.image.volume, lesion=lesion, zone=simulated.zone, paper=paper)


def _chance_json(chance: AblationChance) -> dict[str, Any]:
    death = chance.death
    return {
        "samples": death.samples,
        "asked": death.asked,
        "seed": death.seed,
        "zone_cc": {f"{quantile:g}": death.volume_cc(quantile) for quantile in (0.05, 0.5, 0.95)},
        "tumour_least": chance.tumour_least,
        "tumour_least_lps_mm": chance.tumour_least_lps_mm.tolist(),
        "tumour_sure_percent": chance.tumour_sure_percent,
        "margin_sure_percent": chance.margin_sure_percent,
    }


def _chosen(kind: type[Choice], name: str, *, option: str) -> Choice:
    if name not in kind.__members__:
        raise UsageError(
            "cli.no-such-choice",
            "{option} is {given}; it can be: {choices}",
            option=option,
            given=name,
            choices=", ".join(kind.__members__),
        )
    return kind[name]
