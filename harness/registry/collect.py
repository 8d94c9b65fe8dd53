"""What one plugin offers, asked through its hooks and checked."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pluggy

from harness.errors import PluginError, Problem, near_names
from harness.registry.hooks import PROJECT, SEAM_ATTRIBUTE, SEAM_VERSION, hookspec
from harness.registry.kind import Contributions, Kind

Kinds = Sequence[Kind[Any]]
"""All kinds of what can be chosen by name."""


def collect(plugin: object, kinds: Kinds) -> Contributions:
    """Return what a loaded plugin offers; kinds of which it offers nothing are left out.

    Raises
    ------
    PluginError
        Where it needs a newer seam, misspells a hook, or offers nothing or what cannot be used.
    pluggy.PluginValidationError
        Where a hook takes arguments that there are none of.
    """
    _check_seam(getattr(plugin, SEAM_ATTRIBUTE, SEAM_VERSION))
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(_hookspecs(kinds))
    manager.register(plugin)
    _check_hooks(plugin, manager, [kind.hook for kind in kinds])
    found = {kind.name: _by_name(kind, getattr(manager.hook, kind.hook)()) for kind in kinds}
    kept = {name: members for name, members in found.items() if members}
    if not kept:
        raise PluginError(Problem("", "offers nothing: its hooks return empty lists"))
    return kept


def _hookspecs(kinds: Kinds) -> types.ModuleType:
    """Return what pluggy reads hooks from: a function without arguments for each kind."""
    hooks = types.ModuleType("hooks")
    for kind in kinds:
        setattr(hooks, kind.hook, hookspec(lambda: None))
    return hooks


def _check_seam(version: object) -> None:
    if type(version) is not int:
        raise PluginError(Problem("", f"{SEAM_ATTRIBUTE} is {version!r}, and not a whole number"))
    if version > SEAM_VERSION:
        what = f"needs seam {version}, this harness has {SEAM_VERSION}: upgrade panel-harness"
        raise PluginError(Problem("", what))


def _check_hooks(plugin: object, manager: pluggy.PluginManager, hooks: Sequence[str]) -> None:
    """Refuse hooks that do not exist, and functions that only look like hooks."""
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        if not caller.has_spec() and not all(made.optionalhook for made in caller.get_hookimpls()):
            hint = near_names(caller.name, hooks) or f"the hooks are {', '.join(hooks)}"
            raise PluginError(Problem("", f"there is no hook '{caller.name}': {hint}"))
    marked = {caller.name for caller in callers}
    for name, _ in inspect.getmembers(plugin, inspect.isroutine):
        if name.startswith(f"{PROJECT}_") and name not in marked:
            raise PluginError(Problem("", f"{name} is not marked: write @hookimpl above it"))
    if not callers:
        raise PluginError(Problem("", f"implements no hook: write one of {', '.join(hooks)}"))


def _by_name(kind: Kind[Any], results: Iterable[object]) -> Mapping[str, Any]:
    """Return what a hook gave by name; results of pluggy are one a plugin, and none where it gave None."""
    found: dict[str, Any] = {}
    for offered in results:
        if isinstance(offered, type | str) or not isinstance(offered, Iterable):
            raise PluginError(Problem("", f"{kind.hook} returns {offered!r}, and not a list"))
        for member in offered:
            name = kind.name_of(member)
            if name in found:
                raise PluginError(Problem("", f"{kind.hook} returns two of the name '{name}'"))
            found[name] = member
    return found
