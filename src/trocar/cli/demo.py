"""`trocar demo`: cases that Trocar makes itself, or the user's own, gone through from files to report."""

from pathlib import Path
from typing import Annotated, Any

import typer

from trocar.cli import options
from trocar.cli.as_json import SCHEMA
from trocar.cli.case_files import Asked
from trocar.cli.check import written_words
from trocar.cli.demo_walk import Walk, gone_through
from trocar.cli.exits import exit_of_findings
from trocar.cli.folders import whole_folder
from trocar.cli.loading import Told
from trocar.cli.own_case import run_own_case
from trocar.cli.surroundings import Surroundings
from trocar.cli.writing import mark_folder
from trocar.errors import UsageError
from trocar.phantom.case import Site
from trocar.report.document import say
from trocar.results.findings import Finding


def demo(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything made. 输出文件夹")],
    own: Annotated[
        Path | None,
        typer.Option(
            "--case",
            exists=True,
            help="Your own DICOM folder instead of the phantoms. 自己的病例文件夹",
            show_default=False,
        ),
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option("--site", help="liver, lung or prostate; repeat for more; all without. 部位", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which made-up person. 随机种子")] = 1,
    source: options.SourceKey = None,
    implant_at: options.ImplantAt = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Name of the target. 靶区名称", show_default=False)
    ] = None,
    patient: options.PatientId = None,
    plan_label: options.PlanLabel = None,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Go through a case end to end: images, plan, dose, robustness, guide, reports in Chinese and English. 演示.

    Without --case the project's own phantoms are scanned, planned from a request as a user would write it, and checked
    from the written files. Results of an earlier demonstration in the folder are replaced.
    """
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    if own is not None:
        asked = Asked(patient=patient, plan_label=plan_label, ask=speaker.ask)
        told = Told(source=source, implant_at=implant_at)
        code = run_own_case(own, out, asked=asked, told=told, target=target, speaker=speaker, at=surroundings.now())
        raise typer.Exit(code)
    sites = _sites(site)
    outcomes: list[dict[str, Any]] = []
    findings: list[Finding] = []
    with whole_folder(out, replace=True) as building:
        for each in sites:
            speaker.remark(f"— {each.name.lower()} —")
            folder = building / each.name.lower()
            folder.mkdir()
            with speaker.following() as follow:
                walk = Walk(site=each, folder=folder, seed=seed, at=surroundings.now(), speaker=speaker, follow=follow)
                gone_through(walk)
            outcomes.append(walk.data)
            findings.extend(walk.findings)
        mark_folder(building, command="demo", files=[each.name.lower() for each in sites])
    speaker.give({"schema": SCHEMA, "command": "demo", "folder": str(out.absolute()), "cases": outcomes})
    speaker.say(
        say("cli.demo-time", "all cases took {seconds:.0f} s", seconds=sum(each["seconds"] for each in outcomes))
    )
    speaker.say(written_words(out.absolute()))
    raise typer.Exit(exit_of_findings(tuple(findings)))


def _sites(names: list[str] | None) -> tuple[Site, ...]:
    if not names:
        return tuple(Site)
    known = {site.name.lower(): site for site in Site}
    strangers = [name for name in names if name.lower() not in known]
    if strangers:
        raise UsageError(
            "cli.no-such-site",
            "there is no phantom of {given}; there are: {choices}",
            given=", ".join(strangers),
            choices=", ".join(known),
        )
    return tuple(dict.fromkeys(known[name.lower()] for name in names))
