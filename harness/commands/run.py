"""``harness run`` and ``harness report``: run a study, and write a report again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import (
    found,
    open_option,
    option_of,
    run_argument,
    run_options,
    spec_argument,
    written_line,
)
from harness.registry.sources import PluginChoice
from harness.running.options import OPTIONS, RunOptions
from harness.running.progress import progress

if TYPE_CHECKING:
    from harness.running.folder import RunFolder


@click.command()
@spec_argument
@run_options(*OPTIONS)
@open_option
def run(options: RunOptions, opens: bool) -> None:
    """Run a study and write its tables, figures and report.

    Expected numbers of the spec that the run does not reproduce are counted and leave the exit code at 0; as
    tests they run under pytest.
    """
    from harness.api import run_study

    resumed: list[str] = []
    with progress() as on_progress:
        folder = run_study(options, find_plugins=found, on_progress=on_progress, on_resumed=resumed.append)
    for line in resumed:
        click.echo(line, err=True)
    if line := _expected_line(folder):
        click.echo(line)
    if line := _nothing_line(folder):
        click.echo(line, err=True)
    click.echo(written_line(folder.path))
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
@run_argument
@click.option(
    "--brief", is_flag=True, help="Write brief.html alone: the first screen and its notes, two pages."
)
@option_of("jobs")
@click.option("--force", is_flag=True, help="Write it where files are not as the run wrote them; recorded.")
@click.pass_obj
def report(choice: PluginChoice, folder: Path, *, brief: bool, jobs: int, force: bool) -> None:
    """Write the report of a finished run again, in the formats that its spec asks for."""
    from harness.api import reporter_of
    from harness.audit.integrity import changed_inputs, require_unchanged
    from harness.running.folder import RunFolder
    from harness.running.workers import LocalWorkers

    run = RunFolder.open(folder)
    if not force:
        require_unchanged(
            run, hint="take a whole copy of the folder; --force writes the report, and records it"
        )
    forced = changed_inputs(run)
    if brief:
        click.echo(f"brief: {reporter_of(choice).brief(folder)}")
        return
    found(choice)
    reporter_of(choice, workers=LocalWorkers(jobs)).report(folder)
    if forced:
        manifest = run.manifest()
        names = tuple(dict.fromkeys((*manifest.forced, *forced)))
        run.write_manifest(replace(manifest, forced=names))
    click.echo(written_line(folder))
