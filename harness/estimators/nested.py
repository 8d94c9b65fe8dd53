"""Estimators within estimators: the columns they group rows by, levels they take out, how many they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from harness.estimators.protocol import ComparesCandidates, Estimator, HasEffects, NeedsGroups


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


def takes_levels_out(estimator: Estimator) -> bool:
    """Return whether an estimator, or one nested in it, takes out a level of each entity.

    One with the option ``effects`` or ``absorb`` does where ``entity`` is among them; another does where its
    fits have effects, as differences and random effects do.
    """
    nested = [
        option
        for option in with_nested(estimator)
        if option is not estimator and isinstance(option, Estimator)
    ]
    if nested:
        return any(map(takes_levels_out, nested))
    named = [getattr(estimator, option) for option in ("effects", "absorb") if hasattr(estimator, option)]
    return any("entity" in keys for keys in named) if named else HasEffects in estimator.provides


def n_candidates(estimator: Estimator) -> int:
    """Return how many estimators one compares to keep the best; 1 where it compares none."""
    return len(estimator.candidates) if isinstance(estimator, ComparesCandidates) else 1
