"""``harness run``, ``calibrate`` and ``report``: run a study, see how often it errs, write a report again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options as shared
from harness.registry.sources import PluginChoice
from harness.running.options import OPTIONS, RunOptions
from harness.running.progress import progress

if TYPE_CHECKING:
    from harness.report.blocks import Picture
    from harness.running.folder import RunFolder


@click.command()
@shared.spec_argument
@shared.run_options(*OPTIONS)
@shared.open_option
def run(options: RunOptions, opens: bool) -> None:
    """Run a study and write its tables, figures and report.

    Expected numbers of the spec that the run does not reproduce are counted and leave the exit code at 0; as
    tests they run under pytest.
    """
    from harness.api import run_study

    resumed: list[str] = []
    with progress() as on_progress:
        folder = run_study(
            options, find_plugins=shared.found, on_progress=on_progress, on_resumed=resumed.append
        )
    for line in resumed:
        click.echo(line, err=True)
    if line := _expected_line(folder):
        click.echo(line)
    if line := _nothing_line(folder):
        click.echo(line, err=True)
    click.echo(shared.written_line(folder.path))
    page = folder.path / "report.html"
    if opens and page.is_file():
        click.launch(str(page))


def _nothing_line(folder: RunFolder) -> str:
    """Return one line on a run in which no estimator has a result, with a reason; else an empty text."""
    found = folder.read_table("accuracy")
    if found.empty or (found["status"] == "ok").any():
        return ""
    return f"no estimator has a result, {len(found)} rows of accuracy.csv say why: {found['reason'].iloc[0]}"


def _expected_line(folder: RunFolder) -> str:
    """Return one line on how many expected numbers a run reproduces; an empty text where it expects none."""
    found = folder.read_table("expectations")
    if found.empty:
        return ""
    n_reproduced = int((found["status"] == "reproduced").sum())
    summary = f"expected numbers: {n_reproduced} of {len(found)} reproduced"
    if n_reproduced == len(found):
        return summary
    return f"{summary}, see {folder.path / 'expectations.csv'}; a difference fails under pytest, not here"


@click.command()
@shared.spec_argument
@shared.run_options(
    *("data", "out", "jobs", "backend", "scheduler", "overrides", "allow_outside"),
    out="Folder; by default runs/STUDY-calibration.",
)
@shared.number_option("--panels", click.IntRange(min=1, max=100_000), 100, "Panels to draw.")
@shared.number_option(
    "--effect", click.FLOAT, 0.0, "True effect of the exposure, on as many panels beside those without one."
)
def calibrate(options: RunOptions, panels: int, effect: float) -> None:
    """Repeat a study on panels like its own whose truth is known.

    Says how often the study finds what is not there, be it a gain, an effect, a nonlinearity, a turning
    point, a difference between groups or a change of sign, and what its bands cover. Panels keep levels of
    entities, shocks of periods, serial correlation, tails and gaps of the data. harness run --calibrated puts
    the rates beside the findings of the study.

    All estimators, protocols, rows and columns stay. So that many panels can be done, each fit is cheaper:
    one split of random rows, two groups of entities, one size and start of networks, at most 50 steps, 15 of
    them without success; 5 draws of ensembles that are compared and 40 of bands; 300 draws of intervals of
    gains; curves at 12 points; no questions that find nothing of that. calibration_form.csv lists every
    option that is not as in the spec.
    """
    from harness.calibration.run import calibrate as calibrate_study

    shared.found(options.plugins)
    with progress() as on_progress:
        path = calibrate_study(options, n_panels=panels, effect=effect, on_progress=on_progress)
    click.echo(f"calibration: {path}")


@click.command()
@shared.run_argument
@click.option(
    "--brief", is_flag=True, help="Write brief.html alone: the first screen and its notes, two pages."
)
@click.option("--png", is_flag=True, help="Write every figure as PNG too, into figures/.")
@click.option("--pdf", is_flag=True, help="Write every figure as PDF too, into figures/.")
@click.option("--force", is_flag=True, help="Write it where files are not as the run wrote them; recorded.")
@click.pass_obj
def report(choice: PluginChoice, folder: Path, *, brief: bool, png: bool, pdf: bool, force: bool) -> None:
    """Write the report of a finished run again, in the formats that its spec asks for."""
    from harness.api import reporter_of
    from harness.audit.integrity import changed_inputs, require_unchanged
    from harness.running.folder import RunFolder

    run = RunFolder.open(folder)
    if not force:
        hint = "take a whole copy of the folder; --force writes the report, and records it"
        require_unchanged(run, hint=hint)
    forced = changed_inputs(run)
    if brief:
        click.echo(f"brief: {reporter_of(choice).brief(folder)}")
        return
    shared.found(choice)
    pictures: dict[Picture, bool] = {"png": png, "pdf": pdf}
    reporter_of(choice, pictures=[kind for kind, asked in pictures.items() if asked]).report(folder)
    if forced:
        manifest = run.manifest()
        names = tuple(dict.fromkeys((*manifest.forced, *forced)))
        run.write_manifest(replace(manifest, forced=names))
    click.echo(shared.written_line(folder))
