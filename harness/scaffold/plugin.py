"""Write a new plugin."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import PluginError, Problem
from harness.estimators.protocol import ESTIMATOR
from harness.registry.kind import Kind
from harness.registry.registry import Registry
from harness.scaffold.folder import write_folder
from harness.scaffold.names import PluginNames, read_name
from harness.scaffold.render import render
from harness.study.spec.entry import drafted_entries


def new_plugin(
    name: str, *, out: Path | None, registry: Registry, kind: Kind[Any] = ESTIMATOR
) -> PluginNames:
    """Write a distribution with a working member of a kind and return what its parts are called.

    Parameters
    ----------
    name : of the distribution
    out : folder to write; None takes one of the distribution's name, in the working folder
    kind : of what it offers
    registry : the plugins of this machine, whose names are taken

    Raises
    ------
    PluginError
        Where the name cannot be used.
    ArtifactError
        Where the folder is there already, or cannot be written.
    """
    names = read_name(name)
    refuse_taken(names, registry, kind)
    drafted = drafted_entries(registry.of(ESTIMATOR))
    write_folder(
        out or Path(names.distribution), render(names, kind, reference=drafted[0] if drafted else None)
    )
    return names


def refuse_taken(names: PluginNames, registry: Registry, kind: Kind[Any] = ESTIMATOR) -> None:
    """Refuse names that are taken on this machine.

    Raises
    ------
    PluginError
        With every name that is: of a plugin, of a member of the kind, of a package that can be imported.
    """
    problems = tuple(_taken(names, registry, kind))
    if problems:
        raise PluginError(*problems)


def _taken(names: PluginNames, registry: Registry, kind: Kind[Any]) -> Iterator[Problem]:
    hint = "choose another name"
    if plugin := next((known for known in registry.plugins if known.name == names.package), None):
        what = f"a plugin '{plugin.name}' is installed, by {plugin.distribution} {plugin.version}"
        yield Problem(names.distribution, what, hint=f"{hint}, or uninstall that one first")
    elif importlib.util.find_spec(names.package) is not None:
        what = f"a package '{names.package}' can be imported already, and one would hide the other"
        yield Problem(names.distribution, what, hint=hint)
    if names.member in registry.of(kind):
        owner = next(found.name for found in registry.plugins if names.member in found.names(kind))
        what = f"the {kind.name} would be called '{names.member}', as one of {owner} is"
        yield Problem(names.distribution, what, hint=hint)
