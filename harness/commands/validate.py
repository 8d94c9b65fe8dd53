"""``harness validate``: check a spec."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import set_option, spec_argument
from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@spec_argument
@set_option
@click.pass_obj
def validate(choice: PluginChoice, spec: Path, overrides: tuple[str, ...]) -> None:
    """Check a spec and say everything that is wrong with it."""
    from harness.spec.load import load_study

    study = load_study(spec, catalogs=found(choice).catalogs, overrides=overrides).study
    click.echo(f"{spec}: valid; study '{study.study}' with {len(study.estimators)} estimators")
