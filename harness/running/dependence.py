"""What the result of a task depends on: all that it holds, and the code and libraries that compute it."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import pickle
import platform
import secrets
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from harness.data.panel import Panel
from harness.registry.hooks import PROJECT
from harness.registry.plugin import LOCAL
from harness.scenarios.scenario import Subject

LIBRARIES = (
    *("panel-harness", "numpy", "pandas", "scipy", "statsmodels", "linearmodels", "scikit-learn", "torch"),
    *("minisom", "pandera", "pluggy", "pydantic"),
)

NOT_INSTALLED = "not installed"

# What a manifest lists with versions: library of linear algebra, kernel and threads.
BLAS = "BLAS"


def versions(brought_by: Mapping[str, str]) -> Mapping[str, str]:
    """Return the versions of Python, of the libraries and of what brings plugins.

    Parameters
    ----------
    brought_by : version of each distribution that brings plugins, and hash of each local plugin
    """
    found = {"python": platform.python_version(), **{name: version_of(name) for name in LIBRARIES}}
    return found | {name: brought_by[name] for name in sorted(set(brought_by) - set(LIBRARIES))}


def blas() -> str:
    """Return the libraries that multiply matrices, their kernels, which decide last digits, and threads."""
    from threadpoolctl import ThreadpoolController

    keys, loaded = ("internal_api", "version", "architecture"), ThreadpoolController().info()
    of_blas = (library for library in loaded if library["user_api"] == "blas")
    named = {" ".join(str(library[key]) for key in keys if library.get(key)) for library in of_blas}
    return ", ".join([*sorted(named), "1 thread"]) if named else "unknown"


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


_OF_A_BUILD = frozenset({"pyproject.toml", "README.md"})


def source_hash(package: str) -> str:
    """Return the SHA-256 of a package's files, their places in it and their bytes; empty where there is none.

    What builds a distribution may lie in an editable installation's package, and is none of it.

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
        if file.is_file() and "__pycache__" not in file.parts and file.name not in _OF_A_BUILD
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
    known = panels.get(value) if isinstance(value, Panel) else None
    found = known or _Description(panels, value).result()
    if isinstance(value, Panel):
        panels[value] = found
    return found


# Values that hold no others, and sequences.
_PLAIN = frozenset({bool, int, float, complex, str, bytes, tuple, list})


@dataclass(frozen=True, eq=False)
class Environment:
    """What all tasks of a run depend on beside what they hold.

    Attributes
    ----------
    code : SHA-256 of the source of each package, as `harness.running.dependence.installed_code` has it
    versions : of Python, the libraries and what brings plugins
    inputs : of the run: what its user may exchange, by name
    """

    code: Mapping[str, str]
    versions: Mapping[str, str]
    inputs: Mapping[str, str] = field(default_factory=dict)
    _panels: Panels = field(default_factory=WeakKeyDictionary)

    def dependence(self, task: object) -> Dependence:
        """Return what the result of a task depends on.

        Parameters
        ----------
        task : a dataclass; all of its fields count, the entries of a mapping apart, and the source of each
            package that a class in it is of; plugins of a folder, whose files may import each other, where a
            class in it is of one of them
        """
        parts = {name: described(value, self._panels) for name, value in _parts(task)}
        own = type(task).__module__.partition(".")[0]
        packages = {own, "harness"}.union(*(part.packages for part in parts.values()))
        found = {name: part.digest for name, part in parts.items()}
        found |= {f"code of {name}": self.code[name] for name in sorted(packages & self.code.keys())}
        others = {name for name in self.versions if name.startswith(LOCAL)}
        if packages & {name.removeprefix(f"{LOCAL} ") for name in others}:
            others.clear()
        used = {name: version for name, version in self.versions.items() if name not in others}
        return found | {f"version of {name}": version for name, version in used.items()}


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return the names of what two have in different values, or one alone has."""
    return [name for name in dict.fromkeys((*one, *other)) if one.get(name) != other.get(name)]


def _parts(task: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - any dataclass
    for option in dataclasses.fields(task):
        value = getattr(task, option.name)
        if isinstance(value, Subject):
            yield from _parts(value)
        elif isinstance(value, Mapping):
            yield from ((f"{option.name} {key}", entry) for key, entry in value.items())
        else:
            yield option.name.replace("_", " "), value


class _Description(pickle.Pickler):
    """A value as its pickle, which is hashed and not kept: without regard to which parts are one object."""

    def __init__(self, panels: Panels, whole: object) -> None:
        self._panels, self._whole, self._hash = panels, whole, hashlib.sha256()
        self._packages: set[str] = set()
        super().__init__(SimpleNamespace(write=self._hash.update), protocol=5)
        self.fast = True  # without a memo of what came before

    def result(self) -> Described:
        """Return the hash of the value; what cannot be pickled, or holds itself, is like no other."""
        try:
            self.dump(self._whole)
        except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError):
            self._hash.update(secrets.token_bytes())
        return Described(self._hash.hexdigest(), frozenset(self._packages))

    def persistent_id(self, value: Any) -> object:  # noqa: ANN401 - whatever a plugin's task holds
        """Return what stands for a value in the pickle; None for one that is pickled as it is."""
        if value is None or type(value) in _PLAIN:
            return None
        is_named = isinstance(value, type | FunctionType)
        named = value if is_named else type(value)
        self._packages.add(named.__module__.partition(".")[0])
        name = named.__module__, named.__qualname__
        if isinstance(value, Panel) and value is not self._whole:
            found = described(value, self._panels)
            self._packages |= found.packages
            return "panel", found.digest
        if isinstance(value, np.ndarray) and value.dtype.kind != "O":
            return "array", value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).digest()
        if isinstance(value, FunctionType):
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            return name, value.__defaults__, value.__kwdefaults__, cells
        if is_named:
            return name
        if isinstance(value, Set):
            parts = [described(entry, self._panels) for entry in value]
            self._packages = self._packages.union(*(part.packages for part in parts))
            return name, sorted(part.digest for part in parts)
        if isinstance(value, Mapping):
            return name, [*value.items()]
        if dataclasses.is_dataclass(value):
            return name, [getattr(value, option.name) for option in dataclasses.fields(value)]
        return None
