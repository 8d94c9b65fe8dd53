"""Plugins found on this machine, what each offers, and what is wrong with the broken ones."""

from __future__ import annotations

import functools
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated

import pluggy

from harness.catalog import Choose
from harness.data.dataset import Dataset
from harness.errors import PluginError, Problem
from harness.estimators.hookspecs import PROJECT, Hooks
from harness.estimators.protocol import Estimator


@dataclass(frozen=True)
class Plugin:
    """One entry point of the group ``harness``.

    Attributes
    ----------
    name : of the entry point
    distribution, version : that installed it
    estimators : names of the estimators it offers
    protocols : names of the protocols it offers
    datasets : names of the datasets it offers
    broken : why it offers nothing; empty for a plugin that works
    """

    name: str
    distribution: str
    version: str
    estimators: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    broken: str = ""


@dataclass(frozen=True)
class Registry:
    """What the plugins of this machine offer, by name."""

    plugins: tuple[Plugin, ...]
    estimators: Mapping[str, type[Estimator]]
    protocols: Mapping[str, type]
    datasets: Mapping[str, Dataset]


@dataclass(frozen=True)
class EstimatorCatalog:
    """Estimators that a spec can choose."""

    registry: Registry
    kind: str = field(default="estimator", init=False)

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass behind each name."""
        return self.registry.estimators

    def why_missing(self, name: str) -> str:  # noqa: ARG002
        """Name the broken plugins, since the estimator may be one of theirs."""
        broken = [f"{plugin.name} ({plugin.broken})" for plugin in self.registry.plugins if plugin.broken]
        return f"broken plugins: {'; '.join(broken)}" if broken else ""


NestedEstimator = Annotated[Estimator, Choose("estimator")]
"""Type of an option that is itself an estimator, written ``{use: NAME, ...}`` in YAML."""


@dataclass(frozen=True)
class _Offer:
    """What one plugin offers, by name."""

    estimators: Mapping[str, type[Estimator]]
    protocols: Mapping[str, type]
    datasets: Mapping[str, Dataset]


def _offer(plugin: object) -> _Offer:
    """Return what one plugin offers, checked against the hook specifications."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(plugin)
    manager.check_pending()
    hook = manager.hook
    return _Offer(
        estimators={one.name: one for offer in hook.harness_estimators() for one in offer},
        protocols={one.name: one for offer in hook.harness_protocols() for one in offer},
        datasets={one.name: one for offer in hook.harness_datasets() for one in offer},
    )


def _refuse_taken(plugin: str, names: Iterable[str], taken: Container[str]) -> None:
    both = [name for name in names if name in taken]
    if both:
        raise PluginError(Problem(plugin, f"offers names that are taken: {', '.join(both)}"))


def read_registry(points: tuple[EntryPoint, ...]) -> Registry:
    """Load these entry points; one that fails is listed as broken and breaks nothing else."""
    plugins: list[Plugin] = []
    estimators: dict[str, type[Estimator]] = {}
    protocols: dict[str, type] = {}
    datasets: dict[str, Dataset] = {}
    for point in sorted(points, key=lambda one: one.name):
        who = (point.name, point.dist.name if point.dist else "", point.dist.version if point.dist else "")
        try:
            offer = _offer(point.load())
            _refuse_taken(point.name, offer.estimators, estimators)
            _refuse_taken(point.name, offer.protocols, protocols)
            _refuse_taken(point.name, offer.datasets, datasets)
        except Exception as error:  # noqa: BLE001 - a stranger's import may raise anything; it is reported
            plugins.append(Plugin(*who, broken=f"{type(error).__name__}: {error}".strip()))
            continue
        estimators |= offer.estimators
        protocols |= offer.protocols
        datasets |= offer.datasets
        plugins.append(Plugin(*who, tuple(offer.estimators), tuple(offer.protocols), tuple(offer.datasets)))
    return Registry(tuple(plugins), estimators, protocols, datasets)


@functools.cache
def installed() -> Registry:
    """Return the registry of the plugins installed in this environment."""
    return read_registry(tuple(entry_points(group=PROJECT)))
