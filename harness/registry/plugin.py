"""One plugin as it was found: what it offers, or why it offers nothing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.data.shipped import shipped_datasets
from harness.errors import HarnessError, PluginError, Problem
from harness.registry.contributions import Contributions, collect
from harness.registry.hookspecs import DISTRIBUTION, OWN_PROTOCOLS
from harness.registry.plugin_source import PluginSource

_KINDS = ("estimators", "protocols", "datasets")


@dataclass(frozen=True)
class Plugin:
    """One plugin: an entry point of the group ``harness``, or a module of a local folder.

    Attributes
    ----------
    name : of the entry point or module
    distribution, version : that brought it; of a module its folder, and the hash of its files
    estimators : names of the estimators it offers
    protocols : names of the protocols it offers
    datasets : names of the datasets it offers
    broken : why it offers nothing; empty for a plugin that works
    off : whether the user switched it off, so that it was not loaded
    """

    name: str
    distribution: str
    version: str
    estimators: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    broken: str = ""
    off: bool = False


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin and what it offers, which is nothing where it is broken or off."""

    plugin: Plugin
    offer: Contributions = field(default_factory=Contributions)


HARNESS = Plugin(
    name=DISTRIBUTION,
    distribution=DISTRIBUTION,
    version="",
    protocols=tuple(sorted(OWN_PROTOCOLS)),
    datasets=tuple(one.name for one in shipped_datasets()),
)
"""What the harness itself offers, and so no plugin can."""


def switched_off(source: PluginSource) -> LoadedPlugin:
    """Return a plugin that the user wants none of; none of its code runs."""
    return LoadedPlugin(Plugin(source.name, source.distribution, source.version, off=True))


def load_plugin(source: PluginSource, *, before: Iterable[Plugin]) -> LoadedPlugin:
    """Load a plugin and ask what it offers; whatever goes wrong is told in `Plugin.broken`.

    Parameters
    ----------
    before : plugins whose names are taken
    """
    who = (source.name, source.distribution, source.version)
    try:
        # What a plugin prints must not get into output that is read by machines.
        with contextlib.redirect_stdout(sys.stderr):
            offer = collect(source.load())
        _refuse_taken(offer, (HARNESS, *before))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's import may raise anything; it is reported
        return LoadedPlugin(Plugin(*who, broken=_reason(error)))
    return LoadedPlugin(
        Plugin(*who, tuple(offer.estimators), tuple(offer.protocols), tuple(offer.datasets)), offer
    )


def _refuse_taken(offer: Contributions, before: Iterable[Plugin]) -> None:
    for kind in _KINDS:
        owners = {name: one.name for one in before for name in getattr(one, kind)}
        both = [f"{name} (of {owners[name]})" for name in getattr(offer, kind) if name in owners]
        if both:
            raise PluginError(Problem("", f"offers {kind} whose names are taken: {', '.join(both)}"))


def _reason(error: BaseException) -> str:
    """Return what went wrong in one line, the kind of error with it where it is not one of ours."""
    if isinstance(error, HarnessError):
        return ": ".join(filter(None, (error.what, error.hint)))
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
