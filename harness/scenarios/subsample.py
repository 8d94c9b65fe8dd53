"""Draws on some of the entities, for estimators that are trained anew for every draw of many rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.protocol import CanFitDraws, CanPrepareDraws, Estimator
from harness.evaluation.resample import ResampleUnit
from harness.language import Message
from harness.scenarios.draws import Numbers
from harness.tables.preparation import Note

# Entities that the smaller of two subsamples has at least.
LEAST_ENTITIES = 50

# Entities of the larger subsample for each of the smaller.
RATIO = 4

# Spreads fall with the root of the entities where an estimator has a fixed number of parameters.
FASTEST_RATE = 0.5


@dataclass(frozen=True, eq=False)
class Subsample:
    """Some entities of a panel, whole, that draws are made of in the place of all.

    Attributes
    ----------
    rows : (n_rows,), positions
    averaged : (n_averaged,), positions of the rows that predictions of its draws are averaged over
    n_units : entities, or rows, that a draw has
    n_all : of them in the panel
    unit : which of the two
    """

    rows: Ints
    averaged: Ints
    n_units: int
    n_all: int
    unit: ResampleUnit

    def __str__(self) -> str:
        units = "entities" if self.unit == "entity" else "rows"
        return f"{self.n_units} of {self.n_all} {units}"


def is_trained_anew(estimator: Estimator) -> bool:
    """Say whether draws of an estimator cost as much as fits: it solves none at once, or searches."""
    return not isinstance(estimator, CanFitDraws) or isinstance(estimator, CanPrepareDraws)


def draw_subsamples(
    panel: Panel, *, most_rows: int, unit: ResampleUnit, rng: Generator
) -> tuple[Subsample, ...]:
    """Return two subsamples of entities, the second a part of the first; none where all rows are few enough.

    Parameters
    ----------
    most_rows : of the larger one, unless `LEAST_ENTITIES` in the smaller one need more
    unit : what draws resample
    rng : of the order in which entities are taken
    """
    if panel.n_obs <= most_rows:
        return ()
    present, position, counts = np.unique(panel.entity.codes, return_inverse=True, return_counts=True)
    order = rng.permutation(present.size)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    fitting = int(np.searchsorted(np.cumsum(counts[order]), most_rows, side="right"))
    large = max(fitting, RATIO * LEAST_ENTITIES)
    if large >= present.size:
        return ()
    some = [np.flatnonzero(rank[position] < n_entities) for n_entities in (large, large // RATIO)]
    sizes = (large, large // RATIO) if unit == "entity" else [rows.size for rows in some]
    n_all = present.size if unit == "entity" else panel.n_obs
    return tuple(Subsample(rows, some[0], size, n_all, unit) for rows, size in zip(some, sizes, strict=True))


def rates(drawn: Sequence[Numbers], subsamples: Sequence[Subsample]) -> dict[str, float]:
    """Return by which power of the units the spread of each number falls between two subsamples, by name.

    It is the root of the mean variance over all elements that is compared (Bertail, Politis & Romano 1999,
    "On subsampling estimators with unknown rate of convergence"), and held between 0 and `FASTEST_RATE`.

    Parameters
    ----------
    drawn : of the larger subsample and of the smaller
    subsamples : these
    """
    larger, smaller = drawn
    span = np.log(subsamples[0].n_units / subsamples[1].n_units)
    found = {}
    for name, values in larger.items():
        large, small = _spread(values), _spread(smaller[name])
        is_known = large > 0.0 and small > 0.0
        rate = np.log(small / large) / span if is_known else FASTEST_RATE
        found[name] = float(np.clip(rate, 0.0, FASTEST_RATE))
    return found


def _spread(draws: Floats) -> float:
    variances = draws.var(axis=0, ddof=1)
    finite = variances[np.isfinite(variances)]
    return float(np.sqrt(finite.mean())) if finite.size else 0.0


def rescaled(fit: Numbers, drawn: Sequence[Numbers], subsamples: Sequence[Subsample]) -> Numbers:
    """Rescale subsample draws to the full sample: around the fit on all units, with the spread of these.

    A deviation from the mean of the draws of n of N units is taken times ``(n / N) ** rate``, by the rate at
    which spreads fall between the two subsamples.

    Parameters
    ----------
    fit : numbers of the fit on all rows
    drawn : of the larger subsample and of the smaller
    subsamples : these
    """
    powers = rates(drawn, subsamples)
    return {
        name: np.concatenate(
            [
                fit[name] + (some.n_units / some.n_all) ** power * (part[name] - part[name].mean(axis=0))
                for part, some in zip(drawn, subsamples, strict=True)
            ]
        )
        for name, power in powers.items()
    }


def subsample_note(where: str, subsamples: Sequence[Subsample], powers: Mapping[str, float]) -> Note:
    """Return a note of what draws of two subsamples rest on, and by which rates they were rescaled."""
    larger, smaller = subsamples
    n_large, n_small, n_all = larger.n_units, smaller.n_units, larger.n_all
    least, most = min(powers.values()), max(powers.values())
    numbers = {"n_large": f"{n_large:,}", "n_all": f"{n_all:,}", "n_small": f"{n_small:,}"}
    numbers |= {"least": f"{least:.2f}", "most": f"{most:.2f}"}
    message = Message(
        "intervals rest on draws of {n_large} of {n_all} entities, half of the draws on "
        "{n_small}; from these to those the spread falls with the entities to the power of "
        "{least} to {most}, and it is carried on to all of them by that",
        **numbers,
    )
    if larger.unit == "row":
        message = Message(
            "intervals rest on draws of {n_large} of {n_all} rows, half of the draws on {n_small}; "
            "from these to those the spread falls with the rows to the power of {least} to {most}, "
            "and it is carried on to all of them by that",
            **numbers,
        )
    return Note("W-SUBSAMPLE", where, message)
