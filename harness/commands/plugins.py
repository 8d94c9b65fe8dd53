"""``harness plugins``: what is installed."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plugins(as_json: bool) -> None:
    """List the installed plugins, what each offers, and what is wrong with the broken ones."""
    from dataclasses import asdict

    from harness.estimators.registry import installed

    found = installed().plugins
    if as_json:
        click.echo(json.dumps([asdict(plugin) for plugin in found], indent=1))
        return
    for plugin in found:
        offers = (
            f"broken: {plugin.broken}"
            if plugin.broken
            else ", ".join(plugin.estimators + plugin.protocols + plugin.datasets)
        )
        click.echo(f"{plugin.name} ({plugin.distribution} {plugin.version}): {offers}")
