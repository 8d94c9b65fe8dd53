"""An ordinary panel is fitted and predicted from what is given alone, and nothing given is changed.

Order, names and units carry no information, and panels too poor to learn from are refused with a reason, or
answered with finite numbers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from harness.arrays import Floats, Ints
from harness.conformance import panels
from harness.conformance.case import FIRST, Case, require_agreement, require_equal
from harness.conformance.panels import RULES, SEED, ContractRule, Violation, fresh, refuse, rule
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import in_one_line, predict
from harness.estimators.protocol import ESTIMATOR, CanFitDraws, Estimator, Takes
from harness.rng import random_stream
from harness.running.isolation import one_thread

# Rules whose violation would show as one of nearly all others, and so hide what is wrong.
SOUND = ("fits", "predictions", "randomness")

# A seed that nobody would choose.
_UNLIKELY = 271828182


@rule("estimator")
def options_frozen(case: Case) -> None:
    """Check that an estimator is a frozen dataclass whose options cannot change.

    Ask what discovery asks of the class, and hash the options, which a list or dict prevents.
    """
    ESTIMATOR.name_of(type(case.estimator))
    try:
        hash(case.estimator)
    except TypeError as error:
        raise Violation(f"an option can change: {error}; use a tuple or a frozen dataclass") from error


@rule("estimator")
def fits(case: Case) -> None:
    """Check that an ordinary panel is fitted, with and without rows to select on.

    Fit both ways; what comes back predicts.
    """
    try:
        both = (case.fit, case.fitted(case.train, selection=case.aside))
    except EstimationError as error:
        raise Violation(f"refuses the ordinary panel: {in_one_line(error.problems[0])}") from error
    for fit in both:
        if not callable(getattr(fit, "predict", None)):
            raise Violation(f"fit returns a {type(fit).__name__}, which has no predict")


@rule("estimator", "fits")
def predictions(case: Case) -> None:
    """Check that predictions are finite floats of shape (n_obs,), the same each time.

    Predict all rows, a few and a single one; then all once more.
    """
    first = case.predictions()
    for n_rows in (7, 1):
        predict(case.fit, case.panel.take(np.arange(n_rows)))
    if not np.array_equal(predict(case.fit, fresh(case.panel)), first):
        raise Violation("the same fit predicts the same rows differently the second time")


@rule("estimator", "fits", "predictions")
def randomness(case: Case) -> None:
    """Check that equal streams give equal numbers, and the process's own generators are not used.

    Fit once more from an equal stream, between two looks at the process's own generators.
    """
    before, numbers_before = random.getstate(), np.random.get_state()  # noqa: NPY002 - to put it back
    # Where no fit leaves them: one that seeds them has left them so in a fit before.
    random.seed(_UNLIKELY)
    np.random.seed(_UNLIKELY)  # noqa: NPY002 - asked whether somebody else uses it
    states = _states()
    try:
        again = case.predicted(case.panel)
        refuse(_states() != states, "a global generator was used or seeded; draw from `rng` alone")
    finally:
        random.setstate(before)
        np.random.set_state(numbers_before)  # noqa: NPY002 - as it was
    if not np.array_equal(again, case.predictions()):
        raise Violation("two fits from equal streams differ; draw from `rng` alone")


def _states() -> tuple[object, object]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - asked whether somebody else used it
    return random.getstate(), (kind, np.asarray(keys).tobytes(), *rest)


@rule("estimator", *SOUND, "options_frozen")
def options_untouched(case: Case) -> None:
    """Check that fitting changes no option.

    Fit, fit draws if it can, and compare the options with what they were before all fits.
    """
    case.fitted(case.panel)
    if CanFitDraws in case.estimator.provides:
        case.drawn(case.panel, np.ones((2, case.panel.n_obs)))
    refuse(repr(case.estimator) != case.given, f"{case.given} is {case.estimator!r} after a fit")


@rule("estimator", *SOUND)
def inputs_unchanged(case: Case) -> None:
    """Check that panels and weights are left as they are.

    Fit, predict, and compare what was handed over with copies.
    """
    original, aside = case.train, case.aside
    given, selection = fresh(original), fresh(aside)
    fit = case.estimator.fit(given, rng=random_stream(SEED, "inputs"), selection=selection)
    _require_same(given, original, "fit changed the panel's")
    _require_same(selection, aside, "fit changed the selection rows'")
    given = fresh(original)
    fit.predict(given)
    _require_same(given, original, "predict changed the panel's")
    if isinstance(case.estimator, CanFitDraws):
        weights = np.ones((2, original.n_obs))
        case.estimator.fit_draws(given, weights=weights, selection=None, rng=random_stream(SEED, "inputs"))
        _require_same(given, original, "fit_draws changed the panel's")
        refuse(not np.array_equal(weights, np.ones_like(weights)), "fit_draws changed the weights")


def _require_same(given: Panel, original: Panel, what: str) -> None:
    originals = _arrays(original)
    for name, values in _arrays(given).items():
        refuse(not np.array_equal(values, originals[name]), f"{what} {name}; work on a copy")


def _arrays(panel: Panel) -> dict[str, Floats | Ints]:
    codes = {"entity codes": panel.entity.codes, "time codes": panel.time.codes}
    return {"X": panel.X, "observed": panel.observed, "period": panel.period, **codes}


@rule("estimator", *SOUND)
def row_by_row(case: Case) -> None:
    """Check that predictions come in the order of rows and do not depend on the rows next to them.

    Predict the rows in another order, and a few of them alone.
    """
    order = random_stream(SEED, "row_by_row").permutation(case.panel.n_obs)
    for rows, what in (
        (order, "rows in another order"),
        (order[:5], "five rows alone"),
        (order[:1], "one row alone"),
    ):
        found = predict(case.fit, case.panel.take(rows))
        require_equal(found, case.predictions()[rows], case=case, what=what)


@rule("estimator", *SOUND)
def other_process(case: Case) -> str:
    """Check that an estimator can be sent to another process and gives the same numbers there.

    Fit in a worker, which hashes texts in another way and so goes through sets in another order.
    """
    from joblib.externals.loky import get_reusable_executor

    worker = get_reusable_executor(max_workers=1)
    found = worker.submit(_fit_and_predict, case.estimator, case.panel).result()
    return require_equal(found, case.predictions(), case=case, what="in a worker process")


def _fit_and_predict(estimator: Estimator, panel: Panel) -> Floats:
    with one_thread():
        return predict(estimator.fit(fresh(panel), rng=random_stream(SEED, FIRST)), panel)


# Of an outcome or a column in another unit; of outcomes by what an estimator takes.
UNIT, LEVEL = 250.0, -40.0
UNITS: Mapping[Takes, tuple[float, float]] = {
    "any": (UNIT, LEVEL),
    "from zero": (UNIT, 0.0),
    "zero or one": (-1.0, 1.0),
}


@rule("estimator", *SOUND)
def row_order(case: Case) -> str:
    """Check that the order of the training rows changes nothing.

    Fit on the rows in a random order.
    """
    order = random_stream(panels.SEED, "row order").permutation(case.panel.n_obs)
    found = case.predicted(case.panel.take(order), at=case.panel)
    return require_agreement(found, case.predictions, case=case, what="on rows in another order")


@rule("estimator", *SOUND)
def column_order(case: Case) -> str:
    """Check that the order of the controls changes nothing.

    Fit with the controls in the reverse order.
    """
    panel = case.panel
    first = len(panel.columns) - len(panel.controls)
    columns = [*range(first), *range(len(panel.columns) - 1, first - 1, -1)]
    found = case.predicted(replace(panel, controls=panel.controls[::-1], X=panel.X[:, columns]))
    return require_agreement(found, case.predictions, case=case, what="on controls in reverse order")


@rule("estimator", *SOUND)
def renamed(case: Case) -> str:
    """Check that other names of entities and periods, and later periods, change nothing.

    Give new names that sort as the old ones do.
    """
    found = case.predicted(panels.renamed(case.panel))
    return require_agreement(found, case.predictions, case=case, what="under new names")


@rule("estimator", *SOUND)
def reordered(case: Case) -> str:
    """Check that names of entities that sort in another order change nothing.

    Give names that sort in the reverse order.
    """
    found = case.predicted(panels.reordered(case.panel))
    return require_agreement(found, case.predictions, case=case, what="under names in reverse order")


@rule("estimator", *SOUND)
def outcome_units(case: Case) -> str:
    """Check that an outcome a y + b is predicted by a f + b.

    Fit on a multiple of the outcome with another level; on a multiple alone where negative ones are refused,
    and on zero for one and one for zero where others are.
    """
    unit, level = UNITS[case.takes]
    found = (case.predicted(replace(case.panel, observed=unit * case.panel.observed + level)) - level) / unit
    return require_agreement(found, case.predictions, case=case, what="on an outcome in another unit")


@rule("estimator", *SOUND)
def column_units(case: Case) -> str:
    """Check that columns c x + d instead of x change no prediction.

    Fit on columns of which each has a unit and a level of its own.
    """
    at = np.arange(len(case.panel.columns))
    units, levels = np.where(at % 2 == 0, UNIT, 1.0 / UNIT), np.where(at % 3 == 0, LEVEL, 0.5)
    found = case.predicted(replace(case.panel, X=units * case.panel.X + levels))
    return require_agreement(found, case.predictions, case=case, what="on columns in other units")


# What is left of the ordinary panel, in words, and how it is made of it. The outcome and the exposure that do
# not vary have a mean that is not exact in binary.
POOR: Mapping[str, tuple[str, Callable[[Panel], Panel]]] = {
    "one_row": ("a single row is", lambda panel: panel.take(np.arange(1))),
    "one_entity": (
        "a single entity is",
        lambda panel: panel.take(np.flatnonzero(panel.entity.codes == panel.entity.codes[0])),
    ),
    "one_period": (
        "a single period is",
        lambda panel: panel.take(np.flatnonzero(panel.period == panel.period.min())),
    ),
    "few_rows": (
        "fewer rows than columns are",
        lambda panel: panel.take(_first_rows(panel)[: len(panel.columns) - 1]),
    ),
    "constant_outcome": (
        "an outcome that does not vary is",
        lambda panel: replace(panel, observed=np.full(panel.n_obs, 0.1)),
    ),
    "constant_exposure": (
        "an exposure that does not vary is",
        lambda panel: panel.with_column(panel.exposure, 0.1),
    ),
    "collinear_controls": (
        "controls that repeat each other are",
        lambda panel: panel.with_column(panel.columns[-1], 2.0 * panel.column(panel.columns[-2]) - 1.0),
    ),
}


def _first_rows(panel: Panel) -> Ints:
    return np.unique(panel.entity.codes, return_index=True)[1]


def refused_or_answered(case: Case, *, poor: str) -> str:
    """Fit and predict a poor panel."""
    try:
        case.predicted(POOR[poor][1](case.panel))
    except EstimationError as error:
        if not error.what:
            raise Violation("refused without a reason") from error
        return f"refused: {in_one_line(error.problems[0])}"
    return "answered"


for name, (what, _) in POOR.items():
    says = f"{what} refused with a reason, or predicted"
    RULES[ESTIMATOR.name][name] = ContractRule(name, says, partial(refused_or_answered, poor=name), SOUND)
