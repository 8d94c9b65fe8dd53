"""What the plugins found on this machine offer together."""

from __future__ import annotations

import csv
import dataclasses
import faulthandler
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import packages_distributions, version
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import Any

from harness.errors import PluginError, Problem, near_names
from harness.language import Coded
from harness.registry.catalog import Catalog, Catalogs, Kind, MemberT
from harness.registry.choice import ALL_INSTALLED, OFF_VARIABLE, PluginChoice
from harness.registry.hooks import LOADS_ATTRIBUTE, NEEDS_ATTRIBUTE, PROJECT
from harness.registry.plugin import (
    Kinds,
    Plugin,
    PluginSource,
    load_plugin,
    local_sources,
    plugins_folder,
    tree_sha256,
)

# Seconds after which plugins that are still being imported are given up.
LONGEST_IMPORT = 60.0


def deadly_imports(
    modules: Sequence[str], *, path: Sequence[str], longest: float = LONGEST_IMPORT
) -> Mapping[str, str]:
    """Import modules in other processes, at once, and return why some cannot be used: they end it, or hang.

    An import that raises says so when it is done here, and counts for nothing.

    Parameters
    ----------
    path : where modules are looked for
    longest : seconds that an import may take
    """
    reasons: dict[str, str] = {}
    with TemporaryDirectory(prefix="harness-trial-") as folder:
        deadline = time.monotonic() + longest
        marks = {module: Path(folder, str(at)) for at, module in enumerate(modules)}
        started = {module: _started(module, path, mark, longest) for module, mark in marks.items()}
        for module, process in started.items():
            try:
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                reasons[module] = f"its import did not come to an end within {longest:g} s"
            else:
                if not marks[module].exists():
                    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
                    reasons[module] = f"its import ended the process, {how}"
            finally:
                _end_all(process)
    return reasons


