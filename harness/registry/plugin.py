"""One plugin as it was found: what it offers, or why it offers nothing."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, PluginError, Problem
from harness.language import LOCALE
from harness.registry.collect import Kinds, collect
from harness.registry.hooks import NEEDS_ATTRIBUTE
from harness.registry.kind import Contributions, Kind
from harness.registry.plugin_source import PluginSource
from harness.registry.process_state import ProcessState, output_as_errors


@dataclass(frozen=True)
class Plugin:
    """One plugin: the harness itself, an entry point of the group ``harness``, or a module of a local folder.

    Attributes
    ----------
    name : of the entry point or module
    distribution, version : that brought it; of a module its folder, and the hash of its files
    offers : names of what it offers by kind, such as ``estimators``; kinds without any are left out
    broken : why it offers nothing; empty for a plugin that works
    absent : which library it needs that is not installed, and the command that installs it; its names are
        known then, and cannot be chosen
    off : whether the user switched it off, so that it was not loaded
    """

    name: str
    distribution: str
    version: str
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    broken: str = ""
    absent: str = ""
    off: bool = False

    def names(self, kind: Kind[Any]) -> tuple[str, ...]:
        """Return the names of what it offers of a kind."""
        return self.offers.get(kind.plural, ())


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin and what it offers, which is nothing where it is broken, absent or off.

    Attributes
    ----------
    messages : folder of its catalogs in other languages; None where it has none
    """

    plugin: Plugin
    contributions: Contributions = field(default_factory=dict)
    messages: Path | None = None


def switched_off(source: PluginSource) -> LoadedPlugin:
    """Return a plugin that the user wants none of; none of its code runs."""
    return LoadedPlugin(Plugin(source.name, source.distribution, source.version, off=True))


def left_out(source: PluginSource, reason: str) -> LoadedPlugin:
    """Return a plugin whose import is known to end badly; none of its code runs."""
    return LoadedPlugin(Plugin(source.name, source.distribution, source.version, broken=reason))


def load_plugin(source: PluginSource, kinds: Kinds, *, before: Iterable[Plugin]) -> LoadedPlugin:
    """Load a plugin and ask what it offers; whatever goes wrong is told in `Plugin.broken`.

    What it changes of this process meanwhile is put back. A copy of the process that comes back from an
    import that forked ends here.

    Parameters
    ----------
    kinds : of what may be offered
    before : plugins whose names are taken
    """
    who = (source.name, source.distribution, source.version)
    process, state = os.getpid(), ProcessState.now()
    try:
        # What a plugin prints must not get into output that is read by machines.
        with contextlib.redirect_stdout(sys.stderr), output_as_errors():
            module = source.load()
            found = collect(module, kinds)
        _refuse_exchanged(state.restore())
        absent = _absent_libraries(getattr(module, NEEDS_ATTRIBUTE, {}))
        names = {kind.plural: tuple(found[kind.name]) for kind in kinds if kind.name in found}
        _refuse_taken(names, tuple(before))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's import may raise anything; it is reported
        return LoadedPlugin(Plugin(*who, broken=_reason(error)))
    finally:
        if os.getpid() != process:
            os._exit(0)
        state.restore()
    return LoadedPlugin(Plugin(*who, names, absent=absent), {} if absent else found, _messages(module))


def _messages(module: object) -> Path | None:
    """Return the folder of catalogs beside the module that a plugin is loaded from."""
    file = getattr(module, "__file__", None)
    folder = Path(file).parent / LOCALE if file else None
    return folder if folder is not None and folder.is_dir() else None


def _refuse_exchanged(names: Sequence[str]) -> None:
    if names:
        raise PluginError(Problem("", f"exchanges {', '.join(names)} for its own when it is imported"))


def _absent_libraries(needs: object) -> str:
    """Return which libraries are not installed, with the command for each; none of them is imported.

    Raises
    ------
    PluginError
        Where a plugin does not name its libraries as it should.
    """
    if not isinstance(needs, Mapping) or not all(
        isinstance(word, str) for pair in needs.items() for word in pair
    ):
        raise PluginError(Problem("", f"{NEEDS_ATTRIBUTE} is {needs!r}, and not commands by library"))
    absent = [library for library in needs if importlib.util.find_spec(library) is None]
    lacks = {
        command: [name for name in absent if needs[name] == command] for command in map(needs.get, absent)
    }
    return "; ".join(
        f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'} not installed: {command}"
        for command, names in lacks.items()
    )


def _refuse_taken(offers: Mapping[str, tuple[str, ...]], before: Iterable[Plugin]) -> None:
    for kind, names in offers.items():
        owners = {name: plugin.name for plugin in before for name in plugin.offers.get(kind, ())}
        both = [f"{name} (of {owners[name]})" for name in names if name in owners]
        if both:
            raise PluginError(Problem("", f"offers {kind} whose names are taken: {', '.join(both)}"))


def _reason(error: BaseException) -> str:
    """Return what went wrong in one line, the kind of error with it where it is not one of ours."""
    if isinstance(error, HarnessError):
        return ": ".join(filter(None, (error.what, error.hint)))
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
