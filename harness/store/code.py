"""Hashes of the code that a run was computed with: a version is the same for every clone of a repository."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from harness.registry.hooks import PROJECT


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
