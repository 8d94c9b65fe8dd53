"""Write a new plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.estimators.protocol import ESTIMATOR
from harness.registry.kind import Kind
from harness.registry.registry import Registry
from harness.scaffold.folder import write_folder
from harness.scaffold.names import PluginNames, read_name
from harness.scaffold.render import render
from harness.scaffold.taken import refuse_taken
from harness.spec.ladder import drafted_rungs


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
    drafted = drafted_rungs(registry.of(ESTIMATOR))
    write_folder(
        out or Path(names.distribution), render(names, kind, reference=drafted[0] if drafted else None)
    )
    return names
