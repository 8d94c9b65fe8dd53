"""Which plugins a user wants beside, or without, those that are installed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OFF_VARIABLE = "HARNESS_PLUGINS_OFF"
"""Environment variable with the plugins that are switched off, comma separated."""

FOLDER_VARIABLE = "HARNESS_PLUGINS_FOLDER"
"""Environment variable with a folder of plugins."""


@dataclass(frozen=True)
class PluginChoice:
    """What the user said about plugins, on the command line or in the environment; never in a spec.

    Attributes
    ----------
    off : names of plugins that are not loaded
    folder : of plugins that are not installed; each module or package directly in it is one
    """

    off: tuple[str, ...] = ()
    folder: Path | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The options of the command that say the same."""
        folder = () if self.folder is None else ("--plugins-folder", self.folder.as_posix())
        return (*folder, *(word for name in self.off for word in ("-p", f"no:{name}")))


ALL_INSTALLED = PluginChoice()
"""Every plugin that is installed, and no other."""


def asked_by_environment(environment: Mapping[str, str] = os.environ) -> PluginChoice:
    """Return what the environment variables say about plugins."""
    names = (name.strip() for name in environment.get(OFF_VARIABLE, "").split(","))
    folder = environment.get(FOLDER_VARIABLE, "")
    return PluginChoice(tuple(name for name in names if name), Path(folder) if folder else None)
