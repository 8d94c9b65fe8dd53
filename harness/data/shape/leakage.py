"""Regressors that hold the outcome itself, from which any flexible model predicts it without error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from harness.arrays import Floats, Ints, Mask
from harness.data.roles import Roles
from harness.language import Message
from harness.tables.preparation import LEAK_CODE, Note

Rows = TypeVar("Rows", Floats, Ints)

EXPLAINED = 0.999
"""Share of an outcome's variance from which one smooth function of a regressor is taken for the outcome."""

MONOTONE = 0.9999
"""Rank correlation from which a regressor is taken for a monotone function of the outcome."""

EXACT = 1.0 - 1e-5
"""Share of an outcome's variance from which the product of two regressors is taken for the outcome."""

LEAST_ROWS = 50
"""With fewer rows ranks may agree, and with fewer values of a regressor a spline follow, by chance."""

MOST_ROWS = 20_000
"""Rows that are looked at, in equal steps over all."""

_KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Quantiles at which the cubic splines have their knots."""

_FEW_ROWS = 64
"""Rows that rule most pairs of regressors out."""


@dataclass(frozen=True)
class OutcomeLeak:
    """Regressors that hold an outcome.

    Attributes
    ----------
    outcome : that they hold
    names : of one regressor that is a function of it, or of two that make it
    what : the one, or the product or quotient of the two
    """

    outcome: str
    names: tuple[str, ...]
    what: str


def thinned(rows: Rows) -> Rows:
    """Return those of (n_obs,) rows, or of their positions, that are looked at: `MOST_ROWS` at most."""
    return rows[:: max(1, -(-rows.size // MOST_ROWS))]


def leaks(
    columns: Mapping[str, Floats], *, outcomes: Sequence[str], regressors: Sequence[str]
) -> Iterator[OutcomeLeak]:
    """Yield each regressor that is a function of an outcome, and each pair of others that makes one.

    A regressor is one where a cubic spline of it explains 99.9 % of the outcome's variance, or where both
    rank the rows alike; a pair makes an outcome that is proportional to its product or quotient.

    Parameters
    ----------
    columns : outcomes and regressors by name, (n_obs,) each, without missing cells
    """
    if columns[outcomes[0]].size < LEAST_ROWS:
        return
    looked_at = {name: thinned(columns[name]) for name in (*outcomes, *regressors)}
    varying = {name: values for name, values in looked_at.items() if np.ptp(values) > 0.0}
    explained = [name for name in outcomes if name in varying]
    if not explained:
        return
    together = np.column_stack([varying[name] for name in explained])
    functions = {name: _makes(varying[name], together) for name in regressors if name in varying}
    for at, outcome in enumerate(explained):
        yield from (OutcomeLeak(outcome, (name,), name) for name, makes in functions.items() if makes[at])
        others = {name: varying[name] for name, makes in functions.items() if not makes[at]}
        yield from _pairs(others, outcome, together[:, at])


def leakage_notes(columns: Mapping[str, Floats], roles: Roles) -> tuple[Note, ...]:
    """Return a note on each of the `leaks` of a study.

    Parameters
    ----------
    columns : outcomes and regressors by name, (n_obs,) each
    """
    found = leaks(columns, outcomes=roles.outcomes, regressors=roles.regressors)
    return tuple(_pair_note(leak) if len(leak.names) > 1 else _function_note(leak) for leak in found)


def _function_note(leak: OutcomeLeak) -> Note:
    message = Message(
        "The outcome {outcome} is a function of {what}, or nearly so: what predicts with it "
        "predicts the outcome from itself; leave it out unless it is known before the outcome",
        outcome=leak.outcome,
        what=leak.what,
    )
    return Note(LEAK_CODE, leak.outcome, message)


def _pair_note(leak: OutcomeLeak) -> Note:
    message = Message(
        "The outcome {outcome} is {what}, up to a constant factor: what predicts with both "
        "predicts the outcome from itself; leave one out unless both are known before the outcome",
        outcome=leak.outcome,
        what=leak.what,
    )
    return Note(LEAK_CODE, leak.outcome, message)


def _makes(values: Floats, outcomes: Floats) -> Mask:
    """Return which outcomes, (n_obs, n_outcomes), are a smooth or a monotone function of values, (n_obs,)."""
    import pandas as pd

    ranks = pd.DataFrame(np.column_stack([values, outcomes])).rank().corr().to_numpy()[0, 1:]
    is_monotone = np.abs(ranks) > MONOTONE
    if np.unique(values).size < LEAST_ROWS:  # of one value an entity, say
        return np.asarray(is_monotone)
    basis, centred = _splines(values), outcomes - outcomes.mean(axis=0)
    left = centred - basis @ np.linalg.lstsq(basis, centred)[0]
    return np.asarray(is_monotone | (_share(left, centred) > EXPLAINED))


def _splines(values: Floats) -> Floats:
    """Return cubic splines of values in units of their spread, (n_obs, 9), a constant first."""
    z = (values - values.mean()) / values.std()
    above = np.maximum(z[:, None] - np.quantile(z, _KNOTS), 0.0)
    return np.column_stack([np.ones(z.size), z, z * z, z * z * z, above * above * above])


def _share(left: Floats, centred: Floats) -> Floats:
    """Return the share of the variance of columns that is explained, (n_columns,)."""
    return np.asarray(1.0 - np.square(left).sum(axis=0) / np.square(centred).sum(axis=0))


def _pairs(others: Mapping[str, Floats], outcome: str, observed: Floats) -> Iterator[OutcomeLeak]:
    """Yield the products and quotients of two regressors that an outcome, (n_obs,), is proportional to."""
    names = list(others)
    for first, second, sign in _proportional_on_few(list(others.values()), observed):
        pair = (names[first], names[second])
        a, b = (others[name] for name in pair)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            made = a * b if sign > 0 else a / b
        if np.isfinite(made).all() and _explains(made, observed):
            yield OutcomeLeak(outcome, pair, f"{pair[0]} {'×' if sign > 0 else '/'} {pair[1]}")


def _proportional_on_few(others: Sequence[Floats], outcome: Floats) -> Iterator[tuple[int, int, int]]:
    """Yield pairs of positions, and 1 for products or -1 for quotients, that may make the outcome."""
    size = np.abs(outcome)
    # Those where rounding changes least, and no logarithm is of zero.
    (large,) = np.nonzero((size >= np.median(size)) & (size > 0.0))
    few = large[:: max(1, large.size // _FEW_ROWS)]
    if len(others) < 2 or few.size < 2:
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(np.stack(others, axis=1)[few]))
        rest = np.log(np.abs(outcome[few]))[:, None] - logs
        for sign in (1, -1):
            spread = np.ptp(rest[:, :, None] - sign * logs[:, None, :], axis=0)
            for first, second in np.argwhere(spread < 1e-2).tolist():
                if first < second or (sign < 0 and first != second):
                    yield first, second, sign


def _explains(made: Floats, outcome: Floats) -> bool:
    left = outcome - made * (outcome @ made / (made @ made))
    return bool(_share(left[:, None], (outcome - outcome.mean())[:, None])[0] > EXACT)
