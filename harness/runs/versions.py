"""Versions of what a run was computed with."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    *("panel-harness", "numpy", "pandas", "scipy", "statsmodels", "linearmodels", "scikit-learn", "torch"),
    *("minisom", "pandera", "pluggy", "pydantic"),
)


def versions(plugins: Iterable[str]) -> Mapping[str, str]:
    """Return the versions of Python, of the libraries and of the distributions that bring plugins."""
    found = {"python": platform.python_version()}
    for name in (*LIBRARIES, *sorted(set(plugins) - set(LIBRARIES))):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
