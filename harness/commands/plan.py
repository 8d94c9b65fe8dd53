"""``harness plan``: what a run would fit, and what it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice

if TYPE_CHECKING:
    from harness.forecast.forecast import Forecast
    from harness.running.options import RunOptions
    from harness.running.prepare import Prepared


@click.command()
@spec_argument
@data_option
@quick_option
@jobs_option
@click.option(
    "--within",
    type=click.FloatRange(min=0, min_open=True),
    metavar="MINUTES",
    help="Say also how many of the draws fit into so many minutes, and the command that makes them.",
)
@click.option("--list-only", is_flag=True, help="Fit nothing: do not say how long a run takes.")
@set_option
@outside_option
@click.pass_obj
def plan(
    choice: PluginChoice,
    spec: Path,
    data: Path | None,
    quick: bool,
    jobs: int | None,
    within: float | None,
    list_only: bool,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Read spec and data and show what a run would fit, how long it takes and how much memory.

    Time and memory come from a few fits that are made now, with few draws: time is that of a machine with
    nothing else to do. With --within the draws of scenarios and ensembles are cut until a run ends in time:
    the command that is shown has their number, so that its tables do not depend on a machine's speed.
    """
    from harness.api import prepare_study
    from harness.running.options import RunOptions

    found(choice)
    options = RunOptions(
        spec=spec, data=data, quick=quick, overrides=overrides, allow_outside=allow_outside, plugins=choice
    )
    prepared = prepare_study(options)
    click.echo(prepared.plan.describe())
    if list_only:
        return
    from harness.forecast.forecast import forecast

    told = forecast(prepared.plan, on_probe=lambda label: click.echo(f"trying {label}", err=True))
    click.echo(told.describe(n_jobs(jobs)))
    if within is not None:
        click.echo(_within(options, prepared, told, within, n_jobs(jobs)))


def _within(options: RunOptions, prepared: Prepared, told: Forecast, minutes: float, jobs: int) -> str:
    """Return how many of the draws fit into a time, and the command of a run with them."""
    from harness.forecast.budget import fewer_draws, share_within

    share = share_within(told, 60.0 * minutes, n_jobs=jobs)
    if share == 1.0:
        return f"within {minutes:g} min: all draws"
    if share == 0.0:
        return f"within {minutes:g} min: no draws, since what else is to be done takes longer"
    fewer = replace(options, overrides=(*options.overrides, *fewer_draws(prepared, share)))
    command = fewer.command(Path(), prepared.plan.study.data)
    return f"within {minutes:g} min: {share:.0%} of the draws, by\n{command} --jobs {jobs}"
