"""What every fit here is, and its statistics: equation, share of variance explained, likelihood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log, pi, sqrt
from typing import Protocol

import numpy as np

from harness import plugin
from harness.plugin import EstimationError, Floats, Grouping, Panel, ShownFit, Statistic, marked
from harness_panel.library import AGREEMENT, LibraryReport
from harness_panel.solver.equation import LinearModels
from harness_panel.solver.regression import Regression, in_order
from harness_panel.solver.within import Absorber, without_effects

# Capabilities of every estimator of coefficients.
REPORTED: frozenset[type] = frozenset(
    {plugin.CanProfile, plugin.HasCoefficients, plugin.HasDetails, plugin.HasNotes}
)


class LevelledModels(LinearModels, Protocol):
    """Linear models with effects of levels."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows with a level that has no effect of its own."""


def only_predicts() -> EstimationError:
    """Return the error of asking a fit for coefficients that it was made without."""
    what, hint = marked("this fit is for prediction only"), marked("fit without `for_folds`")
    return EstimationError.at("coefficients", what, hint=hint)


class ModelFit(ShownFit):
    """A fit that predicts by linear models.

    Attributes
    ----------
    regression : the equation that was estimated
    model : columns and levels; one draw
    """

    regression: Regression
    model: LevelledModels

    @property
    def outcome(self) -> str:
        """Name of the outcome."""
        return self.regression.panel.outcome

    @property
    def absorbed(self) -> tuple[str, ...]:
        """Keys and columns whose effects are absorbed, by name."""
        return tuple(str(effect) for effect in in_order(self.regression.effects))

    @property
    def predictor(self) -> LinearModels:
        """What predicts; one draw."""
        return self.model

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.predictor.predict(panel)[0])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        return np.asarray(self.predictor.profile(panel, columns, points)[0])


class LevelledFit(ModelFit):
    """A fit with effects of entities, periods or other levels."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since one of their levels is new."""
        return self.model.n_unseen(panel)


