"""All checks of a plugin, or of one estimator."""

from __future__ import annotations

from collections.abc import Sequence

from harness.conformance.case import Case
from harness.conformance.check import Check
from harness.conformance.laws import LAWS
from harness.conformance.options import DEFAULTS, Options, build
from harness.errors import PluginError, Problem, near_names
from harness.estimators.protocol import ESTIMATOR, Estimator
from harness.installed import installed
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry


def checks_of(estimator: Estimator) -> list[Check]:
    """Return all checks of one estimator, with the options it has; nothing has to be installed."""
    case = Case(estimator)
    return [Check(law, case) for law in LAWS]


def checks_for(plugin: str, *, estimators: Sequence[str] = (), options: Options = DEFAULTS) -> list[Check]:
    """Return all checks of the estimators of an installed plugin.

    Parameters
    ----------
    plugin : name of its entry point; ``-`` and ``_`` are the same
    estimators : which to check; all where none is named
    options : by estimator, as a spec would hold them; the others have their defaults

    Raises
    ------
    PluginError
        Where no such plugin is installed, it is broken, or has no such estimator; a battery without an
        estimator is no battery that passes.
    SpecError
        Where options are wrong, or missing.
    """
    registry = installed()
    return checks_among(registry, find_plugin(registry, plugin), estimators=estimators, options=options)


def checks_among(
    registry: Registry, plugin: Plugin, *, estimators: Sequence[str] = (), options: Options = DEFAULTS
) -> list[Check]:
    """Return all checks of the estimators of a plugin of a registry; see `checks_for`."""
    _require(plugin, {*estimators, *options})
    return [
        check
        for name in estimators or plugin.names(ESTIMATOR)
        for check in checks_of(build(registry, name, options.get(name, {})))
    ]


def find_plugin(registry: Registry, name: str) -> Plugin:
    """Return a plugin that works and offers estimators.

    Raises
    ------
    PluginError
        Where there is none.
    """
    plugins = {one.name: one for one in registry.plugins}
    found = next((one for one in registry.plugins if _spelt(one.name) == _spelt(name)), None)
    if found is None:
        hint = near_names(name, plugins) or "install it first: pip install -e ."
        raise PluginError(Problem(name, "no plugin of this name is installed", ", ".join(plugins), hint))
    if found.off:
        raise PluginError(Problem(name, "the plugin is switched off", hint="leave out -p no:NAME"))
    if found.broken:
        raise PluginError(Problem(name, f"the plugin does not load: {found.broken}", hint="mend its package"))
    if found.absent:
        raise PluginError(Problem(name, f"the plugin is absent: {found.absent}"))
    if not found.names(ESTIMATOR):
        what = "the plugin offers no estimator, so there is nothing to check"
        raise PluginError(Problem(name, what, hint="return estimators from the hook harness_estimators"))
    return found


def _spelt(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _require(plugin: Plugin, names: set[str]) -> None:
    for name in sorted(names - set(plugin.names(ESTIMATOR))):
        hint = near_names(name, plugin.names(ESTIMATOR))
        what = f"the plugin offers no estimator '{name}'"
        raise PluginError(Problem(plugin.name, what, ", ".join(plugin.names(ESTIMATOR)), hint))
