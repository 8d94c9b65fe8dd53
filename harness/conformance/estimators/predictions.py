"""An ordinary panel is fitted and predicted from what is given alone, and nothing given is changed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from harness.arrays import Floats, Ints
from harness.conformance.case import FIRST, Case, require_equal
from harness.conformance.check import SOUND, Rules, Violation
from harness.conformance.panels import SEED, fresh
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.draws import CanFitDraws
from harness.estimators.guard import in_one_line, predict
from harness.estimators.protocol import ESTIMATOR, Estimator
from harness.rng import random_stream
from harness.running.isolation import one_thread

RULES = Rules(needs=SOUND)

_UNLIKELY = 271828182
"""A seed that nobody would choose."""


@RULES.add(needs=())
def options_frozen(case: Case) -> None:
    """Check that an estimator is a frozen dataclass whose options cannot change.

    Ask what discovery asks of the class, and hash the options, which a list or dict prevents.
    """
    ESTIMATOR.name_of(type(case.estimator))
    try:
        hash(case.estimator)
    except TypeError as error:
        raise Violation(f"an option can change: {error}; use a tuple or a frozen dataclass") from error


@RULES.add(needs=())
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


@RULES.add(needs=("fits",))
def predictions(case: Case) -> None:
    """Check that predictions are finite floats of shape (n_obs,), the same each time.

    Predict all rows, a few and a single one; then all once more.
    """
    first = case.predictions()
    for n_rows in (7, 1):
        predict(case.fit, case.panel.take(np.arange(n_rows)))
    if not np.array_equal(predict(case.fit, fresh(case.panel)), first):
        raise Violation("the same fit predicts the same rows differently the second time")


@RULES.add(needs=("fits", "predictions"))
def randomness(case: Case) -> None:
    """Check that equal streams give equal numbers, and the process's own generators are not used.

    Fit once more from an equal stream, between two looks at the process's own generators.
    """
    with _known_states() as states:
        again = case.predicted(case.panel)
        if _states() != states:
            raise Violation("a global generator was used or seeded; draw from `rng` alone")
    if not np.array_equal(again, case.predictions()):
        raise Violation("two fits from equal streams differ; draw from `rng` alone")


@contextmanager
def _known_states() -> Iterator[tuple[object, object]]:
    """Put the generators of the language and of numpy where no fit leaves them, and back afterwards."""
    before, numbers_before = random.getstate(), np.random.get_state()  # noqa: NPY002 - to put it back
    random.seed(_UNLIKELY)
    np.random.seed(_UNLIKELY)  # noqa: NPY002 - asked whether somebody else uses it
    try:
        yield _states()
    finally:
        random.setstate(before)
        np.random.set_state(numbers_before)  # noqa: NPY002 - as it was


def _states() -> tuple[object, object]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - asked whether somebody else used it
    return random.getstate(), (kind, np.asarray(keys).tobytes(), *rest)


@RULES.add(needs=(*SOUND, "options_frozen"))
def options_untouched(case: Case) -> None:
    """Check that fitting changes no option.

    Fit, fit draws if it can, and compare the options with what they were before all fits.
    """
    case.fitted(case.panel)
    if CanFitDraws in case.estimator.provides:
        case.drawn(case.panel, np.ones((2, case.panel.n_obs)))
    if repr(case.estimator) != case.given:
        raise Violation(f"{case.given} is {case.estimator!r} after a fit")


@RULES.add()
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
        if not np.array_equal(weights, np.ones_like(weights)):
            raise Violation("fit_draws changed the weights")


def _require_same(given: Panel, original: Panel, what: str) -> None:
    originals = _arrays(original)
    for name, values in _arrays(given).items():
        if not np.array_equal(values, originals[name]):
            raise Violation(f"{what} {name}; work on a copy")


def _arrays(panel: Panel) -> dict[str, Floats | Ints]:
    codes = {"entity codes": panel.entity.codes, "time codes": panel.time.codes}
    return {"X": panel.X, "observed": panel.observed, "period": panel.period, **codes}


@RULES.add()
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


@RULES.add()
def other_process(case: Case) -> str:
    """Check that an estimator can be sent to another process and gives the same numbers there.

    Fit in a worker, which hashes texts in another way and so goes through sets in another order.
    """
    from joblib import Parallel, delayed

    (found,) = Parallel(n_jobs=2)([delayed(_fit_and_predict)(case.estimator, case.panel)])
    return require_equal(found, case.predictions(), case=case, what="in a worker process")


def _fit_and_predict(estimator: Estimator, panel: Panel) -> Floats:
    with one_thread():
        return predict(estimator.fit(fresh(panel), rng=random_stream(SEED, FIRST)), panel)
