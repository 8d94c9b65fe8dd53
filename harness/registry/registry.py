"""What the plugins found on this machine offer together."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated

from harness.data.dataset import Dataset
from harness.errors import PluginError, Problem, near_names
from harness.estimators.protocol import Estimator
from harness.registry.catalog import Choose
from harness.registry.contributions import Contributions
from harness.registry.hookspecs import PROJECT
from harness.registry.plugin import LoadedPlugin, Plugin, load_plugin, switched_off
from harness.registry.plugin_choice import ALL_INSTALLED, OFF_VARIABLE, PluginChoice, asked_by_environment
from harness.registry.plugin_folder import PluginFolder
from harness.registry.plugin_source import PluginSource, in_order


@dataclass(frozen=True)
class Registry:
    """What the plugins of this machine offer, by name.

    Attributes
    ----------
    plugins : all that were found
    estimators, protocols, datasets : of the plugins that work
    brought_by : versions of what brought the plugins that work, for the manifest of a run
    """

    plugins: tuple[Plugin, ...]
    estimators: Mapping[str, type[Estimator]]
    protocols: Mapping[str, type]
    datasets: Mapping[str, Dataset]
    brought_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def broken(self) -> tuple[Plugin, ...]:
        """The plugins that do not work."""
        return tuple(plugin for plugin in self.plugins if plugin.broken)

    @property
    def absent(self) -> str:
        """The plugins that are broken, with their reasons, or off, in words: a missing name may be theirs."""
        broken = "; ".join(f"{plugin.name} ({plugin.broken})" for plugin in self.broken)
        off = ", ".join(plugin.name for plugin in self.plugins if plugin.off)
        kinds = {"broken plugins": broken, "plugins switched off": off}
        return "; ".join(f"{kind}: {names}" for kind, names in kinds.items() if names)


@dataclass(frozen=True)
class EstimatorCatalog:
    """Estimators that a spec can choose."""

    registry: Registry
    kind: str = field(default="estimator", init=False)

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass behind each name."""
        return self.registry.estimators

    def why_missing(self, name: str) -> str:  # noqa: ARG002 - a plugin that did not load has told no name
        """Name the plugins that are broken or off, since the estimator may be one of theirs."""
        return self.registry.absent


NestedEstimator = Annotated[Estimator, Choose("estimator")]
"""Type of an option that is itself an estimator, written ``{use: NAME, ...}`` in YAML."""


def read_registry(points: tuple[EntryPoint, ...], *, choice: PluginChoice = ALL_INSTALLED) -> Registry:
    """Load plugins; one that fails is listed as broken and breaks nothing else.

    A name belongs to the plugin that comes first: those of the harness, then others that are installed, then
    those of the local folder, each kind in the order of the plugins' names.

    Parameters
    ----------
    points : of the group ``harness``
    choice : plugins that are off, and the folder of those that are not installed

    Raises
    ------
    PluginError
        Where the choice names a plugin or a folder that is not there.
    """
    folder = None if choice.folder is None else PluginFolder.at(choice.folder)
    sources: list[PluginSource] = [*in_order(points), *(folder.plugins if folder else ())]
    _refuse_unknown(choice.off, {source.name for source in sources})
    found: list[LoadedPlugin] = []
    brought_by = {"local plugins": f"sha256:{folder.sha256}"} if folder else {}
    for source in sources:
        if source.name in choice.off:
            found.append(switched_off(source))
            continue
        found.append(load_plugin(source, before=[one.plugin for one in found]))
        if not found[-1].plugin.broken:
            brought_by[source.recorded_as] = source.version
    offers = functools.reduce(Contributions.__or__, (one.offer for one in found), Contributions())
    plugins = tuple(one.plugin for one in found)
    return Registry(plugins, offers.estimators, offers.protocols, offers.datasets, brought_by)


def installed(choice: PluginChoice | None = None) -> Registry:
    """Return the registry of the plugins of this environment, read once for each choice.

    Parameters
    ----------
    choice : plugins that are off, and a folder of others; None takes what the environment variables say
    """
    return _read_installed(asked_by_environment() if choice is None else choice)


@functools.cache
def _read_installed(choice: PluginChoice) -> Registry:
    return read_registry(tuple(entry_points(group=PROJECT)), choice=choice)


def _refuse_unknown(off: Iterable[str], known: set[str]) -> None:
    unknown = [name for name in off if name not in known]
    if unknown:
        problems = (
            Problem(
                where=f"-p no:{name} (or {OFF_VARIABLE})",
                what=f"there is no plugin '{name}' to switch off",
                expected=", ".join(sorted(known)),
                hint=near_names(name, known),
            )
            for name in unknown
        )
        raise PluginError(*problems)
