"""``harness plugins``: what is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from harness.registry.plugin_choice import PluginChoice

if TYPE_CHECKING:
    from harness.registry.plugin import Plugin


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def plugins(choice: PluginChoice, as_json: bool) -> None:
    """List the plugins, what each offers, and what is wrong with the broken ones."""
    from dataclasses import asdict

    from harness.installed import installed

    registry = installed(choice)
    if as_json:
        click.echo(json.dumps([asdict(plugin) for plugin in registry.plugins], indent=1))
        return
    for plugin in registry.plugins:
        click.echo(f"{plugin.name} ({plugin.distribution} {plugin.version}): {_offers(plugin)}")
    if registry.broken:
        click.echo("a broken plugin is left out; to stop loading it: harness -p no:NAME COMMAND")


def _offers(plugin: Plugin) -> str:
    if plugin.off:
        return "switched off"
    if plugin.broken:
        return f"broken: {plugin.broken}"
    if plugin.absent:
        return f"absent: {plugin.absent}"
    return "; ".join(f"{kind} {', '.join(names)}" for kind, names in plugin.offers.items())
