"""Libraries that a plugin cannot work without, of what a study has chosen from it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Iterator
from itertools import accumulate

from harness.registry.hooks import NEEDS_ATTRIBUTE


def libraries_of(chosen: Iterable[object]) -> tuple[str, ...]:
    """Return the libraries that the plugins of some objects name as needed, each once.

    Parameters
    ----------
    chosen : members of a kind with their options, among which other members may be
    """
    packages = dict.fromkeys(package for one in chosen for package in _packages(one))
    found = (getattr(sys.modules.get(package), NEEDS_ATTRIBUTE, {}) for package in packages)
    return tuple(dict.fromkeys(library for needs in found for library in needs))


def _packages(chosen: object) -> Iterator[str]:
    """Yield the packages, from the top down, of an object and of those among its options."""
    if dataclasses.is_dataclass(chosen):
        yield from accumulate(type(chosen).__module__.split("."), "{}.{}".format)
        for option in dataclasses.fields(chosen):
            yield from _packages(getattr(chosen, option.name))
