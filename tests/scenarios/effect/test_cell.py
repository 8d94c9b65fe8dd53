"""One effect of one learner: what its parts are called, where its influences lie, and who is refused."""

from functools import partial

import numpy as np
import pytest

from effect_panels import confounded_panel
from harness import EstimationError
from harness.estimators.guard import attempt
from harness.estimators.target import TransformedTarget
from harness.language import rendered, spoken
from harness.plugin import for_folds, random_stream
from harness.scenarios.effect.cell import Cell, CrossFit, LearnedCell, parts_of, refuse_transforming
from harness.scenarios.effect.dependence import DependentErrors
from harness.scenarios.effect.score import aggregated
from harness.scenarios.scenario import Subject
from harness.scenarios.task import PartCell, run_part
from harness_panel import Between, FixedEffects, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn.splines import Splines
from harness_sklearn.trees import Boosting


@pytest.fixture(scope="module")
def panel():
    return confounded_panel(1, lambda exposure: 0.5 * exposure, n_entities=100, n_periods=4)


def cell_of(panel, learner=None, *, method="first_differences", form="line", **options):
    given = {"within": method, "group": "", "check": "", "moderator": None, **options}
    subject = Subject(panel, learner or for_folds(PooledOLS()), "ols", 3)
    return Cell(method, form=form, panel=panel, subject=subject, cross_fit=CrossFit(2, 2, 0.9), **given)


def labels(cell):
    return [part.label for part in cell.parts()]


def test_a_part_is_called_by_what_it_is_learned_from_and_repeat_and_fold(panel):
    plain = cell_of(panel)
    folds = [f"repeat {repeat}, fold {fold}" for repeat in (1, 2) for fold in (1, 2)]
    assert labels(plain) == [f"first_differences, line, {one}" for one in folds]
    of_group = cell_of(panel, group="half a", check="leads")
    assert labels(of_group)[0] == "first_differences, line, half a, leads, repeat 1, fold 1"
    # Its stream of random numbers is that of its text, whatever language it can be said in.
    name = labels(of_group)[0]
    assert random_stream(3, name).random() == random_stream(3, "".join(name)).random()
    with spoken("zh"):
        shown = rendered(str(PartCell("y", "line", "effect", name)))
    assert shown == "y · line · effect · first_differences、斜率、half a、leads、第 1 次重复、第 1 折"
    assert labels(cell_of(panel, form="derivative"))[0] == "first_differences, derivative, repeat 1, fold 1"
    along = [cell_of(panel, form=form, moderator="x4") for form in ("conditional", "interaction")]
    assert labels(along[0]) == labels(along[1])
    assert "conditional" in labels(along[0])[0]
    assert len(list(parts_of([plain, *along, plain]))) == 4 + 4


def test_a_cell_that_its_rows_do_not_allow_has_no_parts(panel):
    one_period = panel.take(np.flatnonzero(panel.period == 0))
    assert list(parts_of([cell_of(one_period)])) == []


@pytest.mark.parametrize("method", ["first_differences", "correlated_random_effects"])
def test_an_effect_is_the_median_of_its_repeats_whose_influences_lie_at_the_rows_they_are_of(panel, method):
    shuffled = panel.take(np.random.default_rng(1).permutation(panel.n_obs))
    cell = cell_of(shuffled, method=method)
    tried = {part.label: attempt(partial(run_part, part)) for part in cell.parts()}
    repeats = LearnedCell.of(cell, tried).tried.value
    assert len(repeats) == 2
    is_first = np.arange(400) % 4 == 0
    for one in repeats:
        assert one.influence.shape == (400, 1)
        has_none = one.influence[:, 0] == 0.0
        np.testing.assert_array_equal(has_none, is_first & (method == "first_differences"))
        predicted = cell.predicted(tried, 0)
        assert predicted.shape == (2, cell.design.panel.n_obs)
    effects = LearnedCell.of(cell, tried).effects
    assert effects.estimate[0] == pytest.approx(np.mean([one.theta[0] for one in repeats]))
    rows, points = shuffled.take(shuffled.canonical_order), np.array([[1.0], [2.0]])
    errors = DependentErrors.chosen(rows, "entity", np.inf, [one.influence for one in repeats])
    rng = random_stream(3, "effect bands", "outcome", "line", "")
    band = cell.aggregated(repeats, points).simultaneous_critical_value
    assert band == aggregated(repeats, points, errors, level=0.9, rng=rng).simultaneous_critical_value
    lost = tried | {next(iter(tried)): attempt(partial(refuse_transforming, FixedTarget))}
    assert LearnedCell.of(cell, lost).effects is None


FixedTarget = TransformedTarget(PooledOLS(), "log")


def test_few_entities_are_those_below_a_hundred(panel):
    """Of curves by correlated random effects, and of learners that say nothing of themselves."""
    fewer = panel.take(np.flatnonzero(panel.entity.codes > 0))
    random = {"method": "correlated_random_effects"}
    curves = [cell_of(rows, Splines(), form="curve", **random) for rows in (panel, fewer)]
    assert [one.is_exploratory for one in curves] == [False, True]
    assert cell_of(panel, Boosting(), form="curve", **random).is_exploratory
    assert cell_of(panel, Splines(), form="curve").is_exploratory
    lines = [cell_of(rows, Boosting()) for rows in (panel, fewer)]
    assert [one.is_exploratory for one in lines] == [False, True]
    assert not cell_of(fewer, Splines()).is_exploratory


@pytest.mark.parametrize(
    ("learner", "where", "what", "expected"),
    [
        (
            FixedTarget,
            "learners",
            "a debiased effect needs residuals of the outcome itself, not of its log",
            "",
        ),
        (
            Rab(base=Between()),
            "learners",
            "rab is fitted to means or changes of rows, so confounders remain in their levels",
            "a learner that is fitted to the rows",
        ),
        (
            FixedEffects(),
            "correlated_random_effects",
            "the entity effects of fixed_effects absorb the entity means that correlated random effects need",
            "a learner without such effects",
        ),
    ],
    ids=["target", "between", "absorbing"],
)
def test_learners_that_cannot_learn_an_effect_are_refused(panel, learner, where, what, expected):
    with pytest.raises(EstimationError) as caught:
        list(cell_of(panel, learner, method="correlated_random_effects").parts())
    (problem,) = caught.value.problems
    assert (problem.where, problem.what, problem.expected) == (where, what, expected)
    assert problem.hint.startswith("choose ")