def by_columns(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Mapping[str, Sequence[object]]:
    """Return rows of values as a tidy table by columns."""
    found = list(rows)
    return {name: [row[at] for row in found] for at, name in enumerate(names)}


def equation_statistics(regression: Regression, *, rss: float, r2: float) -> Iterator[Statistic]:
    """Yield what describes the estimated equation, whatever was done to its columns before.

    Parameters
    ----------
    rss : the library's
    r2 : in [0, 1], the library's or `squared_correlation`
    """
    df, n_obs = regression.df_resid, regression.panel.n_obs
    yield Statistic("n_obs", n_obs, "rows of the estimated equation")
    yield Statistic("df_resid", df, "rows less coefficients less independent effects")
    yield Statistic("rss", rss, "sum of squared residuals of the estimated equation, times weights if any")
    yield Statistic("sigma", sqrt(rss / df), "square root of rss / df_resid")
    yield Statistic("r2", r2, "squared correlation of outcome and fitted values of the estimated equation")
    yield Statistic("r2_adjusted", 1.0 - (1.0 - r2) * (n_obs - 1) / df, "1 - (1 - r2) (n_obs - 1) / df_resid")
    scaled = "of the kept columns, without effects and scaled to unit length"
    yield Statistic("condition_number", regression.within.condition, scaled)


def agreement_statistic(report: LibraryReport) -> Statistic:
    """Return how far the library's coefficients are from those of the solver that resamples."""
    definition = (
        f"largest distance of the coefficients of {report.library} from those of the solver that resamples, "
        f"as a share of the coefficient or its classical error, if larger; W-DISAGREE above {AGREEMENT:g}"
    )
    return Statistic("solver_disagreement", report.disagreement, definition)


def squared_correlation(regression: Regression) -> float:
    """Return the squared correlation of outcome and fitted values of transformed rows, as plm has it."""
    outcome = np.sqrt(regression.weights) * regression.panel.observed
    return _squared_correlation(outcome, outcome - regression.within.residuals)


def panel_statistics(panel: Panel, slopes: Floats, constant: float | None) -> Iterator[Statistic]:
    """Yield the shares of variance that columns explain within and between entities and overall.

    Parameters
    ----------
    slopes : (n_columns,)
    constant : None takes the one that leaves no mean error over the rows
    """
    sizes = np.bincount(panel.entity.codes)
    yield Statistic("n_entities", panel.n_entities, "entities with a row")
    yield Statistic("n_periods", panel.n_periods, "periods with a row")
    yield Statistic("n_singletons", int(np.sum(sizes == 1)), "entities with a single row")
    centre = panel.X.mean(axis=0)
    explained = (panel.X - centre) @ slopes
    level = panel.observed.mean() if constant is None else constant + float(centre @ slopes)
    entities = Grouping.of(panel.entity.codes)
    both = np.column_stack([panel.observed, level + explained])
    within = without_effects(Absorber((entities,)), both, np.ones(panel.n_obs))
    parts = {
        "within": (within, "rows less their entity's means"),
        "between": (entities.means(both), "means of entities, each counted once"),
        "overall": (both, "rows as they are"),
    }
    for name, (values, what) in parts.items():
        error = f"1 - sum of squared errors of constant + x b over that of the outcome's mean, {what}"
        yield Statistic(f"r2_{name}", _explained(*values.T), error)
        square = f"squared correlation of outcome and x b, {what} (Stata's definition)"
        yield Statistic(f"r2_{name}_correlation", _squared_correlation(*values.T), square)


def intercept_statistics(regression: Regression) -> Iterator[Statistic]:
    """Yield the intercept of a regression with effects, which is their mean, and its classical error."""
    within, variance = regression.within, regression.rss / regression.df_resid
    value = within.intercept - float(within.centre @ within.slopes)
    spread = 1.0 / regression.weights.sum() + float(np.sum((within.centre @ within.to_slopes) ** 2))
    what = marked("mean effect over the rows: the prediction with all columns at zero")
    yield Statistic("intercept", value, what)
    error = sqrt(variance * spread)
    yield Statistic("intercept_std_error", error, "classical standard error of the intercept")


def likelihood_statistics(regression: Regression, *, rss: float) -> Iterator[Statistic]:
    """Yield the normal likelihood of a regression with its effects as coefficients, as R's lm has it."""
    n_obs, n_parameters = regression.panel.n_obs, regression.n_coef + regression.n_effects + 1
    weights, outcome = regression.weights, regression.panel.observed
    total = float(weights @ (outcome - np.average(outcome, weights=weights)) ** 2)
    value = -0.5 * n_obs * (log(2.0 * pi * rss / n_obs) + 1.0 - float(np.log(weights).mean()))
    r2 = 1.0 - rss / total
    yield Statistic("r2_dummies", r2, "1 - rss / total sum of squares of the regression on dummies")
    adjusted = 1.0 - (1.0 - r2) * (n_obs - 1) / regression.df_resid
    yield Statistic("r2_dummies_adjusted", adjusted, "1 - (1 - r2_dummies) (n_obs - 1) / df_resid")
    yield Statistic(
        "log_likelihood", value, "normal errors, variance rss / n_obs, over the row's weight if any"
    )
    yield Statistic(
        "n_parameters", n_parameters, "coefficients, independent effects and the variance of the errors"
    )
    criteria = {"aic": ("2", 2.0), "bic": ("log(n_obs)", log(n_obs))}
    for name, (words, price) in criteria.items():
        yield Statistic(name, price * n_parameters - 2.0 * value, f"{words} n_parameters - 2 log_likelihood")


def _explained(outcome: Floats, fitted: Floats) -> float:
    total = float(np.sum((outcome - outcome.mean()) ** 2))
    return 1.0 - float(np.sum((outcome - fitted) ** 2)) / total if total > 0 else float("nan")


def _squared_correlation(outcome: Floats, fitted: Floats) -> float:
    own, other = outcome - outcome.mean(), fitted - fitted.mean()
    scale = float(own @ own) * float(other @ other)
    return float(own @ other) ** 2 / scale if scale > 0 else float("nan")
