"""How an estimator sets rows of its training panel aside to select a model on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import Message, marked


@dataclass(frozen=True, eq=False)
class InnerSplit:
    """Positions of the rows to train on and of the rows to select on; both sorted, disjoint, not empty."""

    train: Ints
    selection: Ints


def inner_split(panel: Panel, *, share: float, rng: Generator) -> InnerSplit:
    """Split a training panel so that what the protocol holds apart stays apart inside as well.

    Parameters
    ----------
    panel : its `split_unit` says what is drawn: rows, whole entities, or the last periods
    share : in (0, 1)
        Share of the units to select on; at least one unit goes to each side.

    Raises
    ------
    EstimationError
        Where there are fewer than two units.
    """
    codes = {"row": np.arange(panel.n_obs), "entity": panel.entity.codes, "time": panel.period}
    units = np.unique(codes[panel.split_unit])
    if units.size < 2:
        raise EstimationError.at(
            where="inner split",
            what=Message(
                "with {size} {split_unit} to train on, none can be set aside to select on",
                size=units.size,
                split_unit=panel.split_unit,
            ),
            expected="at least two",
            hint=marked("use a protocol that leaves more to train on, or fix the model's size in the spec"),
        )
    n_aside = min(max(1, round(share * units.size)), units.size - 1)
    aside = units[-n_aside:] if panel.split_unit == "time" else rng.permutation(units)[:n_aside]
    is_aside = np.isin(codes[panel.split_unit], aside)
    return InnerSplit(train=np.flatnonzero(~is_aside), selection=np.flatnonzero(is_aside))
