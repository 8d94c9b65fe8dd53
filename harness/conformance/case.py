"""An estimator under test, with the fits that several rules look at, and whether two of them agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast

import numpy as np

from harness.arrays import Floats
from harness.conformance.check import Skipped, Violation
from harness.conformance.panels import SEED, fresh, grouped, ordinary_panel
from harness.data.panel import Panel
from harness.estimators import protocol
from harness.estimators.guard import predict, predict_draws
from harness.rng import random_stream

# Largest difference, in standard deviations of the outcome, that is rounding unless declared.
TIGHT = 1e-6

# Label of the stream that is used unless another is named.
FIRST = "fit"


# Labels of the streams that show how far randomness alone moves an estimator.
STREAMS = ("second", "third", "fourth")

# How many times as far apart two fits may be as fits from different streams are.
SLACK = 2.0


T = TypeVar("T")


def able(thing: object, capability: Callable[..., T]) -> T:
    """Return an estimator or a fit that has a capability, given as its protocol class.

    Raises
    ------
    Skipped
        Where it has not.
    """
    if not isinstance(capability, type) or not isinstance(thing, capability):
        raise Skipped(f"{capability.__name__} is not declared")
    return cast("T", thing)


@dataclass(frozen=True, eq=False)
class Case:
    """An estimator under test.

    Attributes
    ----------
    estimator : with its options
    given : the options in words, as they were before any fit
    """

    estimator: protocol.Estimator
    given: str = field(init=False, repr=False)
    _predicted: dict[str, Floats] = field(default_factory=dict, init=False, repr=False)

    @property
    def tight(self) -> float:
        """Largest difference, in standard deviations of the outcome, that is put down to rounding."""
        return max(TIGHT, protocol.roundoff_of(self.estimator))

    def __post_init__(self) -> None:
        object.__setattr__(self, "given", repr(self.estimator))

    @cached_property
    def panel(self) -> Panel:
        """The ordinary panel, with the groups that the estimator asks for."""
        return self.prepared(ordinary_panel())

    @cached_property
    def train(self) -> Panel:
        """Four fifths of its entities, to train on."""
        return self.panel.take(np.flatnonzero(self.panel.entity.codes % 5 > 0))

    @cached_property
    def aside(self) -> Panel:
        """The other entities, to select on."""
        return self.panel.take(np.flatnonzero(self.panel.entity.codes % 5 == 0))

    @cached_property
    def scale(self) -> float:
        """Standard deviation of the ordinary outcome."""
        return float(self.panel.observed.std())

    @cached_property
    def fit(self) -> protocol.Fitted:
        """The estimator on the ordinary panel."""
        return self.fitted(self.panel)

    def prepared(self, panel: Panel) -> Panel:
        """Return a simulated panel with the groups that the estimator asks for."""
        return grouped(panel, protocol.grouped_by(self.estimator))

    def predictions(self, label: str = FIRST) -> Floats:
        """Return predictions of a fit on the ordinary panel for its own rows, (n_obs,)."""
        if label not in self._predicted:
            fit = self.fit if label == FIRST else self.fitted(self.panel, label=label)
            self._predicted[label] = predict(fit, fresh(self.panel))
        return self._predicted[label]

    def fitted(self, panel: Panel, *, label: str = FIRST, selection: Panel | None = None) -> protocol.Fitted:
        """Return a fit on a copy of a panel; equal labels give equal streams."""
        aside = None if selection is None else fresh(selection)
        return self.estimator.fit(fresh(panel), rng=random_stream(SEED, label), selection=aside)

    def predicted(self, panel: Panel, *, at: Panel | None = None, label: str = FIRST) -> Floats:
        """Return predictions of a fit on a panel, for its own rows or for those of `at`."""
        return predict(self.fitted(panel, label=label), fresh(panel if at is None else at))

    def drawn(
        self, panel: Panel, weights: Floats, *, selection: protocol.DrawSelection = None, label: str = FIRST
    ) -> protocol.FittedDraws:
        """Return one fit a draw of weights, (n_draws, n_obs).

        Raises
        ------
        Skipped
            Where the estimator does not fit draws.
        """
        if isinstance(selection, Panel):
            selection = fresh(selection)
        elif selection is not None:
            selection = selection.copy()
        estimator, rng = able(self.estimator, protocol.CanFitDraws), random_stream(SEED, label)
        return estimator.fit_draws(fresh(panel), weights=weights.copy(), selection=selection, rng=rng)

    def predicted_draws(
        self,
        panel: Panel,
        weights: Floats,
        *,
        selection: protocol.DrawSelection = None,
        at: Panel | None = None,
        label: str = FIRST,
    ) -> Floats:
        """Return predictions of draws, (n_draws, n_obs), for the panel's rows or for those of `at`."""
        draws = self.drawn(panel, weights, selection=selection, label=label)
        return predict_draws(draws, fresh(panel if at is None else at))


def gap(one: Floats, other: Floats, *, scale: float) -> float:
    """Return the root mean squared difference of predictions of equal shape, over `scale` > 0."""
    return float(np.sqrt(np.mean((one - other) ** 2))) / scale


def require_equal(found: Floats, expected: Floats, *, case: Case, what: str) -> str:
    """Return in words that predictions are equal up to rounding.

    Raises
    ------
    Violation
        Where they are not.
    """
    apart = gap(found, expected, scale=case.scale)
    if apart > case.tight:
        raise Violation(f"{what}: predictions differ by {apart:.2g} standard deviations of the outcome")
    return "equal up to rounding"


def require_agreement(found: Floats, expected: Callable[[str], Floats], *, case: Case, what: str) -> str:
    """Return in words that predictions agree.

    An estimator that draws from its stream may draw other numbers for the same question put in another way.
    It may then be as far off as its own fits from different streams are from each other; one that draws
    nothing may not be off at all.

    Parameters
    ----------
    expected : predictions of the fit in question, by the label of its stream

    Raises
    ------
    Violation
        Where predictions differ by more.
    """
    first = expected(FIRST)
    apart = gap(found, first, scale=case.scale)
    if apart <= case.tight:
        return "equal up to rounding"
    spread = max(gap(expected(label), first, scale=case.scale) for label in STREAMS)
    if apart > SLACK * spread:
        by_streams = f", and by {spread:.2g} from one stream to another" if spread > case.tight else ""
        how = f"predictions differ by {apart:.2g} standard deviations of the outcome{by_streams}"
        raise Violation(f"{what}: {how}")
    return f"apart by {apart:.2g} standard deviations of the outcome, as are fits of other streams"
