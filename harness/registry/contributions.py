"""What one plugin offers, asked through its hooks and checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

from harness.data.dataset import Dataset
from harness.errors import PluginError, Problem, near_names
from harness.estimators.protocol import Estimator
from harness.registry.contribution_check import check_dataset, check_estimator, check_protocol
from harness.registry.hookspecs import PROJECT, SEAM_ATTRIBUTE, SEAM_VERSION, Hooks

HOOKS = tuple(name for name in vars(Hooks) if name.startswith(f"{PROJECT}_"))
"""Names of the hooks."""


@dataclass(frozen=True)
class Contributions:
    """What plugins offer, by name."""

    estimators: Mapping[str, type[Estimator]] = field(default_factory=dict)
    protocols: Mapping[str, type] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)

    def __or__(self, other: Contributions) -> Contributions:
        """Return both offers as one; their names differ."""
        return Contributions(
            {**self.estimators, **other.estimators},
            {**self.protocols, **other.protocols},
            {**self.datasets, **other.datasets},
        )


def collect(plugin: object) -> Contributions:
    """Return what a loaded plugin offers.

    Raises
    ------
    PluginError
        Where it needs a newer seam, misspells a hook, or offers nothing or what cannot be used.
    pluggy.PluginValidationError
        Where a hook takes arguments that there are none of.
    """
    _check_seam(getattr(plugin, SEAM_ATTRIBUTE, SEAM_VERSION))
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(plugin)
    _check_hooks(plugin, manager)
    hook = manager.hook
    offer = Contributions(
        estimators=_by_name("harness_estimators", hook.harness_estimators(), check_estimator),
        protocols=_by_name("harness_protocols", hook.harness_protocols(), check_protocol),
        datasets=_by_name("harness_datasets", hook.harness_datasets(), check_dataset),
    )
    if offer == Contributions():
        raise PluginError(Problem("", "offers no estimator, protocol or dataset"))
    return offer


def _check_seam(version: object) -> None:
    if type(version) is not int:
        raise PluginError(Problem("", f"{SEAM_ATTRIBUTE} is {version!r}, and not a whole number"))
    if version > SEAM_VERSION:
        what = f"needs seam {version}, this harness has {SEAM_VERSION}: upgrade panel-harness"
        raise PluginError(Problem("", what))


def _check_hooks(plugin: object, manager: pluggy.PluginManager) -> None:
    """Refuse hooks that do not exist, and functions that only look like hooks."""
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        if not caller.has_spec() and not all(one.optionalhook for one in caller.get_hookimpls()):
            hint = near_names(caller.name, HOOKS) or f"the hooks are {', '.join(HOOKS)}"
            raise PluginError(Problem("", f"there is no hook '{caller.name}': {hint}"))
    marked = {caller.name for caller in callers}
    for name, _ in inspect.getmembers(plugin, inspect.isroutine):
        if name.startswith(f"{PROJECT}_") and name not in marked:
            raise PluginError(Problem("", f"{name} is not marked: write @hookimpl above it"))
    if not callers:
        raise PluginError(Problem("", f"implements no hook: write one of {', '.join(HOOKS)}"))


def _by_name(hook: str, results: Iterable[object], check: Callable[[Any], str]) -> Mapping[str, Any]:
    """Return what a hook gave by name; results of pluggy are one a plugin, and none where it gave None."""
    found: dict[str, Any] = {}
    for offered in results:
        if isinstance(offered, type | str) or not isinstance(offered, Iterable):
            raise PluginError(Problem("", f"{hook} returns {offered!r}, and not a list"))
        for one in offered:
            name = check(one)
            if name in found:
                raise PluginError(Problem("", f"{hook} returns two of the name '{name}'"))
            found[name] = one
    return found
