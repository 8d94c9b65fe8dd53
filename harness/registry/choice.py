"""What the user says about plugins: which are off, a folder of others, and packages whose code may run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Environment variable with the plugins that are switched off, comma separated.
OFF_VARIABLE = "HARNESS_PLUGINS_OFF"

# Environment variable with a folder of plugins.
FOLDER_VARIABLE = "HARNESS_PLUGINS_FOLDER"

# Environment variable with the packages that specs may name classes of, comma separated.
PACKAGES_VARIABLE = "HARNESS_PACKAGES"


@dataclass(frozen=True)
class PluginChoice:
    """What the user said about plugins, on the command line or in the environment; never in a spec.

    Attributes
    ----------
    off : names of plugins that are not loaded
    folder : of plugins that are not installed; each module or package directly in it is one
    packages : whose estimators specs may name by class, so that their code runs
    """

    off: tuple[str, ...] = ()
    folder: Path | None = None
    packages: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The options of the command that say the same."""
        folder = () if self.folder is None else ("--plugins-folder", self.folder.as_posix())
        packages = (word for name in self.packages for word in ("--package", name))
        return (*folder, *packages, *(word for name in self.off for word in ("-p", f"no:{name}")))


# Every plugin that is installed, and no other.
ALL_INSTALLED = PluginChoice()


def requested_by_environment(environment: Mapping[str, str] = os.environ) -> PluginChoice:
    """Return what the environment variables say about plugins."""
    folder = environment.get(FOLDER_VARIABLE, "")
    off, packages = (_names(environment.get(name, "")) for name in (OFF_VARIABLE, PACKAGES_VARIABLE))
    return PluginChoice(off, Path(folder) if folder else None, packages)


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def trusted_packages() -> tuple[str, ...]:
    """Return the packages outside the harness whose classes a spec may name."""
    return requested_by_environment().packages


def trust_package(name: str) -> None:
    """Let specs name classes of a package, in this process and those that it starts."""
    os.environ[PACKAGES_VARIABLE] = ",".join(dict.fromkeys((*trusted_packages(), name)))
