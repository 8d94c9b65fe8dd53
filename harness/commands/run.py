"""``harness run``: run a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.commands.options import (
    backend_option,
    data_option,
    jobs_option,
    memory_limit_option,
    n_jobs,
    outside_option,
    quick_option,
    scheduler_option,
    set_option,
    spec_argument,
    time_limit_option,
)
from harness.commands.plugin_options import found
from harness.commands.written_line import REPORT, written_line
from harness.registry.plugin_choice import PluginChoice
from harness.running.progress import progress

if TYPE_CHECKING:
    from harness.running.folder import RunFolder


@click.command()
@spec_argument
@data_option
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; by default runs/STUDY.")
@quick_option
@jobs_option
@backend_option
@scheduler_option
@time_limit_option
@memory_limit_option
@click.option("--resume", is_flag=True, help="Take up a run of this study that was cut off.")
@click.option(
    "--calibrated",
    type=click.Path(path_type=Path),
    help="Folder that harness calibrate wrote for this study: its error rates go beside the findings.",
)
@click.option("--open", "opens", is_flag=True, help="Show the report in the browser at the end.")
@set_option
@outside_option
@click.pass_obj
def run(
    choice: PluginChoice,
    spec: Path,
    data: Path | None,
    out: Path | None,
    quick: bool,
    jobs: int | None,
    backend: Literal["loky", "dask"],
    scheduler: str | None,
    time_limit: float | None,
    memory_limit: float | None,
    resume: bool,
    calibrated: Path | None,
    opens: bool,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Run a study and write its tables, figures and report.

    Expected numbers of the spec that the run does not reproduce are counted and leave the exit code at 0; as
    tests they run under pytest.
    """
    from harness.api import run_study
    from harness.running.options import RunOptions

    options = RunOptions(
        spec=spec,
        data=data,
        out=out,
        quick=quick,
        n_jobs=n_jobs(jobs),
        backend=backend,
        scheduler=scheduler,
        time_limit=time_limit,
        memory_limit=memory_limit,
        resume=resume,
        calibrated=calibrated,
        overrides=overrides,
        allow_outside=allow_outside,
        plugins=choice,
    )
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
    page = folder.path / REPORT
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
    told = f"expected numbers: {n_reproduced} of {len(found)} reproduced"
    if n_reproduced == len(found):
        return told
    return f"{told}, see {folder.path / 'expectations.csv'}; a difference fails under pytest, not here"
