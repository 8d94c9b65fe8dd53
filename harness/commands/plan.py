"""``harness plan``: what a run would fit, and what it takes."""

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
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@spec_argument
@data_option
@quick_option
@jobs_option
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
    list_only: bool,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Read spec and data and show what a run would fit, how long it takes and how much memory.

    Time and memory come from a few fits that are made now, with few draws: time is that of a machine with
    nothing else to do.
    """
    from harness.api import prepare_study
    from harness.execution.options import RunOptions

    found(choice)
    options = RunOptions(
        spec=spec, data=data, quick=quick, overrides=overrides, allow_outside=allow_outside, plugins=choice
    )
    prepared = prepare_study(options).plan
    click.echo(prepared.describe())
    if list_only:
        return
    from harness.forecast.forecast import forecast

    told = forecast(prepared, on_probe=lambda label: click.echo(f"trying {label}", err=True))
    click.echo(told.describe(n_jobs(jobs)))
