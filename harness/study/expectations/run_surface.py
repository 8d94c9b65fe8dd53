"""Conditional effects and surfaces of a run, as claims about a moderator ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, Mask
from harness.study.expectations.run_curve import RunCurve

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RunEffects:
    """Effects of the exposure with pointwise intervals, (n,) each, at values that increase.

    Attributes
    ----------
    at : of a moderator, or exposures
    effect, low, high : outcome units per unit of the exposure
    """

    at: Floats
    effect: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame, *, at: str, effect: str) -> RunEffects:
        """Return the effects of some rows, by the names of their columns."""
        names = (at, effect, "conf_low", "conf_high")
        return cls(*(rows[name].to_numpy(dtype=float) for name in names))

    def has(self, kind: str) -> Mask:
        """Return where the effect is ``falling`` or ``rising`` for certain, or ``none`` of both, (n,)."""
        falls, rises = self.high < 0.0, self.low > 0.0
        return {"falling": falls, "rising": rises, "none": ~falls & ~rises}[kind]


@dataclass(frozen=True, eq=False)
class RunSurface:
    """A surface over exposure and moderator.

    Attributes
    ----------
    exposure_at, moderator_at : (n_exposures,) and (n_moderators,), increasing
    level, effect : (n_exposures, n_moderators), outcome units, and per unit of the exposure
    supported : likewise
    """

    exposure_at: Floats
    moderator_at: Floats
    level: Floats
    effect: Floats
    supported: Mask

    @classmethod
    def of(cls, rows: pd.DataFrame) -> RunSurface:
        """Return the surface of the first scenario among some rows."""
        rows = rows.assign(supported=rows["supported"].astype(str) == "True")
        first = rows[rows["scenario"] == rows["scenario"].iloc[0]]
        level, effect, supported = (
            first.pivot_table(index="exposure_at", columns="moderator_at", values=name, aggfunc="first")
            for name in ("estimate", "effect", "supported")
        )
        return cls(
            exposure_at=level.index.to_numpy(dtype=float),
            moderator_at=level.columns.to_numpy(dtype=float),
            level=level.to_numpy(dtype=float),
            effect=effect.to_numpy(dtype=float),
            supported=supported.to_numpy(dtype=bool),
        )

    def along_moderator(self, values: Floats) -> RunCurve | None:
        """Return how values of the cells go along the moderator (see `_chained`)."""
        return _chained(self.moderator_at, values, self.supported)

    def along_exposure(self, values: Floats) -> RunCurve | None:
        """Return how values of the cells go along the exposure (see `_chained`)."""
        return _chained(self.exposure_at, values.T, self.supported.T)

    def within(self, ends: tuple[float, float]) -> Mask:
        """Return the supported cells at values of the moderator in a range, (n_exposures, n_moderators)."""
        low, high = ends
        return np.asarray(self.supported & (self.moderator_at >= low) & (self.moderator_at <= high))


def _chained(at: Floats, values: Floats, supported: Mask) -> RunCurve | None:
    """Return mean changes between neighbours, added up; None where no neighbours share a supported cell.

    Each change is a mean over the cells supported at both, so that it is no change of which cells these are.

    Parameters
    ----------
    at : (n,)
    values, supported : (m, n)
    """
    both = supported[:, 1:] & supported[:, :-1]
    n_both = both.sum(axis=0)
    reached = np.flatnonzero(n_both)
    if not reached.size:
        return None
    first, last = int(reached[0]), int(reached[-1]) + 1
    change = np.where(both, np.diff(values, axis=1), 0.0).sum(axis=0) / np.maximum(n_both, 1)
    return RunCurve(at[first : last + 1], np.concatenate([[0.0], np.cumsum(change[first:last])]))
