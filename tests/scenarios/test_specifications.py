"""The columns of a paper, against dummies on data changed by pandas, and how often all of them agree."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from harness.errors import EstimationError
from harness.plugin import CoefficientTable, Correction, Key
from harness.scenarios.scenario import Subject
from harness.scenarios.specifications import SpecificationScenario
from harness.scenarios.task import answered_in_parts
from harness_panel.estimators.fixed_effects import FixedEffects, PooledOLS
from panels import panel_from_frame


def simulated(slope, *, n_entities=40, n_periods=6):
    """Rows with effects of entities that go with the exposure, and a control that does as well."""
    rng = np.random.default_rng(5)
    entity, time = (at.ravel() for at in np.indices((n_entities, n_periods)))
    level, control = rng.normal(size=n_entities)[entity], rng.normal(size=entity.size)
    exposure = level + 0.5 * control + rng.normal(size=entity.size)
    outcome = 20.0 + slope * exposure + level + control + rng.normal(size=entity.size)
    return pd.DataFrame({"e": entity, "t": 2000 + time, "x": exposure, "c": control, "y": outcome})


def subject(frame):
    panel = panel_from_frame(frame, entity="e", time="t", outcome="y", exposure="x", controls=["c"])
    half = Key("half", ("low", "high"), (panel.entity.codes % 2).astype(np.int64))
    panel = replace(panel, groups=(half,), measures=("cube",), M=frame[["x"]].to_numpy() ** 3)
    return Subject(panel, FixedEffects(effects=("entity", "time")), "fe", 3)


def clipped(values):
    return values.clip(*values.quantile([0.01, 0.99]))


CHANGES = {
    "without controls": lambda frame: frame.drop(columns="c"),
    "all controls": lambda frame: frame,
    "exposure of the period before": lambda frame: frame.assign(x=frame.groupby("e").x.shift()).dropna(),
    "outcome and exposure winsorised": lambda frame: frame.assign(x=clipped(frame.x), y=clipped(frame.y)),
    "outcome in logs": lambda frame: frame.assign(y=np.log(frame.y)),
    "periods before 2003": lambda frame: frame[frame.t < 2003],
    "periods from 2003": lambda frame: frame[frame.t >= 2003],
    "measured by cube": lambda frame: frame.assign(x=frame.x**3),
    "without half: high": lambda frame: frame[frame.e % 2 == 0],
}


def by_dummies(rows):
    """Return slope, error clustered by entity and R2 of a regression on dummies of entities and periods."""
    dummies = [pd.get_dummies(rows[key], dtype=float) for key in ("e", "t")]
    others = np.column_stack([*dummies, *([rows.c] if "c" in rows else [])])

    def residual(values):
        return values - others @ np.linalg.lstsq(others, values)[0]

    exposure, outcome = residual(rows.x.to_numpy()), residual(rows.y.to_numpy())
    slope = exposure @ outcome / (exposure @ exposure)
    error = outcome - slope * exposure
    scores = pd.Series(exposure * error).groupby(rows.e.to_numpy()).sum()
    variance = (scores**2).sum() * scores.size / (scores.size - 1)
    r_squared = 1.0 - error @ error / ((rows.y - rows.y.mean()) ** 2).sum()
    # The factor of plm: effects are nested in the clusters or few, and not counted.
    variance *= (len(rows) - 1) / (len(rows) - 1 - ("c" in rows))
    return slope, np.sqrt(variance) / (exposure @ exposure), r_squared


def test_every_column_is_a_regression_on_the_changed_rows():
    frame = simulated(1.0)
    scenario = SpecificationScenario(without={"half": ("high",)}, permutations=0)
    found = answered_in_parts(scenario, subject(frame))["specifications"].set_index("specification")
    assert list(found.index) == list(CHANGES)
    assert list(found.part) == 2 * ["baseline"] + 7 * ["robustness"]
    for name, change in CHANGES.items():
        own, rows = found.loc[name], change(frame)
        assert (own.estimate, own.std_error, own.r_squared) == pytest.approx(by_dummies(rows), rel=1e-8)
        assert (own.n_obs, own.n_controls) == (len(rows), int("c" in rows))


@dataclass(frozen=True, eq=False)
class Line:
    table: CoefficientTable

    def coefficients(self):
        return self.table


@dataclass(frozen=True)
class LeastSquares:
    """Ordinary least squares with a coefficient table and nothing else, so that many fits cost little."""

    def fit(self, panel, *, rng, selection=None):
        X = np.column_stack([panel.X, np.ones(panel.n_obs)])
        estimate, (rss,) = np.linalg.lstsq(X, panel.observed)[:2]
        df = panel.n_obs - X.shape[1]
        correction = Correction("classical", panel.n_obs, X.shape[1], 0, (), 1.0, df)
        covariance = np.linalg.inv(X.T @ X) * rss / df
        return Line(CoefficientTable((*panel.columns, "const"), estimate, covariance, correction))


def agreement(slope, **options):
    """Return how often all columns agree, without an effect and with it, of independent errors."""
    rng = np.random.default_rng(8)
    entity, time = (at.ravel() for at in np.indices((60, 5)))
    exposure, control = rng.normal(size=(2, entity.size))
    outcome = slope * exposure + control + rng.normal(size=entity.size)
    frame = pd.DataFrame({"e": entity, "t": 2000 + time, "x": exposure, "c": control, "y": outcome})
    own = replace(subject(frame), estimator=LeastSquares())
    return answered_in_parts(SpecificationScenario(**options), own)["agreement"].to_dict("records")


@pytest.mark.slow
def test_of_one_kind_of_column_all_agree_as_often_as_its_test_rejects():
    without, with_effect = agreement(0.25, checks=(), permutations=200, level=0.9)
    # Two columns, with the control and without, are the same test but for the noise of the control.
    assert 0.015 <= without["share"] <= 0.1
    assert without["conf_low"] <= without["share"] <= without["conf_high"]
    assert (without["effect"], without["n_draws"]) == (0.0, 200)
    error = 1.0 / np.sqrt(300.0)
    assert with_effect["effect"] == pytest.approx(0.25, abs=3.0 * error)
    with_control = norm.sf(norm.ppf(0.95) - with_effect["effect"] / error)
    assert with_control - 0.1 <= with_effect["share"] <= with_control + 0.03


@pytest.mark.slow
def test_with_more_columns_all_agree_less_often():
    one, more = (agreement(0.15, checks=own, permutations=100, level=0.8) for own in ((), ("periods", "lag")))
    assert all(many["n_agree"] < few["n_agree"] for few, many in zip(one, more, strict=True))


def test_a_column_that_the_rows_do_not_allow_is_a_row_with_its_reason():
    frame = simulated(1.0)
    scenario = SpecificationScenario(checks=("log_outcome",), without={"half": ("middle",)}, permutations=4)
    tables = answered_in_parts(scenario, subject(frame.assign(y=frame.y - 30.0)))
    refused = tables["specifications"].query("status == 'refused'").set_index("specification").reason
    assert "has no logarithm" in refused["outcome in logs"]
    assert "'half' has no group 'middle'" in refused["without half: middle"]
    assert tables["agreement"].n_draws.tolist() == [4, 4]


def test_regressions_are_asked_unless_others_are_named():
    estimators = {"ols": PooledOLS(), "fe": FixedEffects(), "other": object()}
    assert list(SpecificationScenario().respondents(estimators)) == ["ols", "fe"]
    assert list(SpecificationScenario(estimators=("fe",)).respondents(estimators)) == ["fe"]
    with pytest.raises(EstimationError, match="there is no estimator 'iv'"):
        SpecificationScenario(estimators=("iv",)).respondents(estimators)
