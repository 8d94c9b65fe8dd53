"""All checks of a plugin, or of one member."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.conformance.case import Case
from harness.conformance.check import Battery, Check
from harness.conformance.estimators import ESTIMATOR_RULES
from harness.conformance.members import MEMBER_RULES
from harness.conformance.options import DEFAULTS, Options, build
from harness.errors import PluginError, Problem, near_names
from harness.estimators.protocol import ESTIMATOR, Estimator
from harness.installed import KINDS, installed
from harness.registry.kind import Kind
from harness.registry.plugin import Plugin
from harness.registry.registry import Registry


def checks_of(estimator: Estimator) -> list[Check]:
    """Return all checks of one estimator, with the options it has; nothing has to be installed."""
    return Battery.of(ESTIMATOR.name, estimator.name, Case(estimator), ESTIMATOR_RULES).checks


def checks_of_member(kind: Kind[Any], member: Any) -> list[Check]:  # noqa: ANN401 - of any kind
    """Return all checks of one member of a kind, with the options it has; nothing has to be installed."""
    if kind.name == ESTIMATOR.name:
        return checks_of(member)
    return Battery.of(kind.name, member.name, member, MEMBER_RULES[kind.name]).checks


def checks_for(plugin: str, *, only: Sequence[str] = (), options: Options = DEFAULTS) -> list[Check]:
    """Return all checks of what an installed plugin offers.

    Parameters
    ----------
    plugin : name of its entry point; ``-`` and ``_`` are the same
    only : names of the members to check; all where none is named
    options : by member, as a spec would hold them; the others have their defaults

    Raises
    ------
    PluginError
        Where no such plugin is installed, it is broken, or has no such member; a battery without a member is
        no battery that passes.
    SpecError
        Where options are wrong, or missing.
    """
    registry = installed()
    return checks_among(registry, find_plugin(registry, plugin), only=only, options=options)


def checks_among(
    registry: Registry, plugin: Plugin, *, only: Sequence[str] = (), options: Options = DEFAULTS
) -> list[Check]:
    """Return all checks of what a plugin of a registry offers; see `checks_for`."""
    _require(plugin, {*only, *options})
    return [
        check
        for kind in KINDS
        for name in plugin.names(kind)
        if not only or name in only
        for check in checks_of_member(kind, build(registry, name, options.get(name, {}), kind=kind))
    ]


def find_plugin(registry: Registry, name: str) -> Plugin:
    """Return a plugin that works.

    Raises
    ------
    PluginError
        Where there is none.
    """
    plugins = {plugin.name: plugin for plugin in registry.plugins}
    found = next((plugin for plugin in registry.plugins if _spelt(plugin.name) == _spelt(name)), None)
    if found is None:
        hint = near_names(name, plugins) or "install it first: pip install -e ."
        raise PluginError(Problem(name, "no plugin of this name is installed", ", ".join(plugins), hint))
    if found.off:
        raise PluginError(Problem(name, "the plugin is switched off", hint="leave out -p no:NAME"))
    if found.broken:
        raise PluginError(Problem(name, f"the plugin does not load: {found.broken}", hint="mend its package"))
    if found.absent:
        raise PluginError(Problem(name, f"the plugin is absent: {found.absent}"))
    return found


def _spelt(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _require(plugin: Plugin, names: set[str]) -> None:
    known = [name for offered in plugin.offers.values() for name in offered]
    for name in sorted(names - set(known)):
        hint = near_names(name, known)
        raise PluginError(Problem(plugin.name, f"the plugin offers no '{name}'", ", ".join(known), hint))
