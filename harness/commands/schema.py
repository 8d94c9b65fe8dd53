"""``harness schema``: the JSON Schema of a spec."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of a spec, for editors, with the options of all installed plugins."""
    from harness.estimators.registry import installed
    from harness.planner import catalogs
    from harness.spec.json_schema import spec_schema

    click.echo(json.dumps(spec_schema(catalogs(installed())), indent=1))
