"""What a calibration reduces of a study, and that it tells all of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.api import prepare_study as prepare
from harness.calibration.rows import Reduction
from harness.calibration.run import CAPS, capped, cheap_form, reductions
from harness.running.capped import greatest
from harness.running.options import RunOptions
from harness.tables.curves import SUPPORT
from harness.tables.table import ResultTable
from harness_neural.mlp import Mlp
from harness_rab.rab import Rab
from harness_sklearn import Tuned

SPECS = Path(__file__).parents[2] / "specs"
CHANGES = (
    "estimators=[{id: ols, use: pooled_ols}, {id: net, use: mlp, max_steps: 30},"
    " {id: rab, use: rab, base: {use: mlp, restarts: 4}, draws: 200}]",
    "scenarios=[{use: curve}, {use: conditional, moderator: capital}]",
    "evaluation.protocols=[as_published, held_out_entities]",
)


@pytest.fixture(scope="module")
def study():
    return prepare(RunOptions(spec=SPECS / "grunfeld.yaml", overrides=CHANGES)).plan.study


def test_caps_hold_what_is_more_and_leave_what_is_less():
    network = capped(Mlp(max_steps=50, restarts=3), {"max_steps": 100, "restarts": 1, "clusters": 1})
    assert network == Mlp(max_steps=50, restarts=1)


def test_an_option_left_to_the_estimator_gets_the_cap():
    assert capped(Mlp(patience="auto", hidden=4), {"patience": 20}) == Mlp(patience=20, hidden=4)


def test_estimators_in_a_list_are_held_and_counted_too():
    tuned = Tuned((Rab(base=Mlp(restarts=3), draws=9), Mlp(restarts=1)))
    held = capped(tuned, {"restarts": 2, "draws": 10})
    assert held == Tuned((Rab(base=Mlp(restarts=2), draws=9), Mlp(restarts=1)))
    assert (greatest(tuned, "restarts"), greatest(tuned, "draws"), greatest(tuned, "knots")) == (3, 9, 0)


def test_ensembles_have_fewer_draws_where_predictions_are_compared_than_where_bands_are_asked(study):
    rab = cheap_form(study).estimators[2].estimator
    assert (rab.draws, rab.for_folds().draws) == (CAPS["draws"], CAPS["fold_draws"]) == (40, 5)


def test_every_difference_is_in_the_table(study):
    found = reductions(study, cheap_form(study))
    told = {(one.part, one.id, one.option): (one.in_study, one.here) for one in found}
    assert told["estimator", "rab", "base.restarts"] == ("4", "1")
    assert told["estimator", "rab", "draws"] == ("200", "40")
    assert told["estimator", "rab", "fold_draws"] == ("50", "5")
    assert told["estimator", "net", "patience"] == ("auto", "15")
    assert ("estimator", "net", "max_steps") not in told
    assert told["protocol", "as_published", "repeats"] == ("10", "1")
    assert told["scenario", "curve", "draws"] == ("200", "40")
    assert told["scenario", "conditional", "draws"] == ("200", "40")
    assert not any(part == "evaluation" for part, _, _ in told)


@dataclass(frozen=True)
class Counts:
    """A question that no finding comes of, for the test."""

    tables: tuple[ResultTable, ...] = (SUPPORT,)

    def quick(self):
        return self


def test_questions_that_find_nothing_are_not_asked(study):
    curve, conditional = study.scenarios
    counts = curve.model_copy(update={"id": "counts", "scenario": Counts()})
    more = study.model_copy(update={"scenarios": (curve, conditional, counts)})
    form = cheap_form(more)
    assert [entry.id for entry in form.scenarios] == ["curve", "conditional"]
    assert Reduction("scenario", "counts", "asked", "yes", "no") in reductions(more, form)
