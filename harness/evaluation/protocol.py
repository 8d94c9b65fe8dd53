"""Protocols: what one is, and those that hold out entities, periods or both, or compare on random rows.

A protocol splits a panel into folds, and says what passes between their sides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Ints, Mask, frozen_ints
from harness.data.panel import Panel, SplitUnit
from harness.errors import EstimationError
from harness.language import Message, marked
from harness.registry.kind import Kind, OptionsClass


@dataclass(frozen=True, eq=False)
class Fold:
    """Positions of rows in the full panel, sorted.

    Attributes
    ----------
    name : of the fold within its protocol
    train, test : rows to fit on and rows to compare on
    selection : rows that candidate models are compared on; None asks each estimator for an inner split
    split_unit : what that inner split keeps together
    """

    name: str
    train: Ints
    test: Ints
    selection: Ints | None
    split_unit: SplitUnit

    def __post_init__(self) -> None:
        for name in ("train", "test", "selection"):
            rows = getattr(self, name)
            object.__setattr__(self, name, None if rows is None else frozen_ints(rows))


@dataclass(frozen=True)
class Leak:
    """Something the test rows have in common with the training rows that a new case would not have.

    Attributes
    ----------
    code : short and stable
    text : one plain clause for the report
    """

    code: str
    text: str


SAME_ENTITY = Leak("same_entity", marked("rows of the same entity stand on both sides"))
SAME_PERIOD = Leak("same_period", marked("rows of the same period stand on both sides"))
LATER_PERIODS = Leak("later_periods", marked("later periods are trained on than are tested"))
TEST_SELECTION = Leak("test_selection", marked("models are selected on the test rows"))
ALL_ROWS_PREPARED = Leak(
    "prepared_on_all_rows", marked("preparation steps that learn are fitted on all rows")
)
TRAINING_ROWS = Leak("training_rows", marked("the rows compared on are the rows trained on"))

# Leaks through which the test rows themselves take part in fitting or choosing a model.
TOUCHES_TEST_ROWS = frozenset({TRAINING_ROWS.code, TEST_SELECTION.code, ALL_ROWS_PREPARED.code})


class EvaluationProtocol(Protocol):
    """A frozen dataclass of options that splits a panel.

    Attributes
    ----------
    name : as written in YAML
    title : for a table's heading
    leaks : what the test rows share with the training rows under this protocol
    prepared_on : rows that preparation steps with something to learn are fitted on
    stream : label of the random stream that draws the splits; protocols that share it share their splits
    """

    name: ClassVar[str]
    title: ClassVar[str]
    leaks: ClassVar[tuple[Leak, ...]]
    prepared_on: ClassVar[Literal["train", "all"]] = "train"
    stream: ClassVar[str]

    @property
    def how(self) -> str:
        """One sentence for the report: how rows are split and on what models are selected."""

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return the splits of this panel.

        Raises
        ------
        EstimationError
            Where the panel is too small for a side of a split.
        """

    def quick(self) -> Self:
        """Return a copy with fewer splits, for ``--quick``."""


# Protocols that a spec can choose.
PROTOCOL: Kind[type[EvaluationProtocol]] = Kind(
    "protocol",
    "protocols",
    OptionsClass(("split", "quick"), ("title", "leaks", "prepared_on", "stream", "how")),
)


