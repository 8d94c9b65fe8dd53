"""``harness plan``: what a run would fit."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import data_option, outside_option, quick_option, set_option, spec_argument
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@spec_argument
@data_option
@quick_option
@set_option
@outside_option
@click.pass_obj
def plan(
    choice: PluginChoice,
    spec: Path,
    data: Path | None,
    quick: bool,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> None:
    """Read spec and data and show what a run would fit, without fitting anything."""
    from harness.api import prepare_study
    from harness.execution.options import RunOptions

    found(choice)
    options = RunOptions(
        spec=spec, data=data, quick=quick, overrides=overrides, allow_outside=allow_outside, plugins=choice
    )
    click.echo(prepare_study(options).plan.describe())
