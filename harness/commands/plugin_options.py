"""Options of the whole command that say which plugins count, before the name of a subcommand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.registry.plugin_choice import PluginChoice, asked_by_environment

if TYPE_CHECKING:
    from harness.registry.registry import Registry

_OFF = "no:"


def _names_off(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [value for value in values if not value.startswith(_OFF) or value == _OFF]
    if wrong:
        raise click.BadParameter(f"'{wrong[0]}' is not of the form {_OFF}NAME", param=option)
    return tuple(value.removeprefix(_OFF) for value in values)


plugins_off_option = click.option(
    "-p",
    "plugins_off",
    multiple=True,
    callback=_names_off,
    metavar="no:NAME",
    help="Switch a plugin off; repeatable. Also HARNESS_PLUGINS_OFF, comma separated.",
)
plugins_folder_option = click.option(
    "--plugins-folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of plugins that are not installed, each a module or package; their code runs. "
    "Also HARNESS_PLUGINS_FOLDER.",
)


def chosen(plugins_off: tuple[str, ...], plugins_folder: Path | None) -> PluginChoice:
    """Return what the options say, with what the environment variables say beside them."""
    asked = asked_by_environment()
    return PluginChoice(tuple(dict.fromkeys((*asked.off, *plugins_off))), plugins_folder or asked.folder)


def found(choice: PluginChoice) -> Registry:
    """Return what the chosen plugins offer, and say on standard error which are left out as broken."""
    from harness.installed import installed

    registry = installed(choice)
    for plugin in registry.broken:
        click.echo(f"plugin {plugin.name} is left out, it is broken: {plugin.broken}", err=True)
    return registry
