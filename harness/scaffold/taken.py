"""Whether what a new plugin would be called is somebody else's name."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from harness.errors import PluginError, Problem
from harness.estimators.protocol import ESTIMATOR
from harness.registry.registry import Registry
from harness.scaffold.names import PluginNames


def refuse_taken(names: PluginNames, registry: Registry) -> None:
    """Refuse names that are taken on this machine.

    Raises
    ------
    PluginError
        With every name that is: of a plugin, of an estimator, of a package that can be imported.
    """
    problems = tuple(_taken(names, registry))
    if problems:
        raise PluginError(*problems)


def _taken(names: PluginNames, registry: Registry) -> Iterator[Problem]:
    hint = "choose another name"
    if plugin := next((one for one in registry.plugins if one.name == names.package), None):
        what = f"a plugin '{plugin.name}' is installed, by {plugin.distribution} {plugin.version}"
        yield Problem(names.distribution, what, hint=f"{hint}, or uninstall that one first")
    elif importlib.util.find_spec(names.package) is not None:
        what = f"a package '{names.package}' can be imported already, and one would hide the other"
        yield Problem(names.distribution, what, hint=hint)
    if names.estimator in registry.of(ESTIMATOR):
        owner = next(found.name for found in registry.plugins if names.estimator in found.names(ESTIMATOR))
        what = f"the estimator would be called '{names.estimator}', as one of {owner} is"
        yield Problem(names.distribution, what, hint=hint)
