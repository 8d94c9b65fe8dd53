"""Evaluation protocols: the interface, and those that hold out entities, periods, both, or random rows.

A protocol splits a panel into folds and names the information leakage between training and test rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Ints, Mask, frozen_ints
from harness.data.panel import Panel, SplitUnit
from harness.errors import EstimationError
from harness.language import Coded, marked, quoted
from harness.registry.catalog import Kind, OptionsClass


@dataclass(frozen=True, eq=False)
class Fold:
    """Sorted row indices into the full panel.

    Attributes
    ----------
    name : of the fold within its protocol
    train, test : training and test rows
    selection : rows for model selection; with None each estimator makes an inner split
    split_unit : unit that this inner split keeps together
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

    @property
    def sides(self) -> Mapping[str, Ints]:
        """The rows by what they are for."""
        names = ("train", "test", "selection")
        return {name: rows for name in names if (rows := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Leak:
    """Information leakage: what test rows share with training rows and new cases would not.

    Attributes
    ----------
    code : short and stable
    text : one plain clause for the report
    """

    code: str
    text: str


SAME_ENTITY = Leak("same_entity", marked("rows of the same entity are in both training and test data"))
SAME_PERIOD = Leak("same_period", marked("rows of the same period are in both training and test data"))
LATER_PERIODS = Leak("later_periods", marked("training includes periods later than those tested"))
TEST_SELECTION = Leak("test_selection", marked("models are selected on the test rows"))
ALL_ROWS_PREPARED = Leak("prepared_on_all_rows", marked("preparation steps that are estimated use all rows"))
TRAINING_ROWS = Leak("training_rows", marked("the test rows are the training rows"))

# Leaks by which training knows the entities, and the periods, that are tested.
KNOWN_ENTITIES = frozenset({SAME_ENTITY.code, TRAINING_ROWS.code})
KNOWN_PERIODS = frozenset({SAME_PERIOD.code, TRAINING_ROWS.code})

# Leaks through which the test rows themselves take part in fitting or choosing a model.
TOUCHES_TEST_ROWS = frozenset({TRAINING_ROWS.code, TEST_SELECTION.code, ALL_ROWS_PREPARED.code})


class EvaluationProtocol(Protocol):
    """An evaluation protocol: a frozen dataclass of options that splits a panel.

    Attributes
    ----------
    name : as written in YAML
    title : for a table's heading
    leaks : what the test rows share with the training rows under this protocol
    prepared_on : rows used to estimate preparation steps
    stream : label of the random stream of the splits; protocols with the same label share their splits
    """

    name: ClassVar[str]
    title: ClassVar[str]
    leaks: ClassVar[tuple[Leak, ...]]
    prepared_on: ClassVar[Literal["train", "all"]] = "train"
    stream: ClassVar[str]

    @property
    def how(self) -> str:
        """One sentence for the report: how rows are split and models selected."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data that rows are split by, which `Panel.group` then has; none by default."""
        return ()

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return the splits of this panel.

        Raises
        ------
        EstimationError
            If the panel is too small for a split.
        """

    def quick(self) -> Self:
        """Return a copy with fewer splits, for ``--quick``."""


# Protocols that a spec can choose.
PROTOCOL: Kind[type[EvaluationProtocol]] = Kind(
    "protocol",
    "protocols",
    OptionsClass(("split", "quick"), ("title", "leaks", "prepared_on", "stream", "how", "columns")),
)


class DescribedProtocol:
    """A protocol that is described by one sentence, into which its options are filled, shares in per cent.

    Attributes
    ----------
    says : the sentence, a place for each option
    """

    says: ClassVar[str]

    @property
    def how(self) -> str:
        """One sentence for the report."""
        shown = {name: f"{own:.0%}" if isinstance(own, float) else own for name, own in vars(self).items()}
        return Coded(self.says, **shown)


def folds_of(
    sides: Iterable[tuple[Mask, Mask]], split_unit: SplitUnit, *, selects_on_test: bool = False
) -> tuple[Fold, ...]:
    """Return a fold for each pair of sides: which rows, (n_obs,), are trained on and which are tested."""
    pairs = [(np.flatnonzero(train), np.flatnonzero(test)) for train, test in sides]
    return tuple(
        Fold(str(number), train, test, test if selects_on_test else None, split_unit)
        for number, (train, test) in enumerate(pairs, start=1)
    )


@dataclass(frozen=True)
class HeldOutEntitiesProtocol(DescribedProtocol, EvaluationProtocol):
    """Grouped cross-validation: every entity is tested once, by a model that never saw it.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    """

    name = "held_out_entities"
    title = marked("Held-out entities")
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_PERIOD,)
    stream = "entities"
    unit: ClassVar[SplitUnit] = "entity"
    says = marked(
        "Cross-validation over entities in {folds} groups: each group is predicted by models "
        "trained and selected on the other entities."
    )

    folds: Annotated[int, Field(ge=2, le=10_000)] = 5

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each group of entities, of equal size, give or take one."""
        trained, tested = self._periods(panel)
        entities = np.unique(panel.entity.codes)
        if entities.size < self.folds:
            sizes = {"size": entities.size, "n_groups": self.folds}
            what = Coded("{size} entities are too few for {n_groups} groups", **sizes)
            hint = marked("set fewer folds, or drop this protocol")
            expected = marked("at least as many entities as groups")
            raise EstimationError.at(Coded("protocol {name}", name=quoted(self.name)), what, expected, hint)
        groups = np.array_split(rng.permutation(entities), self.folds)
        is_own = (np.isin(panel.entity.codes, group) for group in groups)
        return folds_of(((~own & trained, own & tested) for own in is_own), self.unit)

    def _periods(self, panel: Panel) -> tuple[Mask, Mask]:
        """Return which rows lie in periods that are trained on, and in periods that are tested, (n_obs,)."""
        everywhere = np.ones(panel.n_obs, dtype=np.bool_)
        return everywhere, everywhere

    def quick(self) -> Self:
        """Return a copy with at most three groups."""
        return replace(self, folds=min(self.folds, 3))


@dataclass(frozen=True)
class ForwardProtocol(EvaluationProtocol):
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
        shown = {"test_share": f"{self.test_share:.0%}"}
        shown["cut"] = f", cut into {self.windows} windows," if self.windows > 1 else ""
        return Coded(
            "The last {test_share} of the periods{cut} are predicted by models trained on the "
            "earlier periods and selected on the latest of these.",
            **shown,
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each window."""
        is_late = last_periods(panel, test_share=self.test_share, protocol=self.name)
        periods = np.unique(panel.period[is_late])
        windows = np.array_split(periods, min(self.windows, periods.size))
        return folds_of(((panel.period < own[0], np.isin(panel.period, own)) for own in windows), "time")

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
        sizes = {"size": periods.size, "n_test": n_test}
        what = Coded("the panel has {size} period(s), of which {n_test} would be held out", **sizes)
        hint = marked("set a smaller test_share, or drop this protocol")
        raise EstimationError.at(
            Coded("protocol {name}", name=quoted(protocol)),
            what,
            marked("at least one period to train on"),
            hint,
        )
    return np.asarray(panel.period >= periods[-n_test])


@dataclass(frozen=True)
class EntitiesAndTime(HeldOutEntitiesProtocol):
    """Entities are held out and the last periods as well: training and test rows share neither.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    test_share : share of the periods held out; at least one period
    """

    name = "entities_and_time"
    title = marked("Held-out entities, forward in time")
    leaks = ()
    unit = "entity_and_time"
    says = marked(
        "Cross-validation over entities in {folds} groups: the last {test_share} of the periods of "
        "each group are predicted by models trained and selected on earlier periods of the other "
        "entities."
    )

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def _periods(self, panel: Panel) -> tuple[Mask, Mask]:
        """Return which rows lie before the last share of the periods, and which in it, (n_obs,)."""
        is_late = last_periods(panel, test_share=self.test_share, protocol=self.name)
        return ~is_late, is_late


@dataclass(frozen=True)
class RandomRowsProtocol(DescribedProtocol, EvaluationProtocol):
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
    says = marked(
        "A random {test_share} of the rows is held out, {repeats} times; models are selected on "
        "further random rows kept out of training.",
        code="random_rows",
    )

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 10

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return `repeats` random splits of rows; test rows that leak into the selection are selected on."""
        n_test = round(self.test_share * panel.n_obs)
        if not 1 <= n_test < panel.n_obs:
            sizes = {"test_share": f"{self.test_share:.0%}", "n_obs": panel.n_obs, "n_test": n_test}
            what = Coded("{test_share} of {n_obs} rows gives {n_test} test rows", **sizes)
            limits = {"least": f"{1 / panel.n_obs:.2g}", "most": f"{1 - 1 / panel.n_obs:.2g}"}
            hint = Coded("set test_share between {least} and {most}, or drop this protocol", **limits)
            raise EstimationError.at(
                marked("random split of rows"), what, marked("at least one row on each side"), hint
            )
        rows = np.arange(panel.n_obs)
        held_out = [np.isin(rows, rng.permutation(rows.size)[:n_test]) for _ in range(self.repeats)]
        sides = ((~is_test, is_test) for is_test in held_out)
        return folds_of(sides, "row", selects_on_test=TEST_SELECTION in self.leaks)

    def quick(self) -> Self:
        """Return a copy with at most three splits."""
        return replace(self, repeats=min(self.repeats, 3))


@dataclass(frozen=True)
class AsPublished(RandomRowsProtocol):
    """A random share of rows is held out, repeatedly; networks are selected on the held-out rows.

    Attributes
    ----------
    test_share : share of the rows held out
    repeats : number of random splits
    """

    name = "as_published"
    title = marked("As published (random rows)")
    leaks = (*RandomRowsProtocol.leaks, TEST_SELECTION, ALL_ROWS_PREPARED)
    prepared_on = "all"
    says = marked(
        "A random {test_share} of the rows is held out, {repeats} times; models are selected on "
        "these same rows.",
        code="random_rows_as_published",
    )


@dataclass(frozen=True)
class InSample(DescribedProtocol, EvaluationProtocol):
    """All rows train, select and are compared on; what a regression table's R2 rests on."""

    name = "in_sample"
    title = marked("In sample")
    leaks = (TRAINING_ROWS,)
    prepared_on = "all"
    stream = "in sample"
    says = marked("The same rows are used for training, selection and evaluation.")

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return the one fold in which both sides are the whole panel."""
        everywhere = np.ones(panel.n_obs, dtype=np.bool_)
        return folds_of([(everywhere, everywhere)], "row", selects_on_test=True)

    def quick(self) -> Self:
        """Return itself: there is one split."""
        return self
