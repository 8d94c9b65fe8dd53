"""What must not matter to a fit, what a panic does, and names that would be formulas."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyfixest
import pytest

from fixest_panels import dummy_regression, grouped_panel
from harness import EstimationError
from harness.estimators.guard import attempt
from harness.plugin import CanFitDraws, Key, random_stream
from harness_panel.covariance import Classical, Clustered, Robust
from harness_panel.feols import CRV3, Feols, FeolsWildCluster
from panels import panel_from_arrays, simulated_panel

PANEL = grouped_panel("laws", n_entities=12, n_periods=6)
OPTIONS = {
    "many": Feols(("entity", "time"), ("industry",), covariance=Clustered(("region", "time"), "stata")),
    "region by time": Feols(absorb=(("region", "time"),), covariance=CRV3("region")),
    "trends": Feols(("entity", "time"), trends=("entity",), covariance=FeolsWildCluster("time", draws=99)),
    "weighted": Feols(("entity", "time"), weighted=True, covariance=Robust()),
}
each = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def fit(options, panel=PANEL):
    return options.fit(panel, rng=random_stream(0))


@each
def test_draws_are_fits_of_the_rows_drawn(options):
    """A row drawn twice is a row of twice the weight."""
    assert isinstance(options, CanFitDraws)
    weights = random_stream(99).integers(0, 3, size=(4, PANEL.n_obs)).astype(np.float64)
    draws = options.fit_draws(PANEL, weights=weights, selection=None, rng=random_stream(0))
    own = PANEL.weights if options.weighted else np.ones(PANEL.n_obs)
    for slopes, draw in zip(draws.levels.slopes, weights, strict=True):
        rows = np.flatnonzero(draw)
        panel = replace(PANEL, weights=draw * own).take(rows)
        table = (
            replace(options, weighted=True, covariance=Classical())
            .fit(panel, rng=random_stream(0))
            .coefficients()
        )
        np.testing.assert_allclose(slopes, table.estimate, rtol=1e-7)
    np.testing.assert_allclose(
        draws.predict(PANEL).mean(axis=1), draws.profile(PANEL, (), np.empty((1, 0)))[:, 0], atol=1e-9
    )


def test_a_level_that_a_draw_left_out_has_the_effect_of_all_its_rows():
    weights = np.where(PANEL.entity.codes == 0, 0.0, 1.0)[None]
    draws = Feols().fit_draws(PANEL, weights=weights, selection=None, rng=random_stream(0))
    first = PANEL.take(np.flatnonzero(PANEL.entity.codes == 0))
    expected = first.observed.mean() + (first.X - first.X.mean(axis=0)) @ draws.levels.slopes[0]
    np.testing.assert_allclose(draws.predict(first)[0], expected, rtol=1e-12)


class PanicException(BaseException):
    """As pyo3, through which pyfixest is compiled, raises it."""


def panic(*args, **kwargs):
    raise PanicException("index out of bounds: the len is 2\n but the index is 2")


def test_a_panic_in_a_fit_is_a_refused_cell(monkeypatch):
    monkeypatch.setattr(pyfixest, "feols", panic)
    outcome = attempt(lambda: fit(Feols()))
    assert (outcome.status, outcome.value) == ("refused", None)
    assert outcome.reason.startswith("pyfixest: its compiled code failed")


@pytest.mark.parametrize("seed", range(2))
def test_few_rows_end_in_numbers_or_a_reason(seed):
    """Samples of a panel, down to one row: no warning, no other error, and no end of the process."""
    rng = random_stream(101, str(seed))
    outcomes = []
    for options in OPTIONS.values():
        for n_rows in rng.integers(1, 40, size=6).tolist():
            panel = PANEL.take(np.sort(rng.choice(PANEL.n_obs, size=n_rows, replace=False)))
            outcomes.append(attempt(lambda: fit(options, panel).coefficients().std_error))  # noqa: B023 - called at once
        weights = np.ones((3, PANEL.n_obs))
        for draw, n_rows in zip(weights[1:], (1, 9), strict=True):
            draw[rng.permutation(PANEL.n_obs)[n_rows:]] = 0.0
        draws = options.fit_draws(PANEL, weights=weights, selection=None, rng=rng)
        assert np.isfinite(draws.predict(PANEL)).all()
    assert {outcome.status for outcome in outcomes} <= {"ok", "refused"}
    assert all(np.isfinite(outcome.value).all() for outcome in outcomes if outcome.status == "ok")


def test_an_interrupt_is_let_through(monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(pyfixest, "feols", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(Feols())


def test_what_pyfixest_does_not_solve_is_refused(monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("Demeaning failed after 7 iterations.")

    monkeypatch.setattr(pyfixest, "feols", fail)
    with pytest.raises(EstimationError, match="Demeaning failed after 7 iterations"):
        fit(Feols())


def test_names_that_would_be_formulas_are_names(tmp_path):
    """Columns, keys and labels of a stranger's table run nothing and mean nothing but themselves."""
    target = tmp_path / "written"
    attack = f"{{__import__('pathlib').Path({str(target)!r}).touch()}}"
    names = (attack, "x1 | f0", "C(x) ~ `y`'\"")
    groups = (Key("a^b + c", PANEL.groups[0].labels, PANEL.groups[0].codes),)
    labels = tuple(f"{attack}{at}" for at in range(len(PANEL.entity.labels)))
    entity = Key("y ~ 1", labels, PANEL.entity.codes)
    named = replace(
        PANEL, exposure=names[0], controls=names[1:], groups=groups, entity=entity, outcome="y ~ x"
    )
    options = Feols(absorb=(("a^b + c", "time"),), covariance=Clustered(("a^b + c",), "stata"))
    plain = Feols(absorb=(("region", "time"),), covariance=Clustered(("region",), "stata"))
    table = fit(options, named).coefficients()
    assert table.terms == names
    np.testing.assert_array_equal(table.estimate, fit(plain).coefficients().estimate)
    np.testing.assert_array_equal(table.covariance, fit(plain).coefficients().covariance)
    assert not target.exists()


