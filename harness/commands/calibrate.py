"""``harness calibrate``: how often a study finds what is not there."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import (
    data_option,
    jobs_option,
    n_jobs,
    outside_option,
    set_option,
    spec_argument,
)
from harness.commands.progress import progress


@click.command()
@spec_argument
@data_option
@click.option("--panels", type=click.IntRange(min=1), default=100, show_default=True, help="Panels to draw.")
@click.option("--effect", type=float, default=0.0, show_default=True, help="True effect of the exposure.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder; by default runs/STUDY-calibration.")
@jobs_option
@set_option
@outside_option
def calibrate(
    spec: Path,
    data: Path | None,
    panels: int,
    effect: float,
    out: Path | None,
    jobs: int | None,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Repeat a study, in its quick form, on panels like its own whose truth is known.

    Says how often the study finds a gain or an effect that is not there, and what its bands cover.
    """
    from harness.calibrate import Truth
    from harness.calibrate import calibrate as calibrate_study
    from harness.runner import RunOptions

    options = RunOptions(
        spec=spec,
        data=data,
        out=out,
        quick=True,
        n_jobs=n_jobs(jobs),
        overrides=overrides,
        allow_outside=allow_outside,
    )
    with progress() as on_progress:
        path = calibrate_study(options, Truth(panels, effect), on_progress=on_progress)
    click.echo(f"calibration: {path}")
