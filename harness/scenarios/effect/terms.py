"""What an effect is linear in: the terms of the exposure, and the combinations of them that are reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.refusals import require_continuous
from harness.language import Message, marked
from harness.scenarios.contrast import exposure_values

Form = Literal["line", "curve", "contrast", "conditional", "derivative"]
FORMS: tuple[Form, ...] = get_args(Form)

# Of the splines of a curve.
DEGREE = 3

# Of the splines of a curve, at quantiles of the exposure.
INNER_KNOTS = 5

# The curve is given at 40 equal steps between the 1st and the 99th percentile of the exposure.
CURVE_SHARES = np.linspace(0.01, 0.99, 40)

# Quantiles of the moderator at which a conditional effect is given.
MODERATOR_SHARES = np.linspace(0.1, 0.9, 9)


@dataclass(frozen=True, eq=False)
class Terms:
    """Functions b(D) of the exposure, and what of theta' b is reported.

    Attributes
    ----------
    values : (n_obs, n_terms), b at every row
    at : (n_points,), value of the exposure or of the moderator; NaN where an effect is at none
    combinations : (n_points, n_terms), so that an effect is ``combinations @ theta``
    """

    values: Floats
    at: Floats
    combinations: Floats

    @property
    def n_terms(self) -> int:
        """Number of terms."""
        return int(self.values.shape[1])


def line(panel: Panel) -> Terms:
    """Return the exposure itself: the effect is one slope.

    Raises
    ------
    EstimationError
        Where the exposure has levels.
    """
    require_continuous(panel)
    return Terms(panel.column(panel.exposure)[:, None], np.array([np.nan]), np.ones((1, 1)))


def slope(panel: Panel) -> Terms:
    """Return the continuous exposure itself: the effect is a mean derivative.

    Raises
    ------
    EstimationError
        Where the exposure has levels, or two values, between which there is no derivative.
    """
    require_continuous(panel)
    if np.unique(panel.column(panel.exposure)).size <= 2:
        what, hint = "has two values, between which no derivative is", "ask for the form `contrast`"
        raise EstimationError.at(panel.exposure, what, expected="an exposure of many values", hint=hint)
    return line(panel)


def curve(panel: Panel) -> Terms:
    """Return cubic splines of the exposure: the effect is a curve, less its mean over the rows.

    Raises
    ------
    EstimationError
        Where the exposure has levels, or too few values for a curve.
    """
    require_continuous(panel)
    column = panel.column(panel.exposure)
    knots = np.unique(np.quantile(column, np.linspace(0.0, 1.0, INNER_KNOTS + 2)))
    n_values = np.unique(column).size
    if knots.size < INNER_KNOTS + 2 or n_values <= DEGREE + INNER_KNOTS + 1:
        raise EstimationError.at(
            panel.exposure,
            Message(
                "{n_values} values, many rows at some of them, are too few for a curve", n_values=n_values
            ),
            expected="an exposure of many values",
            hint=marked("ask for the form `contrast`, or `line`"),
        )
    low, high = np.quantile(column, CURVE_SHARES[[0, -1]])
    at = np.linspace(low, high, CURVE_SHARES.size)
    values = _splines(column, knots)
    return Terms(values, at, _splines(at, knots) - values.mean(axis=0))


def _splines(column: Floats, knots: Floats) -> Floats:
    """Return B-splines, (n_obs, n_terms), without the first, which the constant stands for."""
    from scipy.interpolate import BSpline

    padded = np.concatenate([np.repeat(knots[0], DEGREE), knots, np.repeat(knots[-1], DEGREE)])
    return np.asarray(BSpline.design_matrix(column, padded, DEGREE).toarray()[:, 1:])


def contrast(panel: Panel) -> Terms:
    """Return a dummy for every value but the least: effects are differences from the least value.

    Raises
    ------
    EstimationError
        Where the exposure has one value, or too many.
    """
    values = exposure_values(panel)
    dummies = (panel.column(panel.exposure)[:, None] == values[1:]).astype(np.float64)
    return Terms(dummies, values[1:], np.eye(values.size - 1))


def conditional(panel: Panel, moderator: str) -> Terms:
    """Return the exposure and its product with a moderator: the slope at values of the moderator.

    Raises
    ------
    EstimationError
        Where the exposure has levels.
    """
    require_continuous(panel)
    column = panel.column(moderator)
    mean = column.mean()
    found = np.unique(column)
    at = found if found.size <= MODERATOR_SHARES.size else np.unique(np.quantile(column, MODERATOR_SHARES))
    values = panel.column(panel.exposure)[:, None] * np.column_stack([np.ones(panel.n_obs), column - mean])
    return Terms(values, at, np.column_stack([np.ones(at.size), at - mean]))


def terms_of(form: Form, panel: Panel, moderator: str | None) -> Terms:
    """Return the terms of a form, from the rows of a panel; only a conditional effect has a moderator.

    Raises
    ------
    EstimationError
        Where the exposure is none that the form is of.
    """
    if moderator is not None:
        return conditional(panel, moderator)
    makers = {"line": line, "derivative": slope, "curve": curve, "contrast": contrast}
    return makers[form](panel)


def instruments_of(panel: Panel, terms: Terms, form: Form, moderator: str | None) -> Floats:
    """Return what moves the terms from outside, (n_obs, n_instruments): of a conditional effect products too.

    Raises
    ------
    EstimationError
        Where there are none, fewer than terms, or no instruments of a form.
    """
    if panel.Z is None or not panel.instruments:
        hint = marked("name roles.instruments, or ask for other methods")
        raise EstimationError.at("instrumented", marked("the study has no instruments"), "instruments", hint)
    if form == "derivative":
        what = marked("a derivative with instruments is not identified by them")
        raise EstimationError.at("instrumented", what, "another form", "ask for the form `line`")
    instruments = panel.Z
    if moderator is not None:
        column = panel.column(moderator)
        instruments = np.column_stack([instruments, instruments * (column - column.mean())[:, None]])
    if instruments.shape[1] < terms.n_terms:
        what = Message(
            "{shape} instruments are too few for the {n_terms} terms of a {form}",
            shape=instruments.shape[1],
            n_terms=terms.n_terms,
            form=form,
        )
        hint = marked("ask for the form `line`, or name further roles.instruments")
        raise EstimationError.at("instrumented", what, "an instrument for each term", hint)
    return instruments


def control_names(panel: Panel) -> Sequence[str]:
    """Return the regressors that are held fixed: all but the exposure and what follows from it."""
    follows = panel.dependents(panel.exposure)
    return [name for name in panel.columns if name not in follows]