def test_what_is_dropped_is_named():
    panel = simulated_panel(random_stream(100), n_columns=6)
    X = panel.X.copy()
    X[:, 1] = panel.entity.codes
    X[:, 2] = 4.0
    X[:, 4] = 2.0 * X[:, 3] - panel.time.codes
    X[:, 5] = X[:, 0] + panel.entity.codes
    notes = fit(Feols(("entity", "time")), replace(panel, X=X)).notes
    assert [(note.code, note.where) for note in notes] == [
        ("W-CONSTANT", "x2"),
        ("W-ABSORBED", "x1"),
        ("W-COLLINEAR", "x4"),
        ("W-COLLINEAR", "x5"),
    ]
    assert "x4 = 2*x3 + entity and time effects" in notes[2].message


def test_an_exposure_absorbed_with_all_others():
    panel = panel_from_arrays(
        entity=[0, 0, 1, 1, 2, 2], period=[1, 2] * 3, outcome=np.arange(6.0) ** 2, X=[1.0, 1, 2, 2, 4, 4]
    )
    with pytest.raises(EstimationError, match="entity effects absorb it"):
        fit(Feols(), panel)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"effects": ()}, "at least one key or column"),
        ({"absorb": ("industry", "industry")}, "each once"),
        ({"absorb": (("a", "b"), ("b", "a"))}, "each once"),
        ({"absorb": (("a", "a"),)}, "a combination has a column once"),
        ({"absorb": ("entity",)}, "each once"),
        ({"effects": ("time",), "trends": ("entity",)}, "needs the entity among the effects"),
    ],
)
def test_options_that_contradict_themselves(options, match):
    with pytest.raises(ValueError, match=match):
        Feols(**options)


def test_columns_that_the_panel_must_carry():
    options = Feols(
        absorb=("industry", ("region", "time")), covariance=Clustered(("province", "entity"), "stata")
    )
    assert options.group_columns == ("industry", "region", "province")
    with pytest.raises(EstimationError, match="no column 'province'"):
        fit(options)


WITHOUT = (
    "import sys; sys.modules['pyfixest'] = None; import harness.cli; sys.argv = ['harness', *sys.argv[1:]]; "
)
SPEC = """\
spec_version: 1
study: many
title: Many effects
data: {simulate: {name: s_curve, n_entities: 12, n_periods: 4}}
roles: {entity: city, time: year, outcomes: [outcome], exposure: exposure}
estimators: [pooled_ols, feols]
"""