def _started(module: str, path: Sequence[str], mark: Path, longest: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, and this file
        [sys.executable, "-P", __file__, json.dumps([module, str(mark), longest, *path])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End a process, and on systems that have groups of them whatever it started."""
    with suppress(OSError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def main(requested: str) -> None:
    """Import a module in such a process, leave a mark where that came to an end, and go."""
    module, mark, longest, *path = json.loads(requested)
    sys.path[:] = path
    faulthandler.dump_traceback_later(longest + 1.0, exit=True)  # should nobody be there to end it
    with suppress(BaseException):  # what it raises is told where it is imported to be used
        importlib.import_module(module)
    Path(mark).touch()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])


@dataclass(frozen=True)
class Registry:
    """What the plugins of this machine offer, by name.

    Attributes
    ----------
    plugins : all that were found, the harness itself first
    catalogs : what the plugins that work offer, by kind; every kind is there
    brought_by : versions of what brought the plugins that work, for the manifest of a run
    messages : folders of the plugins' catalogs in other languages, each once
    own : packages that come with the harness
    """

    plugins: tuple[Plugin, ...]
    catalogs: Catalogs
    brought_by: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[Path, ...] = ()
    own: frozenset[str] = frozenset({PROJECT})

    def of(self, kind: Kind[MemberT]) -> Mapping[str, MemberT]:
        """Return all members of a kind by name."""
        return self.catalogs[kind.name].members

    @cached_property
    def broken(self) -> tuple[Plugin, ...]:
        """The plugins that do not work."""
        return tuple(plugin for plugin in self.plugins if plugin.broken)


def read_registry(
    sources: Sequence[PluginSource], kinds: Kinds, *, choice: PluginChoice = ALL_INSTALLED
) -> Registry:
    """Load plugins; one that fails is listed as broken and breaks nothing else.

    A name belongs to the plugin that comes first; those of the local folder come last.

    Parameters
    ----------
    sources : plugins that are installed, in their order
    kinds : of what they may offer
    choice : plugins that are off, and the folder of those that are not installed

    Raises
    ------
    PluginError
        Where the choice names a plugin or a folder that is not there.
    """
    folder = None if choice.folder is None else plugins_folder(choice.folder)
    sources = [*sources, *(local_sources(folder) if folder else ())]
    _refuse_unknown(choice.off, {source.name for source in sources})
    strangers = [source.module for source in sources if not source.is_ours and source.name not in choice.off]
    deadly = deadly_imports(strangers, path=[*sys.path, *([str(folder)] if folder else [])])
    plugins: list[Plugin] = []
    brought_by = {"local plugins": f"sha256:{tree_sha256(folder)}"} if folder else {}
    for source in sources:
        if source.name in choice.off:
            plugins.append(Plugin(*source.identity, off=True))
        elif source.module in deadly:
            plugins.append(Plugin(*source.identity, broken=deadly[source.module]))
        else:
            plugins.append(load_plugin(source, kinds, before=plugins))
        if plugins[-1].contributions:
            brought_by[source.recorded_as] = source.version
    brought_by |= _versions_of(choice.packages)
    messages = dict.fromkeys(plugin.messages for plugin in plugins if plugin.messages is not None)
    catalogs = {kind.name: _catalog(kind, plugins) for kind in kinds}
    own = {PROJECT, *(one.module.partition(".")[0] for one in sources if one.is_ours)}
    return Registry(tuple(plugins), catalogs, brought_by, tuple(messages), frozenset(own))


def _versions_of(packages: Sequence[str]) -> Mapping[str, str]:
    """Return the versions of the distributions that packages come with."""
    brought = packages_distributions() if packages else {}
    return {name: version(name) for package in packages for name in brought.get(package, ())}


def _catalog(kind: Kind[Any], plugins: Sequence[Plugin]) -> Catalog:
    members: dict[str, Any] = {}
    needs: dict[str, str] = {}
    for plugin in plugins:
        members |= plugin.contributions.get(kind.name, {})
        if plugin.absent:
            words = Coded("it is of {plugin}: {why}", plugin=plugin.name, why=plugin.absent)
            needs |= dict.fromkeys(plugin.names(kind), words)
    there = {plugin.name for plugin in plugins}
    for row in members_of_ours():
        if row["kind"] == kind.name and row["plugin"] not in there:
            words = Coded(
                "it is of {package}, which is not installed: pip install {quoted}",
                package=row["package"],
                quoted=quote(row["package"]),
            )
            needs |= {name: words for name in row["names"].split() if name not in members}
    absent = {
        "broken plugins": "; ".join(f"{one.name} ({one.broken})" for one in plugins if one.broken),
        "plugins switched off": ", ".join(one.name for one in plugins if one.off),
    }
    absences = "; ".join(f"{why}: {names}" for why, names in absent.items() if names)
    return Catalog(kind, members, absences, needs)


@cache
def members_of_ours() -> Sequence[Mapping[str, str]]:
    """Return the names that our own plugins offer, by plugin and kind, and the package that brings each."""
    text = files("harness.registry").joinpath("ours.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _refuse_unknown(off: Iterable[str], known: set[str]) -> None:
    problems = [
        Problem(
            where=f"-p no:{name} (or {OFF_VARIABLE})",
            what=f"there is no plugin '{name}' to switch off",
            expected=", ".join(sorted(known)),
            hint=near_names(name, known),
        )
        for name in off
        if name not in known
    ]
    if problems:
        raise PluginError(*problems)


def libraries_of(chosen: Iterable[object]) -> tuple[str, ...]:
    """Return the libraries that the plugins of some objects name as needed or loaded, each once.

    Parameters
    ----------
    chosen : members of a kind with their options, among which other members may be
    """
    modules = dict.fromkeys(sys.modules.get(package) for one in chosen for package in packages_of(one))
    named = (getattr(module, name, ()) for module in modules for name in (NEEDS_ATTRIBUTE, LOADS_ATTRIBUTE))
    return tuple(dict.fromkeys(library for libraries in named for library in libraries))


def packages_of(chosen: object) -> Iterator[str]:
    """Yield the packages, from the top down, of a dataclass and of those in it, alone or in a collection."""
    if isinstance(chosen, Mapping):
        chosen = tuple(chosen.values())
    if isinstance(chosen, tuple) and chosen and dataclasses.is_dataclass(chosen[0]):
        for one in chosen:
            yield from packages_of(one)
    elif dataclasses.is_dataclass(chosen):
        yield from accumulate(type(chosen).__module__.split("."), "{}.{}".format)
        for option in dataclasses.fields(chosen):
            yield from packages_of(getattr(chosen, option.name))
