"""A ladder of methods: the estimator of every step, and how its gain is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from harness.errors import Problem, SpecError
from harness.estimators.protocol import Estimator
from harness.registry.catalog import Catalogs, with_option
from harness.scenarios.curve.scenario import CurveScenario
from harness.study.spec.entry import ScenarioEntry
from harness.study.spec.study import MethodLadderSpec, Study

# Changes of a ladder that are of no estimator.
PROTOCOL, SPLITS = "protocol", "splits"
EVERY_SPLIT = "all"

# Label of the random streams of all steps: they draw the same rows and initial values where they can.
STREAM = "method ladder"


@dataclass(frozen=True)
class LadderStep:
    """A method on the way, and how its gain is taken.

    Attributes
    ----------
    position : from 0, the start
    change, to, label : what was changed last; empty at the start, but for the label
    fit : names the fits; equal estimators share theirs
    protocol : id, under which the gain is taken
    splits : the first so many of the protocol's; None for all
    """

    position: int
    change: str
    to: str
    label: str
    estimator: Estimator
    fit: str
    protocol: str
    splits: int | None

    def uses(self, protocol: str, at: int) -> bool:
        """Return whether its gain is taken on the split of a protocol at a position, from 0."""
        return protocol == self.protocol and (self.splits is None or at < self.splits)


def ladder_steps(study: Study, catalogs: Catalogs) -> tuple[LadderStep, ...]:
    """Return the start of a study's ladder and the method after each change; nothing without a ladder.

    Raises
    ------
    SpecError
        Where an estimator has no such option, or the option takes no such value.
    """
    asked = study.method_ladder
    return () if asked is None else tuple(_steps(asked, catalogs))


def _steps(asked: MethodLadderSpec, catalogs: Catalogs) -> Iterator[LadderStep]:
    fits: list[Estimator] = [asked.start]
    step = LadderStep(0, "", "", asked.label, asked.start, _fit_name(0), asked.protocol, asked.splits)
    yield step
    for at, one in enumerate(asked.changes):
        estimator, value = step.estimator, one.to
        if one.change not in (PROTOCOL, SPLITS):
            place = f"method_ladder.changes[{at}]"
            estimator = changed(estimator, one.change, value, catalogs, place=place)
        if estimator not in fits:
            fits.append(estimator)
        step = replace(
            step,
            position=at + 1,
            change=one.change,
            to=", ".join(map(str, value)) if isinstance(value, tuple) else str(value),
            label=one.label,
            estimator=estimator,
            fit=_fit_name(fits.index(estimator)),
            protocol=str(value) if one.change == PROTOCOL else step.protocol,
            splits=_splits(value) if one.change == SPLITS else step.splits,
        )
        yield step


def _fit_name(at: int) -> str:
    # The plan takes what stands before a bracket for the kind of a fit.
    return f"{STREAM} ({at})"


def _splits(value: object) -> int | None:
    return None if value == EVERY_SPLIT else int(str(value))


def changed(estimator: Estimator, option: str, value: object, catalogs: Catalogs, *, place: str) -> Estimator:
    """Return an estimator with one option changed.

    Parameters
    ----------
    place : of the change in the spec, for messages

    Raises
    ------
    SpecError
        Where there is no such option, or it takes no such value.
    """
    try:
        found: Estimator = with_option(estimator, option, value, catalogs=catalogs)
    except PydanticCustomError as error:
        context = error.context or {}
        problem = Problem(place, error.message(), context.get("expected", ""), context.get("hint", ""))
        raise SpecError(problem) from error
    except ValidationError as error:
        faults = "; ".join(dict.fromkeys(mistake["msg"] for mistake in error.errors()))
        raise SpecError(Problem(place, f"{value!r} is not allowed: {faults}")) from error
    return found


def curve_of(study: Study) -> ScenarioEntry | None:
    """Return the curve that a ladder is asked: the first of the exposure; None where there is no truth."""
    curves = (
        entry
        for entry in study.scenarios
        if isinstance(entry.scenario, CurveScenario) and entry.scenario.exposure is None
    )
    return next(curves, None) if study.data.simulate is not None else None
