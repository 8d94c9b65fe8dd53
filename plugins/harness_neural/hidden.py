"""How many hidden units a network has, by the formula of the study."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness_neural.names import Rounding


@dataclass(frozen=True)
class HiddenSize:
    """A hidden size and where it comes from.

    Attributes
    ----------
    formula : what the formula gives, before rounding
    units : >= 1, the size used
    rounding : the rule between the two; a result under one becomes one
    """

    formula: float
    units: int
    rounding: Rounding

    @property
    def is_raised(self) -> bool:
        """Whether the formula gave less than the one unit that is used."""
        return self.formula < 1.0


@dataclass(frozen=True)
class CandidateSizes:
    """Hidden sizes to try.

    Attributes
    ----------
    units : ascending
    formula : what the formula gives for the rows; None where the size is given
    """

    units: tuple[int, ...]
    formula: HiddenSize | None


def formula_size(
    *, n_obs: float, n_inputs: int, n_outputs: int = 1, train_share: float = 0.9, flexibility: float = 10.0
) -> float:
    """Return N = ((s pt NO - NO) / (IO + NO + 1) - 1) / FL.

    A network of N units has N (IO + 1) + NO (N + 1) parameters; the inner fraction is the N at which they
    are as many as the s pt NO numbers it is trained on.

    Parameters
    ----------
    n_obs : s > 0, distinct rows, those to select on included; need not be whole
    n_inputs : IO >= 1
    n_outputs : NO >= 1
    train_share : pt in (0, 1], share of the rows that is trained on
    flexibility : FL > 0, how many times fewer units the network has than it could

    Raises
    ------
    ValueError
        Where an argument is out of its range.
    """
    if not (n_obs > 0 and n_inputs >= 1 and n_outputs >= 1 and 0 < train_share <= 1 and flexibility > 0):
        raise ValueError(
            f"the hidden size is not defined for n_obs={n_obs}, n_inputs={n_inputs}, n_outputs={n_outputs}, "
            f"train_share={train_share}, flexibility={flexibility}"
        )
    most = (n_obs * train_share * n_outputs - n_outputs) / (n_inputs + n_outputs + 1)
    return (most - 1.0) / flexibility


def round_size(formula: float, rounding: Rounding = "floor") -> HiddenSize:
    """Return the whole number of units for a result of the formula: rounded, and one at least."""
    nearest = {"floor": math.floor(formula), "nearest": math.floor(formula + 0.5), "up": math.ceil(formula)}
    return HiddenSize(formula=formula, units=max(nearest[rounding], 1), rounding=rounding)


def one_unit_parameters(n_inputs: int) -> int:
    """Return the number of parameters of a network with one hidden unit and one output."""
    return n_inputs + 3
