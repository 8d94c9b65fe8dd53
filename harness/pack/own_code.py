"""Where a replication takes the harness itself from: an index, a repository, or its source in the archive."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

DISTRIBUTION = "panel-harness"

# Folder of the source in the archive.
CODE = "code"

# In which installers note where a distribution was taken from if not from an index (PEP 610).
ORIGIN = "direct_url.json"

PROJECT = "pyproject.toml"

# What an installation from source reads beside the packages.
BESIDE = (PROJECT, "README.md", "LICENSE")


def own_requirement(version: str) -> str:
    """Return how pip is asked for the harness: by version, by commit, or from the source in the archive."""
    origin = _origin()
    if _folder(origin) is not None:
        return f"./{CODE}"
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"{DISTRIBUTION} @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}"
    return f"{DISTRIBUTION}=={version}"


def own_code() -> Mapping[str, bytes]:
    """Return the source by its place in the archive; none where an index or a repository has it."""
    root = _folder(_origin())
    if root is None:
        return {}
    return {f"{CODE}/{path.relative_to(root).as_posix()}": path.read_bytes() for path in _source(root)}


def _origin() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(distribution(DISTRIBUTION).read_text(ORIGIN) or "{}")
    return found


def _folder(origin: Mapping[str, Any]) -> Path | None:
    """Return the folder that the harness was installed from, where it is one that is still there."""
    if "dir_info" not in origin:
        return None
    root = Path(url2pathname(urlsplit(origin["url"]).path))
    return root if (root / PROJECT).is_file() else None


def _source(root: Path) -> Iterator[Path]:
    yield from (root / name for name in BESIDE)
    project = tomllib.loads((root / PROJECT).read_text(encoding="utf-8"))
    for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
