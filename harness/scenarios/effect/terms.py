"""What an effect is linear in, and the ways to allow for what is constant in an entity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel, means_by
from harness.errors import EstimationError
from harness.estimators.refusals import require_continuous
from harness.language import Coded, marked
from harness.scenarios.contrast import exposure_values

Form = Literal["line", "curve", "contrast", "conditional", "binned", "interaction", "derivative"]
FORMS: tuple[Form, ...] = get_args(Form)

# Of the splines of a curve.
DEGREE = 3

# Fewest inner knots of the splines of a curve, at distinct quantiles of the exposure.
FEWEST_KNOTS = 4

# The curve is given at 40 equal steps between the 1st and the 99th percentile of the exposure.
CURVE_SHARES = np.linspace(0.01, 0.99, 40)

# Quantiles of the moderator at which a conditional effect is given.
MODERATOR_SHARES = np.linspace(0.1, 0.9, 9)


# Bins of the moderator, of equal numbers of rows.
N_BINS = 3


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
        what, hint = (
            marked("has two values, between which no derivative is"),
            marked("ask for the form `contrast`"),
        )
        raise EstimationError.at(
            panel.exposure, what, expected=marked("an exposure of many values"), hint=hint
        )
    return line(panel)


def curve(panel: Panel) -> Terms:
    """Return cubic splines of the exposure: the effect is a curve, less its mean over the rows.

    Inner knots are as many as the fourth root of the number of rows, more than would fit best: what splines
    cannot bend to is a bias, and falls faster with rows than the band narrows.

    Raises
    ------
    EstimationError
        Where the exposure has levels, or too few values for a curve.
    """
    require_continuous(panel)
    column = panel.column(panel.exposure)
    n_inner = max(round(panel.n_obs**0.25), FEWEST_KNOTS)
    knots = np.unique(np.quantile(column, np.linspace(0.0, 1.0, n_inner + 2)))
    n_values = np.unique(column).size
    if knots.size < FEWEST_KNOTS + 2 or n_values <= DEGREE + knots.size - 1:
        what = Coded(
            "{n_values} distinct values, some with many rows, are too few for a curve", n_values=n_values
        )
        hint = marked("use the form `contrast` or `line`")
        raise EstimationError.at(panel.exposure, what, marked("an exposure of many values"), hint)
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


def binned(panel: Panel, moderator: str) -> Terms:
    """Return the exposure, and its product with the moderator less the median, in each third of the rows.

    Effects are those at the three medians, each with a line of its own (Hainmueller, Mummolo and Xu 2019).

    Raises
    ------
    EstimationError
        Where the exposure has levels, or a third of the moderator has one value.
    """
    require_continuous(panel)
    column = panel.column(moderator)
    third = np.searchsorted(np.quantile(column, [1.0 / 3.0, 2.0 / 3.0]), column)
    parts = [column[third == at] for at in range(N_BINS)]
    if any(np.unique(part).size < 2 for part in parts):
        what = marked("a third of its rows has one value, so that there are no bins")
        raise EstimationError.at(moderator, what, hint=marked("use the form `conditional`"))
    at = np.array([np.median(part) for part in parts])
    inside = panel.column(panel.exposure)[:, None] * (third[:, None] == np.arange(N_BINS))
    values = np.hstack([inside, inside * (column[:, None] - at)])
    return Terms(values, at, np.eye(N_BINS, 2 * N_BINS))


def terms_of(form: Form, panel: Panel, moderator: str | None) -> Terms:
    """Return the terms of a form, from the rows of a panel; only a conditional effect has a moderator.

    Raises
    ------
    EstimationError
        Where the exposure is none that the form is of.
    """
    if moderator is not None and form == "binned":
        return binned(panel, moderator)
    if moderator is not None:
        terms = conditional(panel, moderator)
        # The slope of the product alone.
        product = replace(terms, at=np.array([np.nan]), combinations=np.array([[0.0, 1.0]]))
        return product if form == "interaction" else terms
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
        hint = marked("name roles.instruments, or choose other methods")
        raise EstimationError.at("instrumented", marked("the study has no instruments"), "instruments", hint)
    if form == "derivative":
        what = marked("the instruments do not identify a derivative")
        raise EstimationError.at(
            "instrumented", what, marked("another form"), marked("ask for the form `line`")
        )
    instruments = panel.Z
    if moderator is not None:
        column = panel.column(moderator)
        instruments = np.column_stack([instruments, instruments * (column - column.mean())[:, None]])
    n_terms = terms.values.shape[1]
    if instruments.shape[1] < n_terms:
        sizes = {"shape": instruments.shape[1], "n_terms": n_terms, "form": form}
        what = Coded("{shape} instruments are too few for the {n_terms} terms of a {form}", **sizes)
        hint = marked("use the form `line`, or name more roles.instruments")
        raise EstimationError.at("instrumented", what, marked("an instrument for each term"), hint)
    return instruments


def control_names(panel: Panel) -> Sequence[str]:
    """Return the regressors that are held fixed: all but the exposure and what follows from it."""
    follows = panel.dependents(panel.exposure)
    return [name for name in panel.columns if name not in follows]


# How what is constant in an entity is allowed for.
Within = Literal["first_differences", "correlated_random_effects"]
WITHINS: tuple[Within, ...] = get_args(Within)

Method = Literal["first_differences", "correlated_random_effects", "instrumented"]

_ASSUMPTIONS: Mapping[tuple[bool, Within], str] = {
    (False, "first_differences"): marked(
        "Given current and lagged controls, changes in the exposure are as good as random: no "
        "other time-varying factor moves both exposure and outcome, and outcome shocks do not feed "
        "back into the exposure."
    ),
    (False, "correlated_random_effects"): marked(
        "Given the controls and the entity means of controls and exposure, the exposure is as good "
        "as random: time-invariant confounders are functions of these means."
    ),
    (True, "first_differences"): marked(
        "Given current and lagged controls, changes in the instruments are as good as random and "
        "affect the outcome only through the exposure."
    ),
    (True, "correlated_random_effects"): marked(
        "Given the controls and the entity means of controls and instruments, the instruments are "
        "as good as random and affect the outcome only through the exposure."
    ),
}


def assumption(method: Method, within: Within) -> str:
    """Return what has to hold for an effect to be one, in one sentence."""
    return _ASSUMPTIONS[method == "instrumented", within]


# What names of inputs have after that of a control.
PERIOD_BEFORE, MEAN_OF_ENTITY = "period before", "mean of entity"


@dataclass(frozen=True, eq=False)
class NuisanceDesign:
    """The rows, targets and inputs of the nuisance functions.

    Attributes
    ----------
    panel : rows whose regressors are the inputs; each target takes the outcome's place
    outcome : (n_obs,), the outcome as the method has it
    terms : (n_obs, n_terms), the exposure's terms as the method has them
    instruments : (n_obs, n_instruments), likewise; none unless the exposure is instrumented
    now : (n_obs,), positions among the panel's rows in canonical order that the method's rows are made of
    before : (n_obs,), of what is taken off; None where nothing is
    """

    panel: Panel
    outcome: Floats
    terms: Floats
    instruments: Floats
    now: Ints
    before: Ints | None

    def targeting(self, values: Floats) -> Panel:
        """Return the panel of a nuisance function, whose outcome is the target, (n_obs,)."""
        return replace(self.panel, observed=values)

    def transformed(self, levels: Floats) -> Floats:
        """Return levels, (n_levels, ...), as the method has them, (n_obs, ...)."""
        return _transformed(levels, self.now, self.before)


def _transformed(levels: Floats, now: Ints, before: Ints | None) -> Floats:
    return levels[now] if before is None else levels[now] - levels[before]


def nuisance_design(
    within: Within, panel: Panel, terms: Terms, names: Sequence[str], instruments: Floats | None = None
) -> NuisanceDesign:
    """Return what nuisance functions are fitted on.

    Changes from one period to the next, given the controls of both, or levels, given the controls, their
    means by entity and those of the terms: Clarke and Polselli (2025) call the two first-difference exact and
    correlated random effects. Period dummies are inputs of both, so that what moves all entities in a period
    is held fixed too.

    Parameters
    ----------
    terms : of the exposure, at the rows of the panel
    names : regressors that are held fixed; the exposure is among them where its derivative is asked
    instruments : (n_obs, n_instruments), of the exposure's terms; their means by entity, not those of the
        terms, then stand for what is constant in an entity

    Raises
    ------
    EstimationError
        Where no entity has two periods in a row, or nothing is left to hold fixed.
    """
    order = panel.canonical_order
    rows, values = panel.take(order), terms.values[order]
    code, now, before = rows.entity.codes, np.arange(rows.n_obs), None
    exogenous = np.empty((rows.n_obs, 0)) if instruments is None else instruments[order]
    columns = {name: rows.column(name) for name in names}
    if within == "first_differences":
        now = 1 + np.flatnonzero((code[1:] == code[:-1]) & (np.diff(rows.period) == 1))
        before = now - 1
        if now.size == 0:
            what = marked("no entity has rows in two consecutive periods")
            hint = marked("use correlated_random_effects")
            raise EstimationError.at(marked("first differences"), what, marked("a panel without gaps"), hint)
        earlier = {f"{name}, {PERIOD_BEFORE}": column[before] for name, column in columns.items()}
        columns = {name: column[now] for name, column in columns.items()} | earlier
    else:
        columns |= {f"{name}, {MEAN_OF_ENTITY}": means_by(code, columns[name]) for name in names}
        what, constant = ("instrument", exogenous) if exogenous.shape[1] else ("exposure", values)
        means = enumerate(means_by(code, constant).T, start=1)
        columns |= {f"{what} {at}, {MEAN_OF_ENTITY}": mean for at, mean in means}
    inputs = _inputs(rows.take(now), columns)
    targets = (rows.observed, values, exogenous)
    outcome, exposure, instrument = (_transformed(levels, now, before) for levels in targets)
    return NuisanceDesign(inputs, outcome, exposure, instrument, now, before)


def _inputs(rows: Panel, columns: Mapping[str, Floats]) -> Panel:
    """Return rows whose regressors are some columns, each once, and period dummies.

    Columns of numbers come where the exposure and the moderators were, so that estimators that bend those
    alone bend all of them; dummies come among the controls.
    """
    kept = _distinct(columns)
    present = np.unique(rows.time.codes)[1:]
    is_in = (rows.time.codes[:, None] == present).T.astype(np.float64)
    labels = [f"period {rows.time.labels[code]}" for code in present.tolist()]
    named = {**kept, **dict(zip(labels, is_in, strict=True))}
    if not named:
        what, hint = marked("there are no controls"), marked("name roles.controls")
        raise EstimationError.at("effect", what, marked("controls, or two periods"), hint)
    names = tuple(named)
    n_numbers = max(1, len(kept))
    return replace(
        rows,
        exposure=names[0],
        levels=(),
        moderators=names[1:n_numbers],
        controls=names[n_numbers:],
        X=np.column_stack(list(named.values())),
        derived=(),
    )


def _distinct(columns: Mapping[str, Floats]) -> Mapping[str, Floats]:
    """Return the columns that vary and equal none before them, such as a mean of what is constant."""
    seen: set[bytes] = set()
    kept = {}
    for name, column in columns.items():
        rounded = np.round((column - column.mean()) / (column.std() or 1.0), 9) + 0.0
        content = rounded.tobytes()
        if np.ptp(column) > 0.0 and content not in seen:
            kept[name] = column
        seen.add(content)
    return kept
