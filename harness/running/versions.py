"""Versions and hashes of the code that a run was computed with: a version is the same for every clone."""

from __future__ import annotations

import hashlib
import importlib.util
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from harness.registry.hooks import PROJECT

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
    files = [(file, file.relative_to(folder)) for folder in folders for file in _sources(folder)]
    if not folders and spec.origin:
        files = [(Path(spec.origin), Path(Path(spec.origin).name))]
    digest = hashlib.sha256()
    for file, place in files:
        digest.update(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {place.as_posix()}\n".encode())
    return digest.hexdigest() if files else ""


def _sources(folder: Path) -> Iterator[Path]:
    """Yield the files of a package in an order that no file system changes, without what Python caches."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file
