"""Commands that plugins offer next to the harness's own."""

from __future__ import annotations

from importlib.metadata import entry_points

import click

from harness.registry.catalog import Kind, NamedObject
from harness.registry.choice import ALL_INSTALLED, PluginChoice
from harness.registry.hooks import PROJECT
from harness.registry.plugin import installed_sources, load_plugin
from harness.registry.registry import members_of_ours

# A command is called by its name on the command line, and by no spec.
COMMAND: Kind[click.Command] = Kind("command", "commands", NamedObject(("main", "get_short_help_str")))


def command_of_ours(name: str, choice: PluginChoice) -> click.Command | None:
    """Return a command of one of our own plugins, which alone is loaded.

    None where none of ours that is installed has it, or some plugins are off or in a folder: then all count.
    """
    if choice != ALL_INSTALLED:
        return None
    named = {
        row["plugin"] for row in members_of_ours() if (row["kind"], row["names"]) == (COMMAND.name, name)
    }
    points = [point for plugin in named for point in entry_points(group=PROJECT, name=plugin)]
    for source in installed_sources(points):
        if source.is_ours:
            offered = load_plugin(source, (COMMAND,), before=()).contributions
            return offered.get(COMMAND.name, {}).get(name)
    return None
