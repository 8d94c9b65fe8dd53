"""Versions of what a run was computed with."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

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
