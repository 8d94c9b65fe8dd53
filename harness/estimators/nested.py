"""Estimators within estimators, and the columns that all of them group rows by."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from harness.estimators.protocol import Estimator, NeedsGroups


def with_nested(estimator: object) -> Iterator[object]:
    """Yield an estimator and every estimator among its options, at any depth."""
    yield estimator
    if not dataclasses.is_dataclass(estimator):
        return
    for option in dataclasses.fields(estimator):
        value = getattr(estimator, option.name)
        for chosen in value if isinstance(value, tuple) else (value,):
            if isinstance(chosen, Estimator):
                yield from with_nested(chosen)


def grouped_by(estimator: Estimator) -> tuple[str, ...]:
    """Return the columns that an estimator, or one nested in it, groups rows by, each once."""
    needing = (nested for nested in with_nested(estimator) if isinstance(nested, NeedsGroups))
    return tuple(dict.fromkeys(name for nested in needing for name in nested.group_columns))
