"""``harness calibrate``: how often a study finds what is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from harness.commands.options import (
    backend_option,
    data_option,
    jobs_option,
    n_jobs,
    outside_option,
    scheduler_option,
    set_option,
    spec_argument,
)
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice
from harness.running.progress import progress


@click.command()
@spec_argument
@data_option
@click.option(
    "--panels",
    type=click.IntRange(min=1, max=100_000),
    default=100,
    show_default=True,
    help="Panels to draw.",
)
@click.option(
    "--effect",
    type=float,
    default=0.0,
    show_default=True,
    help="True effect of the exposure, on as many panels beside those without one.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder; by default runs/STUDY-calibration.")
@jobs_option
@backend_option
@scheduler_option
@set_option
@outside_option
@click.pass_obj
def calibrate(
    choice: PluginChoice,
    spec: Path,
    data: Path | None,
    panels: int,
    effect: float,
    out: Path | None,
    jobs: int | None,
    backend: Literal["loky", "dask"],
    scheduler: str | None,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
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
    from harness.calibration.table import Truth
    from harness.running.options import RunOptions

    found(choice)
    options = RunOptions(
        spec=spec,
        data=data,
        out=out,
        n_jobs=n_jobs(jobs),
        backend=backend,
        scheduler=scheduler,
        overrides=overrides,
        allow_outside=allow_outside,
        plugins=choice,
    )
    with progress() as on_progress:
        path = calibrate_study(options, Truth(panels, effect), on_progress=on_progress)
    click.echo(f"calibration: {path}")
