"""``harness new-plugin``: start a plugin of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command("new-plugin")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; by default NAME.")
@click.pass_obj
def new_plugin(choice: PluginChoice, name: str, out: Path | None) -> None:
    """Write a distribution of one's own with a working estimator, its tests and a study to try it on.

    NAME is that of the distribution, such as harness-nearest. Nothing that is there is written over.
    """
    from harness.scaffold.plugin import new_plugin as write_plugin

    names = write_plugin(name, out=out, registry=found(choice))
    folder = out or Path(name)
    click.echo(f"plugin: {folder}")
    click.echo(f"next: pip install -e {folder} && harness test-plugin {names.package}")