@pytest.mark.parametrize("words", [("plugins",), ("validate", "many.yaml")], ids=" ".join)
def test_without_pyfixest_the_command_that_installs_it_is_told(tmp_path, words):
    (tmp_path / "many.yaml").write_text(SPEC, encoding="utf-8")
    code = f"{WITHOUT}harness.cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert "pyfixest is not installed: pip install 'panel-harness[fixest]'" in said
    if words == ("plugins",):
        assert done.returncode == 0
        assert "absent: pyfixest" in said
        assert "broken" not in said
    else:
        assert done.returncode == 2
        assert said.count("unknown estimator 'feols'") == 1
        assert "Traceback" not in said


CASES = {
    "entity": ({"effects": ("entity",)}, [["entity"]], False),
    "time": ({"effects": ("time",)}, [["time"]], False),
    "both": ({"effects": ("entity", "time")}, [["entity"], ["time"]], False),
    "column": ({"absorb": ("industry",)}, [["entity"], ["industry"]], False),
    "union": ({"absorb": ("region",)}, [["entity"], ["region"]], False),
    "region by time": ({"absorb": (("region", "time"),)}, [["entity"], ["region", "time"]], False),
    "combination alone": ({"effects": (), "absorb": (("industry", "time"),)}, [["industry", "time"]], False),
    "trends": ({"trends": ("entity",)}, [["entity"]], True),
    "trends and time": ({"effects": ("entity", "time"), "trends": ("entity",)}, [["entity"], ["time"]], True),
    "trends and region by time": (
        {"absorb": (("region", "time"),), "trends": ("entity",)},
        [["entity"], ["region", "time"]],
        True,
    ),
}
each_case = pytest.mark.parametrize(("options", "sets", "trends"), CASES.values(), ids=CASES)
each_weighing = pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
DUMMIES_PANEL = grouped_panel("dummies")


@each_case
@each_weighing
def test_slopes_errors_and_predictions_of_training_rows(options, sets, trends, weighted):
    regression, n_columns = (
        dummy_regression(DUMMIES_PANEL, sets, trends=trends, weighted=weighted),
        len(DUMMIES_PANEL.columns),
    )
    for covariance, kind in ((Classical(), "nonrobust"), (Robust(), "HC1")):
        expected = regression.fit(cov_type=kind)
        fit = Feols(**options, covariance=covariance, weighted=weighted).fit(
            DUMMIES_PANEL, rng=random_stream(0)
        )
        table = fit.coefficients()
        np.testing.assert_allclose(table.estimate, expected.params[:n_columns], rtol=1e-9)
        np.testing.assert_allclose(table.std_error, expected.bse[:n_columns], rtol=1e-9)
        assert table.correction.df_resid == expected.df_resid
        assert table.correction.n_effects == DUMMIES_PANEL.n_obs - n_columns - expected.df_resid
    np.testing.assert_allclose(fit.predict(DUMMIES_PANEL), expected.fittedvalues, atol=1e-9)
    assert fit.n_unseen(DUMMIES_PANEL) == 0


@each_weighing
@pytest.mark.parametrize("by", ["entity", "region", "industry"])
def test_clusters_without_a_factor(by, weighted):
    """The sandwich alone is that of the regression on dummies."""
    keys = {"entity": DUMMIES_PANEL.entity, **{group.name: group for group in DUMMIES_PANEL.groups}}
    kwds = {"groups": keys[by].codes, "use_correction": False}
    regression = dummy_regression(DUMMIES_PANEL, [["entity"], ["time"]], weighted=weighted)
    expected = regression.fit(cov_type="cluster", cov_kwds=kwds)
    options = Feols(effects=("entity", "time"), covariance=Clustered((by,), "none"), weighted=weighted)
    table = options.fit(DUMMIES_PANEL, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(table.std_error, expected.bse[: len(DUMMIES_PANEL.columns)], rtol=1e-9)
    assert table.correction.factor == 1.0
    assert table.correction.df_resid == keys[by].n_present - 1


def test_many_overlapping_effects_are_counted_from_above():
    """Regions by period hold the periods; the count is no less than the rank, and the fit says so."""
    sets = [["entity"], ["time"], ["industry"]]
    expected = dummy_regression(DUMMIES_PANEL, sets).fit()
    fit = Feols(effects=("entity", "time"), absorb=("industry",), covariance=Classical()).fit(
        DUMMIES_PANEL, rng=random_stream(0)
    )
    table = fit.coefficients()
    np.testing.assert_allclose(table.estimate, expected.params[: len(DUMMIES_PANEL.columns)], rtol=1e-9)
    assert table.correction.df_resid <= expected.df_resid
    assert [note.code for note in fit.notes] == ["W-EFFECTS"]
