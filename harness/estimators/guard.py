"""Guarded calls into plugins: results are checked, and failures become a status with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError, HarnessError, PluginError, Problem, TimeLimitReached
from harness.estimators.protocol import Estimator, Fitted, FittedDraws, HasIntervals, HasNotes
from harness.language import Coded, marked, quoted, to_json
from harness.tables.preparation import Note

# ``refused``: the estimator said why it cannot; ``failed``: something broke.
Status = Literal["ok", "refused", "failed"]

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, eq=False)
class Attempt(Generic[T]):
    """The outcome of a guarded call.

    Attributes
    ----------
    value : what the call returned; None unless `status` is ``ok``
    status, reason : how it ended, and why if it failed
    """

    value: T | None
    status: Status
    reason: str

    @property
    def how(self) -> dict[str, str]:
        """Status and reason, as columns of a table."""
        return {"status": self.status, "reason": self.reason, "reason_code": to_json(self.reason)}

    def without_value(self) -> Attempt[Any]:
        """Return an attempt with the same status and no value."""
        return Attempt(None, self.status, self.reason)

    def then(self, further: Callable[[T], V]) -> Attempt[V]:
        """Return the attempt of a further call on the value; not made if there is no value."""
        return self.without_value() if self.value is None else attempt(partial(further, self.value))


def all_of(attempts: Iterable[Attempt[T]]) -> Attempt[list[T]]:
    """Return the values of attempts in their order, or how the first went that has none."""
    values = []
    for one in attempts:
        if one.value is None:
            return one.without_value()
        values.append(one.value)
    return Attempt(values, "ok", "")


# Size of predictions beyond which tests, which take powers of squared errors, overflow.
MOST = 1e75

# Characters of a reason, beyond which it is cut.
LONGEST_REASON = 1000


def in_one_line(problem: Problem) -> str:
    """Return a problem as the reason of a cell: place, finding, remedy."""
    found = (
        Coded("{where}: {what}", where=problem.where, what=problem.what) if problem.where else problem.what
    )
    whole = Coded("{before}; {last}", before=found, last=problem.hint) if problem.hint else found
    return quoted(as_reason(whole))


def as_reason(text: str) -> str:
    """Return a text of any length and content as one line that every table and terminal can hold."""
    start = text[: 2 * LONGEST_REASON].encode("utf-8", "replace").decode("utf-8")
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in start).split())
    is_whole = len(text) <= 2 * LONGEST_REASON and len(line) <= LONGEST_REASON
    if is_whole:
        return text if line == text else line  # a message stays one
    return f"{line[:LONGEST_REASON]} ... ({len(text)} characters in all)"


def what_broke(error: BaseException) -> str:
    """Return an error of any class as a reason, with the plugin and the method that raised it.

    One whose own text cannot be had is named by its class alone.
    """
    from harness.registry.plugin import faulty_member

    at = ""
    try:
        text, at = str(error), faulty_member(error)
    except Exception as second:  # noqa: BLE001 - whatever a stranger's class does when it is asked for its text
        text = f"(its text cannot be had: {type(second).__name__})"
    return quoted(as_reason(": ".join(filter(None, (at, type(error).__name__, text)))))


def attempt(call: Callable[[], T]) -> Attempt[T]:
    """Run a call that may fail or exit, without ending the study.

    A `KeyboardInterrupt` and the time limit of the task are passed on. A forked child that returns from the
    call is stopped. Overflow warnings are silenced; the returned values are checked instead.
    """
    process = os.getpid()
    try:
        with np.errstate(all="ignore"):
            return Attempt(call(), "ok", "")
    except EstimationError as error:
        return Attempt(None, "refused", in_one_line(error.problems[0]))
    except PluginError as error:
        (problem, *_), expected = error.problems, error.expected
        hint = Coded("expected {expected}", expected=expected) if expected else problem.hint
        return Attempt(None, "failed", in_one_line(replace(problem, hint=hint)))
    except HarnessError as error:
        return Attempt(None, "failed", in_one_line(error.problems[0]))
    except (KeyboardInterrupt, TimeLimitReached):
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything; the cell keeps the reason
        return Attempt(None, "failed", what_broke(error))
    finally:
        if os.getpid() != process:
            os._exit(0)


def notes_of(fit: object) -> tuple[Note, ...]:
    """Return what a fit has to say, checked.

    Raises
    ------
    PluginError
        Where it is no tuple of notes.
    """
    reported: tuple[object, ...] = tuple(fit.notes) if isinstance(fit, HasNotes) else ()
    notes = tuple(note for note in reported if isinstance(note, Note))
    for note in reported:
        if not (isinstance(note, Note) and all(isinstance(part, str) for part in vars(note).values())):
            found = f"notes with a {type(note).__name__}, {as_reason(repr(note))[:100]}"
            what = Coded("returned {found}", found=found)
            raise PluginError.at(type(fit).__name__, what, "Note of three texts")
    return notes


def fitted(estimator: Estimator, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> Fitted:
    """Return an estimator's fit.

    Raises
    ------
    PluginError
        Where it returns what cannot predict.
    """
    fit = estimator.fit(panel, rng=rng, selection=selection)
    if not callable(getattr(fit, "predict", None)):
        raise PluginError.returned(fit, "a fit with the method `predict`", by=_who(estimator, "fit"))
    return fit


def _who(member: object, method: str) -> str:
    """Return the plugin, the class and the method that returned something."""
    kind = type(member)
    return f"plugin {kind.__module__.partition('.')[0]}, {kind.__qualname__}.{method}"


def predict(fit: Fitted, panel: Panel) -> Floats:
    """Return a fit's predictions, (n_obs,), checked; a copy, since a fit may fill one buffer anew.

    Raises
    ------
    PluginError
        Where they have another shape, are not finite, or so large that their squares overflow.
    """
    return _checked(fit.predict(panel), (panel.n_obs,), _who(fit, "predict"))


def limits_of(fit: Fitted, panel: Panel, level: float) -> Floats | None:
    """Return the limits of a fit's prediction intervals, (2, n_obs), checked; None where it has none."""
    limits = fit.intervals(panel, level) if isinstance(fit, HasIntervals) else None
    return None if limits is None else _checked(limits, (2, panel.n_obs), _who(fit, "intervals"))


