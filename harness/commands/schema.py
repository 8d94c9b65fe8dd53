"""``harness schema``: the JSON Schema of a spec."""

from __future__ import annotations

import json

import click

from harness.commands.plugin_options import found
from harness.registry.plugin_choice import PluginChoice


@click.command()
@click.pass_obj
def schema(choice: PluginChoice) -> None:
    """Print the JSON Schema of a spec, for editors, with the options of all installed plugins."""
    from harness.spec.json_schema import spec_schema

    click.echo(json.dumps(spec_schema(found(choice).catalogs), indent=1))
