"""What the result of a task depends on: all that it holds, and the code and libraries that compute it."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import platform
import secrets
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from harness.data.panel import Panel
from harness.registry.hooks import PROJECT
from harness.scenarios.scenario import Subject

LIBRARIES = (
    *("panel-harness", "numpy", "pandas", "scipy", "statsmodels", "linearmodels", "scikit-learn", "torch"),
    *("minisom", "pandera", "pluggy", "pydantic"),
)

NOT_INSTALLED = "not installed"


def versions(brought_by: Mapping[str, str]) -> Mapping[str, str]:
    """Return the versions of Python, of the libraries and of what brings plugins.

    Parameters
    ----------
    brought_by : version of each distribution that brings plugins, and hash of each local plugin
    """
    found = {"python": platform.python_version(), **{name: version_of(name) for name in LIBRARIES}}
    return found | {name: brought_by[name] for name in sorted(set(brought_by) - set(LIBRARIES))}


def version_of(library: str) -> str:
    """Return the version of a library, or that it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return NOT_INSTALLED


def installed_code() -> Mapping[str, str]:
    """Return the SHA-256 of the source of the harness and of every installed plugin, by top-level package."""
    packages = {point.module.partition(".")[0] for point in entry_points(group=PROJECT)}
    hashes = {package: source_hash(package) for package in (PROJECT, *sorted(packages - {PROJECT}))}
    return {package: found for package, found in hashes.items() if found}


def source_hash(package: str) -> str:
    """Return the SHA-256 of a package's files, their places in it and their bytes; empty where there is none.

    Parameters
    ----------
    package : a top-level package or module; it is not imported
    """
    spec = importlib.util.find_spec(package)
    if spec is None:
        return ""
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    # In an order that no file system changes, without what Python caches.
    files = [
        (file, file.relative_to(folder))
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    ]
    if not folders and spec.origin:
        files = [(Path(spec.origin), Path(Path(spec.origin).name))]
    digest = hashlib.sha256()
    for file, place in files:
        digest.update(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {place.as_posix()}\n".encode())
    return digest.hexdigest() if files else ""


# Hashes and versions of what a result depends on, by what each is of.
Dependence = Mapping[str, str]


@dataclass(frozen=True)
class Described:
    """A value as a hash, and the top-level packages whose classes and functions are in it."""

    digest: str
    packages: frozenset[str]


# Panels, which many values have in common, as they were described once each.
Panels = WeakKeyDictionary[Panel, Described]


def described(value: object, panels: Panels) -> Described:
    """Return the hash of all that a value holds; panels among it join those that are known."""
    description = _Description(panels)
    description.add(value)
    return description.result()


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What all tasks of a run depend on beside what they hold.

    Attributes
    ----------
    code : SHA-256 of the source of each package, as `harness.running.dependence.installed_code` has it
    versions : of Python, the libraries and what brings plugins
    """

    code: Mapping[str, str]
    versions: Mapping[str, str]
    _panels: Panels = field(default_factory=WeakKeyDictionary)

    def dependence(self, task: object) -> Dependence:
        """Return what the result of a task depends on.

        Parameters
        ----------
        task : a dataclass; all of its fields count, the entries of a mapping apart, and the source of each
            package that a class in it is of
        """
        parts = {name: described(value, self._panels) for name, value in _parts(task)}
        own = type(task).__module__.partition(".")[0]
        packages = {own, "harness"}.union(*(part.packages for part in parts.values()))
        found = {name: part.digest for name, part in parts.items()}
        found |= {f"code of {name}": self.code[name] for name in sorted(packages & self.code.keys())}
        return found | {f"version of {name}": version for name, version in self.versions.items()}


def _parts(task: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - any dataclass
    for option in dataclasses.fields(task):
        value = getattr(task, option.name)
        if isinstance(value, Subject):
            yield from _parts(value)
        elif isinstance(value, Mapping):
            yield from ((f"{option.name} {key}", entry) for key, entry in value.items())
        else:
            yield option.name.replace("_", " "), value


class _Description:
    """A value fed into a hash, piece by piece, each with its type and length, so that no two read alike."""

    def __init__(self, panels: Panels) -> None:
        self._panels = panels
        self._hash = hashlib.sha256()
        self._packages: set[str] = set()
        self._open: list[int] = []

    def result(self) -> Described:
        """Return the hash of what was added."""
        return Described(self._hash.hexdigest(), frozenset(self._packages))

    def add(self, value: object) -> None:
        """Add a value and all that it holds."""
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            self._token(type(value).__name__, repr(value))
        elif id(value) in self._open:
            self._token("within", str(self._open.index(id(value))))
        elif isinstance(value, Panel):
            self._panel(value)
        else:
            self._open.append(id(value))
            self._add_whole(value)
            self._open.pop()

    def _token(self, kind: str, text: str) -> None:
        self._hash.update(f"{kind} {len(text)} {text}\n".encode("utf-8", "surrogatepass"))

    def _named(self, what: str, value: Any) -> None:  # noqa: ANN401 - a class or function
        self._packages.add(value.__module__.partition(".")[0])
        self._token(what, f"{value.__module__}:{value.__qualname__}")

    def _panel(self, panel: Panel) -> None:
        """Add a panel, which many tasks have in common, as the hash of its contents."""
        if panel not in self._panels:
            inner = _Description(self._panels)
            inner._open = [id(panel)]
            inner._add_whole(panel)
            self._panels[panel] = inner.result()
        found = self._panels[panel]
        self._packages |= found.packages
        self._token("panel", found.digest)

    def _add_whole(self, value: Any) -> None:  # noqa: ANN401 - whatever a plugin's task holds
        if isinstance(value, np.ndarray) and value.dtype.kind != "O":
            self._token("array", f"{value.dtype.str} {value.shape}")
            self._hash.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, Mapping):
            self._all("mapping", [part for pair in value.items() for part in pair])
        elif isinstance(value, tuple | list):
            self._named("sequence", type(value))
            self._all("of", list(value))
        elif isinstance(value, Set):
            self._all("set", sorted(self._alone(entry) for entry in value))
        elif isinstance(value, type):
            self._named("class", value)
        elif isinstance(value, FunctionType):
            self._named("function", value)
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            self._all("holds", [value.__defaults__, value.__kwdefaults__, *cells])
        elif dataclasses.is_dataclass(value):
            self._named("dataclass", type(value))
            self._all("fields", [getattr(value, option.name) for option in dataclasses.fields(value)])
        else:
            self._any_other(value)

    def _all(self, what: str, entries: list[Any]) -> None:
        self._token(what, str(len(entries)))
        for entry in entries:
            self.add(entry)

    def _alone(self, value: object) -> str:
        alone = described(value, self._panels)
        self._packages |= alone.packages
        return alone.digest

    def _any_other(self, value: Any) -> None:  # noqa: ANN401 - whatever a plugin's task holds
        """Add an object as what it would be rebuilt from; one that cannot be is like no other."""
        self._named("object", type(value))
        try:
            rebuilt = value.__reduce_ex__(4)
        except (TypeError, AttributeError):
            rebuilt = secrets.token_hex()
        if isinstance(rebuilt, str):
            self._token("global", rebuilt)
            return
        callable_, arguments, state, *items = (*rebuilt, None, None, None)[:5]
        self._all("rebuilt", [getattr(callable_, "__qualname__", ""), arguments, state])
        for entries in items:
            self._all("entries", list(entries or ()))
