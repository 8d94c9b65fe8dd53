"""Errors of bootstrap samples in which a model without a further threshold is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
from numpy.random import Generator

from harness.plugin import EstimationError, Floats, Ints, Panel, Problem

Resample = Literal["signs", "entities"]
"""How errors are drawn: each entity's own with a random sign, or those of another entity."""


class ErrorDraws(Protocol):
    """Draws of errors, the same for every model they are taken from."""

    def of(self, errors: Floats) -> Floats:
        """Return the errors of all samples, (n_obs, n_draws), given those of a model, (n_obs,)."""


@dataclass(frozen=True, eq=False)
class SignedErrors:
    """Each entity keeps its errors, with a sign of its own (wild cluster bootstrap).

    So what varies between entities, depends on regressors or lasts within them stays as it is.

    Attributes
    ----------
    signs : (n_obs, n_draws)
    """

    signs: Floats

    @classmethod
    def drawn(cls, panel: Panel, n_draws: int, rng: Generator) -> Self:
        """Draw the signs of the entities of a panel."""
        sizes = (len(panel.entity.labels), n_draws)
        return cls(rng.choice(np.array([-1.0, 1.0]), size=sizes)[panel.entity.codes])

    def of(self, errors: Floats) -> Floats:
        """Return the errors of all samples, (n_obs, n_draws)."""
        signed: Floats = errors[:, None] * self.signs
        return signed


@dataclass(frozen=True, eq=False)
class ErrorsOfOthers:
    """Each entity gets the errors of an entity that is drawn, of the same periods (Hansen 1999, section 4.2).

    Errors have to be independent of regressors, and of entities with the same periods.

    Attributes
    ----------
    rows : (n_obs, n_draws), of which row each row has the error
    """

    rows: Ints

    @classmethod
    def drawn(cls, panel: Panel, n_draws: int, rng: Generator) -> Self:
        """Draw entities for the entities of a panel.

        Raises
        ------
        EstimationError
            Where entities have other periods than one another.
        """
        order = panel.canonical_order
        entities, place = np.unique(panel.entity.codes, return_inverse=True)
        if panel.n_obs != entities.size * panel.n_periods:
            raise EstimationError(
                Problem(
                    where="resample",
                    what=f"errors of an entity go to another one, and {entities.size} entities in "
                    f"{panel.n_periods} periods have {panel.n_obs} rows",
                    expected="each entity in each period",
                    hint="take `resample: signs`, which asks for no such thing",
                )
            )
        row_of = order.reshape(entities.size, panel.n_periods)
        column = np.empty(panel.n_obs, dtype=np.int64)
        column[order] = np.tile(np.arange(panel.n_periods), entities.size)
        others = rng.integers(entities.size, size=(entities.size, n_draws))
        return cls(row_of[others[place], column[:, None]])

    def of(self, errors: Floats) -> Floats:
        """Return the errors of all samples, (n_obs, n_draws)."""
        passed_on: Floats = errors[self.rows]
        return passed_on


def error_draws(panel: Panel, resample: Resample, n_draws: int, rng: Generator) -> ErrorDraws:
    """Return the draws of a way to resample.

    Raises
    ------
    EstimationError
        Where entities have other periods than one another and their errors would be passed on.
    """
    kind: type[SignedErrors | ErrorsOfOthers] = SignedErrors if resample == "signs" else ErrorsOfOthers
    return kind.drawn(panel, n_draws, rng)
