"""Estimators within estimators: their columns, and whether one absorbs effects of entities."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from harness import EstimationError, Panel, PluginError, Problem
from harness.estimators.guard import attempt, predict, predict_any
from harness.estimators.protocol import ESTIMATOR, absorbs_entities, grouped_by
from harness.installed import installed
from harness.plugin import Estimator, NeedsGroups, inner_split, random_stream
from harness.scenarios.draws import LoopedDraws
from panels import balanced_panel, panel_from_arrays


@dataclass(frozen=True)
class MeanFit:
    def predict(self, panel: Panel):
        return np.zeros(panel.n_obs)


@dataclass(frozen=True)
class Plain:
    name: ClassVar[str] = "plain"
    provides: ClassVar[frozenset[type]] = frozenset()

    columns: tuple[str, ...] = ("not", "groups")

    def fit(self, panel: Panel, *, rng, selection=None):
        return MeanFit()


@dataclass(frozen=True)
class ByGroup(Plain):
    provides: ClassVar[frozenset[type]] = frozenset({NeedsGroups})

    by: tuple[str, ...] = ()

    @property
    def group_columns(self) -> tuple[str, ...]:
        return self.by


@dataclass(frozen=True)
class Around(Plain):
    base: Estimator = Plain()
    others: tuple[Estimator, ...] = ()


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (Plain(), ()),
        (ByGroup(by=("a", "b")), ("a", "b")),
        (Around(base=ByGroup(by=("a",))), ("a",)),
        (Around(base=Around(base=ByGroup(by=("a",)))), ("a",)),
        (Around(base=ByGroup(by=("a", "b")), others=(ByGroup(by=("b", "c")), Plain())), ("a", "b", "c")),
    ],
    ids=["none", "own", "nested", "nested twice", "several"],
)
def test_columns_are_found_at_any_depth_each_once(estimator, expected):
    assert grouped_by(estimator) == expected


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("pooled_ols", {}, False),
        ("boosting", {}, False),
        ("mlp", {}, False),
        ("mlp", {"effects": ("time",)}, False),
        ("mlp", {"effects": ("entity", "time")}, True),
        ("fixed_effects", {"effects": ("entity",)}, True),
        ("first_difference", {}, True),
        ("mundlak", {}, True),
        ("random_effects", {}, True),
    ],
)
def test_options_or_nature_say_it(name, options, expected):
    kinds = installed().of(ESTIMATOR)
    own = kinds[name](**options)
    assert absorbs_entities(own) is expected
    if name == "mlp":
        assert absorbs_entities(kinds["rab"](base=own)) is expected


PANEL = panel_from_arrays(entity=[1, 1], period=[1, 2], outcome=[1.0, 3.0], X=[0.0, 1.0])


def raising(error):
    def call():
        raise error

    return call


def test_what_a_call_returns_is_kept():
    tried = attempt(lambda: 3)
    assert (tried.value, tried.status, tried.reason) == (3, "ok", "")


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (
            EstimationError(Problem("rows", "2 are too few", hint="add rows")),
            "refused",
            "rows: 2 are too few; add rows",
        ),
        (PluginError(Problem("Fit", "returned nothing")), "failed", "Fit: returned nothing"),
        (ValueError("boom"), "failed", "ValueError: boom"),
        (SystemExit(0), "failed", "SystemExit: 0"),
    ],
    ids=["refusal", "contract", "error", "exit"],
)
def test_what_a_call_raises_is_a_status_with_its_reason(error, status, reason):
    tried = attempt(raising(error))
    assert (tried.value, tried.status, tried.reason) == (None, status, reason)


def test_an_interruption_is_not_taken_for_a_fault():
    with pytest.raises(KeyboardInterrupt):
        attempt(raising(KeyboardInterrupt()))


class Says:
    """A fit that predicts what it was given."""

    def __init__(self, predicted):
        self.predicted = predicted

    def predict(self, panel):
        return self.predicted


@pytest.mark.parametrize(
    ("predicted", "what"),
    [
        (None, "type object"),
        (np.zeros((2, 1)), "shape (2, 1)"),
        (np.zeros(3), "shape (3,)"),
        (np.array(["1", "2"]), "type <U1"),
        (np.zeros(2, complex), "type complex128"),
        (np.array([1.0, np.nan]), "non-finite"),
        (np.array([1.0, -1e200]), "predictions as large as 1e+200"),
    ],
    ids=["nothing", "column", "too long", "texts", "complex", "nan", "huge"],
)
def test_predictions_that_are_none_are_refused(predicted, what):
    with pytest.raises(PluginError) as error:
        predict(Says(predicted), PANEL)
    assert what in error.value.what


def test_predictions_in_another_precision_are_taken():
    values = predict(Says(np.array([1.5, 2.5], dtype=np.float32)), PANEL)
    assert values.dtype == np.float64
    assert values.tolist() == [1.5, 2.5]


class Refills:
    """A fit that gives out one array, filled anew at each prediction."""

    def predict(self, panel):
        BUFFER[:] = panel.X[:, 0]
        return BUFFER


BUFFER = np.empty(PANEL.n_obs)
OTHER = PANEL.with_column(PANEL.exposure, 5.0)


@pytest.mark.parametrize(
    "ask", [predict, predict_any, lambda fit, panel: LoopedDraws([fit]).predict(panel)[0]]
)
def test_what_a_fit_returns_stays_when_it_fills_its_array_anew(ask):
    first, second = ask(Refills(), PANEL), ask(Refills(), OTHER)
    assert (first.tolist(), second.tolist()) == ([0.0, 1.0], [5.0, 5.0])


def make_panel(split_unit, n_entities=10, n_periods=5):
    size = n_entities * n_periods
    return balanced_panel(
        (n_entities, n_periods), outcome=np.zeros(size), X=np.zeros(size), split_unit=split_unit
    )


@pytest.mark.parametrize("unit", ["row", "entity", "time"])
def test_sides_are_disjoint_and_together_the_panel(unit):
    panel = make_panel(unit)
    parts = inner_split(panel, share=0.2, rng=random_stream(0, "s"))
    assert np.array_equal(np.sort(np.concatenate([parts.train, parts.selection])), np.arange(50))
    assert parts.selection.size == 10


def test_entities_are_not_cut():
    panel = make_panel("entity")
    parts = inner_split(panel, share=0.2, rng=random_stream(0, "s"))
    assert not np.intersect1d(panel.entity.codes[parts.train], panel.entity.codes[parts.selection]).size


def test_the_last_periods_select():
    panel = make_panel("time")
    parts = inner_split(panel, share=0.4, rng=random_stream(0, "s"))
    assert np.unique(panel.period[parts.selection]).tolist() == [3, 4]


def test_one_entity_cannot_be_split():
    with pytest.raises(EstimationError, match="with 1 entity for training"):
        inner_split(make_panel("entity", n_entities=1), share=0.2, rng=random_stream(0, "s"))
