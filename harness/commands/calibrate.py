"""``harness calibrate``: how often a study finds what is not there."""

from __future__ import annotations

import click

from harness.commands.options import found, run_options, spec_argument
from harness.running.options import RunOptions
from harness.running.progress import progress


@click.command()
@spec_argument
@run_options(
    *("data", "out", "jobs", "backend", "scheduler", "overrides", "allow_outside"),
    out="Folder; by default runs/STUDY-calibration.",
)
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

    found(options.plugins)
    with progress() as on_progress:
        path = calibrate_study(options, n_panels=panels, effect=effect, on_progress=on_progress)
    click.echo(f"calibration: {path}")