@dataclass(frozen=True)
class HeldOutEntities(EvaluationProtocol):
    """Grouped cross-validation: every entity is tested once, by a model that never saw it.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    """

    name = "held_out_entities"
    title = marked("Held-out entities")
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_PERIOD,)
    stream = "entities"

    folds: Annotated[int, Field(ge=2, le=10_000)] = 5

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return Message(
            "The entities are dealt into {folds} groups; each group is predicted by models trained, "
            "and selected, on other entities.",
            folds=self.folds,
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each group of entities."""
        trained, tested = self._periods(panel)
        groups = deal_entities(panel, n_groups=self.folds, protocol=self.name, rng=rng)
        sides = ((np.flatnonzero(~own & trained), np.flatnonzero(own & tested)) for own in groups)
        return tuple(
            Fold(str(at), *both, None, split_unit="entity") for at, both in enumerate(sides, start=1)
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
            what=Message(
                "{size} entities cannot be dealt into {n_groups} groups",
                size=entities.size,
                n_groups=n_groups,
            ),
            expected="at least as many entities as groups",
            hint=marked("set a smaller number of folds, or leave this protocol out"),
        )
    groups = np.array_split(rng.permutation(entities), n_groups)
    return tuple(np.isin(panel.entity.codes, group) for group in groups)


@dataclass(frozen=True)
class Forward(EvaluationProtocol):
    """The last periods are held out; models are selected on the last periods before them.

    Attributes
    ----------
    test_share : share of the periods held out; at least one period
    windows : parts the held-out periods are cut into, each predicted by models trained on all periods before
        it (an expanding window); no more than there are held-out periods
    """

    name = "forward"
    title = marked("Forward in time")
    leaks = (SAME_ENTITY,)
    stream = "forward"

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    windows: Annotated[int, Field(ge=1, le=10_000)] = 1

    @property
    def how(self) -> str:
        """One sentence for the report."""
        cut = f", cut into {self.windows} windows," if self.windows > 1 else ""
        return Message(
            "The last {test_share} of the periods{cut} are predicted by models trained on the "
            "earlier ones and selected on the last of those.",
            test_share=f"{self.test_share:.0%}",
            cut=cut,
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each window."""
        is_late = last_periods(panel, test_share=self.test_share, protocol=self.name)
        periods = np.unique(panel.period[is_late])
        windows = np.array_split(periods, min(self.windows, periods.size))
        sides = (
            (np.flatnonzero(panel.period < own[0]), np.flatnonzero(np.isin(panel.period, own)))
            for own in windows
        )
        return tuple(Fold(str(at), *own, None, split_unit="time") for at, own in enumerate(sides, start=1))

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
            what=Message(
                "the panel has {size} period(s) and {n_test} would be held out",
                size=periods.size,
                n_test=n_test,
            ),
            expected="at least one period to train on",
            hint=marked("set a smaller test_share, or leave this protocol out"),
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

    name = "entities_and_time"
    title = marked("Held-out entities, forward in time")
    leaks = ()

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return Message(
            "The entities are dealt into {folds} groups; the last {test_share} of the periods of "
            "each group are predicted by models trained, and selected, on earlier periods of others.",
            folds=self.folds,
            test_share=f"{self.test_share:.0%}",
        )

    def _periods(self, panel: Panel) -> tuple[Mask, Mask]:
        """Return which rows lie before the last share of the periods, and which in it, (n_obs,)."""
        is_late = last_periods(panel, test_share=self.test_share, protocol=self.name)
        return ~is_late, is_late


@dataclass(frozen=True)
class RandomRows(EvaluationProtocol):
    """The same random splits as ``as_published``, but models are selected inside the training rows.

    The difference of the two protocols is what selection on the test rows is worth.

    Attributes
    ----------
    test_share : share of the rows held out
    repeats : number of random splits
    """

    name = "random_rows"
    title = marked("Random rows")
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_ENTITY, SAME_PERIOD, LATER_PERIODS)
    stream = "random rows"

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 10

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return Message(
            "A random {test_share} of the rows are held out, {repeats} times; models are selected on "
            "other random rows, set aside from the training rows.",
            test_share=f"{self.test_share:.0%}",
            repeats=self.repeats,
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return `repeats` random splits of rows; test rows that leak into the selection are selected on."""
        selects_on_test = TEST_SELECTION in self.leaks
        pairs = split_rows(panel.n_obs, test_share=self.test_share, repeats=self.repeats, rng=rng)
        return tuple(
            Fold(str(number), train, test, test if selects_on_test else None, split_unit="row")
            for number, (train, test) in enumerate(pairs, start=1)
        )

    def quick(self) -> Self:
        """Return a copy with at most three splits."""
        return replace(self, repeats=min(self.repeats, 3))


@dataclass(frozen=True)
class AsPublished(RandomRows):
    """A random share of rows is held out, repeatedly; networks are selected on the held-out rows.

    Attributes
    ----------
    test_share : share of the rows held out
    repeats : number of random splits
    """

    name = "as_published"
    title = marked("As published (random rows)")
    leaks = (*RandomRows.leaks, TEST_SELECTION, ALL_ROWS_PREPARED)
    prepared_on = "all"

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return Message(
            "A random {test_share} of the rows are held out, {repeats} times; models are selected on "
            "the held-out rows.",
            test_share=f"{self.test_share:.0%}",
            repeats=self.repeats,
        )


def split_rows(
    n_obs: int, *, test_share: float, repeats: int, rng: Generator
) -> tuple[tuple[Ints, Ints], ...]:
    """Return pairs of training and test rows, sorted positions.

    Parameters
    ----------
    test_share : in (0, 1)
    repeats : >= 1, number of pairs

    Raises
    ------
    EstimationError
        Where a side would be empty.
    """
    n_test = round(test_share * n_obs)
    if not 1 <= n_test < n_obs:
        raise EstimationError.at(
            where="random split of rows",
            what=Message(
                "{test_share} of {n_obs} rows leaves {n_test} to test on",
                test_share=f"{test_share:.0%}",
                n_obs=n_obs,
                n_test=n_test,
            ),
            expected="at least one row on each side",
            hint=marked("change test_share, or leave this protocol out"),
        )
    orders = [rng.permutation(n_obs) for _ in range(repeats)]
    return tuple((np.sort(order[n_test:]), np.sort(order[:n_test])) for order in orders)


@dataclass(frozen=True)
class InSample(EvaluationProtocol):
    """All rows train, select and are compared on; what a regression table's R2 rests on."""

    name = "in_sample"
    title = marked("In sample")
    leaks = (TRAINING_ROWS,)
    prepared_on = "all"
    stream = "in sample"

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return marked("All rows are trained on, select the model and are compared on.")

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return the one fold in which both sides are the whole panel."""
        rows = np.arange(panel.n_obs)
        return (Fold("1", train=rows, test=rows, selection=rows, split_unit="row"),)

    def quick(self) -> Self:
        """Return itself: there is one split."""
        return self
