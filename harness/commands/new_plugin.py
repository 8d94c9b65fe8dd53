"""``harness new-plugin``: start a plugin of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice

KIND_NAMES = (*("estimator", "protocol", "scenario", "step", "dataset", "simulation", "metric", "section"),)
"""Names of all kinds, which are not imported for ``--help``."""


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(KIND_NAMES),
    default=KIND_NAMES[0],
    show_default=True,
    help="What the plugin offers.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; by default NAME.")
@click.pass_obj
def new_plugin(choice: PluginChoice, name: str, kind: str, out: Path | None) -> None:
    """Write a distribution of one's own with a working estimator, or a member of another kind, and its tests.

    NAME is that of the distribution, such as harness-nearest. Nothing that is there is written over.
    """
    from harness.installed import KINDS
    from harness.scaffold.plugin import new_plugin as write_plugin

    (chosen,) = (known for known in KINDS if known.name == kind)
    names = write_plugin(name, out=out, registry=found(choice), kind=chosen)
    folder = out or Path(name)
    click.echo(f"plugin: {folder}")
    click.echo(f"next: pip install -e {folder} && harness test-plugin {names.package}")
