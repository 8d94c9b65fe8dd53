"""Protocols that hold out entities, the last periods, or both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Mask
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.evaluation.protocol import SAME_ENTITY, SAME_PERIOD, Fold, Leak


@dataclass(frozen=True)
class HeldOutEntities:
    """Grouped cross-validation: every entity is tested once, by a model that never saw it.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    """

    name: ClassVar[str] = "held_out_entities"
    title: ClassVar[str] = "Held-out entities"
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_PERIOD,)
    prepared_on: ClassVar[Literal["train", "all"]] = "train"
    stream: ClassVar[str] = "entities"

    folds: Annotated[int, Field(ge=2, le=10_000)] = 5

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"The entities are dealt into {self.folds} groups; each group is predicted by models trained, "
            "and selected, on other entities."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each group of entities."""
        trained, tested = self._periods(panel)
        groups = deal_entities(panel, n_groups=self.folds, protocol=self.name, rng=rng)
        return tuple(
            Fold(
                str(number),
                np.flatnonzero(~theirs & trained),
                np.flatnonzero(theirs & tested),
                None,
                "entity",
            )
            for number, theirs in enumerate(groups, start=1)
        )

    def _periods(self, panel: Panel) -> tuple[Mask, Mask]:
        """Return which rows lie in periods that are trained on, and in periods that are tested, (n_obs,)."""
        everywhere = np.ones(panel.n_obs, dtype=np.bool_)
        return everywhere, everywhere

    def quick(self) -> Self:
        """Return a copy with at most three groups."""
        return replace(self, folds=min(self.folds, 3))


def deal_entities(panel: Panel, *, n_groups: int, protocol: str, rng: Generator) -> tuple[Mask, ...]:
    """Deal the entities into groups of equal size, give or take one.

    Returns
    -------
    For each group which rows are its entities', (n_obs,).

    Raises
    ------
    EstimationError
        Where there are fewer entities than groups.
    """
    entities = np.unique(panel.entity.codes)
    if entities.size < n_groups:
        raise EstimationError.at(
            where=f"protocol {protocol}",
            what=f"{entities.size} entities cannot be dealt into {n_groups} groups",
            expected="at least as many entities as groups",
            hint="set a smaller number of folds, or leave this protocol out",
        )
    groups = np.array_split(rng.permutation(entities), n_groups)
    return tuple(np.isin(panel.entity.codes, group) for group in groups)


@dataclass(frozen=True)
class Forward:
    """The last periods are held out; models are selected on the last periods before them.

    Attributes
    ----------
    test_share : share of the periods held out; at least one period
    windows : parts the held-out periods are cut into, each predicted by models trained on all periods before
        it (an expanding window); no more than there are held-out periods
    """

    name: ClassVar[str] = "forward"
    title: ClassVar[str] = "Forward in time"
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_ENTITY,)
    prepared_on: ClassVar[Literal["train", "all"]] = "train"
    stream: ClassVar[str] = "forward"

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    windows: Annotated[int, Field(ge=1, le=10_000)] = 1

    @property
    def how(self) -> str:
        """One sentence for the report."""
        cut = f", cut into {self.windows} windows," if self.windows > 1 else ""
        return (
            f"The last {self.test_share:.0%} of the periods{cut} are predicted by models trained on the "
            "earlier ones and selected on the last of those."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each window."""
        is_late = last_periods(panel, test_share=self.test_share, protocol=self.name)
        periods = np.unique(panel.period[is_late])
        return tuple(
            Fold(
                str(number),
                train=np.flatnonzero(panel.period < window[0]),
                test=np.flatnonzero(np.isin(panel.period, window)),
                selection=None,
                split_unit="time",
            )
            for number, window in enumerate(np.array_split(periods, min(self.windows, periods.size)), start=1)
        )

    def quick(self) -> Self:
        """Return a copy with one window."""
        return replace(self, windows=1)


def last_periods(panel: Panel, *, test_share: float, protocol: str) -> Mask:
    """Return which rows lie in the last share of the periods, (n_obs,); at least one period does.

    Raises
    ------
    EstimationError
        Where no period would be left to train on.
    """
    periods = np.unique(panel.period)
    n_test = max(1, round(test_share * periods.size))
    if n_test >= periods.size:
        raise EstimationError.at(
            where=f"protocol {protocol}",
            what=f"the panel has {periods.size} period(s) and {n_test} would be held out",
            expected="at least one period to train on",
            hint="set a smaller test_share, or leave this protocol out",
        )
    return np.asarray(panel.period >= periods[-n_test])


@dataclass(frozen=True)
class EntitiesAndTime(HeldOutEntities):
    """Entities are held out and the last periods as well: training and test rows share neither.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    test_share : share of the periods held out; at least one period
    """

    name: ClassVar[str] = "entities_and_time"
    title: ClassVar[str] = "Held-out entities, forward in time"
    leaks: ClassVar[tuple[Leak, ...]] = ()

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"The entities are dealt into {self.folds} groups; the last {self.test_share:.0%} of the periods "
            "of each group are predicted by models trained, and selected, on earlier periods of others."
        )

    def _periods(self, panel: Panel) -> tuple[Mask, Mask]:
        """Return which rows lie before the last share of the periods, and which in it, (n_obs,)."""
        is_late = last_periods(panel, test_share=self.test_share, protocol=self.name)
        return ~is_late, is_late