def predict_draws(fits: FittedDraws, panel: Panel) -> Floats:
    """Return the predictions of draws, (n_draws, n_obs), checked as by `predict`."""
    predicted = np.asarray(fits.predict(panel))
    return _checked(predicted, (len(predicted), panel.n_obs), _who(fits, "predict"))


def _checked(predicted: object, shape: tuple[int, ...], who: str) -> Floats:
    values = np.asarray(predicted)
    if values.shape != shape or values.dtype.kind != "f":
        found = f"predictions of shape {values.shape} and type {values.dtype}"
        raise PluginError.at(who, Coded("returned {found}", found=found), f"floats of shape {shape}")
    require_finite(values, who)
    return values.astype(np.float64)


def predict_any(model: Fitted | FittedDraws, panel: Panel) -> Floats:
    """Return the predictions of a fit or of draws, (..., n_obs), as by `predict` but of any shape."""
    predicted = np.array(model.predict(panel))
    require_finite(predicted, _who(model, "predict"))
    return predicted


def require_finite(predicted: Floats, who: str) -> None:
    """Raise a PluginError where predictions are not finite, or so large that their squares overflow.

    Parameters
    ----------
    who : that returned them
    """
    if not np.isfinite(predicted).all():
        raise PluginError.at(who, marked("returned non-finite predictions"), "finite numbers")
    largest = float(np.abs(predicted).max(initial=0.0))
    if largest > MOST:
        what = Coded("returned predictions as large as {largest}", largest=f"{largest:.3g}")
        raise PluginError.at(who, what, f"sizes up to {MOST:g}")
