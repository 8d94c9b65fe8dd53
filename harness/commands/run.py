"""``harness run``: run a study."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import (
    data_option,
    jobs_option,
    n_jobs,
    outside_option,
    quick_option,
    set_option,
    spec_argument,
)
from harness.commands.progress import progress


@click.command()
@spec_argument
@data_option
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; by default runs/STUDY.")
@quick_option
@jobs_option
@click.option("--resume", is_flag=True, help="Take up a run of this study that was cut off.")
@set_option
@outside_option
def run(
    spec: Path,
    data: Path | None,
    out: Path | None,
    quick: bool,
    jobs: int | None,
    resume: bool,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Run a study and write its tables, figures and report."""
    from harness.runner import RunOptions
    from harness.runner import run as run_study

    options = RunOptions(
        spec=spec,
        data=data,
        out=out,
        quick=quick,
        n_jobs=n_jobs(jobs),
        resume=resume,
        overrides=overrides,
        allow_outside=allow_outside,
    )
    with progress() as on_progress:
        folder = run_study(options, on_progress=on_progress)
    click.echo(f"report: {folder.path / 'report.html'}")
