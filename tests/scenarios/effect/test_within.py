"""Learners that allow for entities themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from effect_panels import confounded_panel
from harness.data.panel import means_by
from harness.plugin import CanLearnWithin, HasEffects
from harness.scenarios.effect.nuisance import moving_inputs
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from harness_rab.rab import Rab
from panels import panel_from_arrays


@dataclass(frozen=True, eq=False)
class FunctionFit:
    """A function of a row; the effects of entities are left out of predictions, which need none."""

    slopes: np.ndarray

    def n_unseen(self, panel):
        return panel.n_obs

    def predict(self, panel):
        return functions(panel) @ self.slopes


@dataclass(frozen=True)
class WithinLeastSquares:
    """A stranger's: least squares on a few functions, with an effect of each entity."""

    name: ClassVar[str] = "within_least_squares"
    provides: ClassVar[frozenset[type]] = frozenset({CanLearnWithin})

    def within_entities(self):
        return self

    def fit(self, panel, *, rng, selection=None):
        code = panel.entity.codes
        columns = np.column_stack([*functions(panel).T, *(panel.time.codes == at for at in range(1, 9))])
        moved = np.column_stack([column - means_by(code, column) for column in columns.T.astype(float)])
        outcome = panel.observed - means_by(code, panel.observed)
        n_functions = functions(panel).shape[1]
        return FunctionFit(np.linalg.lstsq(moved, outcome)[0][:n_functions])


def functions(panel):
    return np.column_stack([panel.X, np.square(panel.X), np.sin(1.2 * panel.X)])


def effects(panel, learner=None, **options):
    question = Subject(panel, learner or WithinLeastSquares(), "learner", 3)
    return answered_in_parts(EffectScenario(repeats=1, **options), question)["effects"]


@pytest.fixture(scope="module")
def panel():
    return confounded_panel(1, lambda exposure: 0.5 * exposure, n_entities=120)


def test_both_methods_find_the_slope(panel):
    found = effects(panel, forms=("line", "curve"))
    lines = found[found["form"] == "line"]
    assert found["status"].eq("ok").all()
    assert lines["n_obs"].tolist() == [960, 1080]
    assert (np.abs(lines["estimate"] - 0.5) < 3.0 * lines["std_error"]).all()
    wide = found[found["band"] == "simultaneous"]
    truth = 0.5 * (wide["at"] - panel.column("x0").mean())
    assert ((wide["conf_low"] <= truth) & (truth <= wide["conf_high"])).all()


def test_constants_of_entities_change_nothing_by_first_differences(panel):
    constants = 5.0 * np.random.default_rng(0).standard_normal(120)[panel.entity.codes]
    raised = replace(panel, observed=panel.observed + constants)
    before, after = (effects(one, methods=("first_differences",)) for one in (panel, raised))
    assert isinstance(FunctionFit(np.empty(0)), HasEffects)
    assert after["estimate"].to_numpy() == pytest.approx(before["estimate"].to_numpy(), abs=1e-9)
    assert after["std_error"].to_numpy() == pytest.approx(before["std_error"].to_numpy(), abs=1e-9)


def test_methods_and_forms_share_what_is_learned_beside_effects(panel):
    scenario = EffectScenario(repeats=1, forms=("line", "curve"))
    parts = list(scenario.parts(Subject(panel, WithinLeastSquares(), "learner", 3)))
    assert len({part.label for part in parts}) == len(parts) == 5 * 2
    both = effects(panel).drop(columns="p_methods")
    for method in ("first_differences", "correlated_random_effects"):
        alone = effects(panel, methods=(method,)).drop(columns="p_methods")
        assert alone.equals(both[both["method"] == method].reset_index(drop=True))


def test_a_method_that_loses_an_entity_has_folds_and_fits_of_its_own(panel):
    """The last entity has one row, and no change from one period to the next."""
    short = panel.take(np.append(np.flatnonzero(panel.entity.codes < 119), panel.n_obs - 1))
    parts = EffectScenario(repeats=1).parts(Subject(short, WithinLeastSquares(), "learner", 3))
    assert sum(part.label.startswith("first_differences") for part in parts) == 5
    found = effects(short).set_index("method")
    assert found["n_entities"].to_dict() == {"first_differences": 119, "correlated_random_effects": 120}
    assert (np.abs(found["estimate"] - 0.5) < 3.0 * found["std_error"]).all()


def test_a_constant_column_is_no_input_of_the_function_but_of_what_it_leaves():
    code, rng = np.repeat(np.arange(60), 5), np.random.default_rng(1)
    trait, moving, exposure, noise = rng.standard_normal((4, 300))
    trait = trait[code]
    made = panel_from_arrays(
        entity=code,
        period=np.tile(np.arange(5), 60),
        outcome=0.5 * (exposure + trait) + np.square(moving) + 2.0 * trait + noise,
        X=np.column_stack([exposure + trait, trait, moving]),
    )
    inputs = moving_inputs(made, ["x1", "x2"])
    assert inputs is not None
    assert inputs.columns == ("x2",)
    assert moving_inputs(made, ["x1"]) is None
    found = effects(made)
    assert (np.abs(found["estimate"] - 0.5) < 3.0 * found["std_error"]).all()


def test_networks_have_effects_where_they_can():
    within = Mlp(hidden=4).within_entities()
    assert within == Mlp(hidden=4, effects=("entity", "time"))
    assert Rab(base=Mlp(hidden=4)).within_entities() == Rab(base=within)
    assert Rab(base=SomAnn()).within_entities() is None


def test_networks_that_learn_for_an_effect_solve_for_output_weights_unless_something_else_was_chosen():
    usual = Mlp(hidden=4)
    solved = replace(usual, optimiser="projected_lbfgs", output_decay=1e-5)
    assert usual.for_nuisances() == solved
    assert replace(usual, optimiser="projected_lbfgs").for_nuisances() == solved
    assert Rab(base=usual).for_nuisances() == Rab(base=solved)
    for chosen in (
        replace(solved, output_decay=0.01),
        replace(usual, optimiser="levenberg_marquardt"),
        replace(usual, start="least_squares"),
    ):
        assert chosen.for_nuisances() == chosen


def test_a_network_leaves_most_of_the_confounder_out_of_the_effect(panel):
    """Pooled least squares is off by 0.4."""
    learner = Mlp(sizes_around=0, hidden=6, restarts=1)
    found = effects(panel, learner, folds=2)
    assert (np.abs(found["estimate"] - 0.5) < 0.15).all()
