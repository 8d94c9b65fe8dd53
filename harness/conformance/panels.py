"""The simulated panels that estimators are tried on, and the kit's own estimator."""

from __future__ import annotations

import inspect
import unittest
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, Key
from harness.data.panel import Panel
from harness.errors import EstimationError, HarnessError
from harness.estimators.absorbing import AbsorbingModels
from harness.estimators.guard import in_one_line
from harness.estimators.protocol import CanFitDraws, CanProfile, DrawSelection
from harness.rng import random_stream
from harness.running.isolation import one_thread

Status = Literal["passed", "failed", "skipped"]

AskT = TypeVar("AskT", bound=Callable[[Any], str | None])


@dataclass(frozen=True)
class Verdict:
    """How one check went.

    Attributes
    ----------
    status : ``skipped`` where the question does not arise for this member, or cannot be put
    reason : what was found; may be empty for a check that passed
    """

    status: Status
    reason: str = ""


class Violation(Exception):  # noqa: N818 - a finding, not an error of the kit
    """A member violates a rule; the message says how."""


def refuse(is_violated: object, what: str) -> None:
    """Raise `Violation` with these words where a rule is violated, as a truth value says."""
    if is_violated:
        raise Violation(what)


class Skipped(Exception):  # noqa: N818 - a finding, not an error of the kit
    """A rule has nothing to say about a member; the message says why."""


@dataclass(frozen=True)
class ContractRule:
    """One rule of the seam.

    Attributes
    ----------
    name : in reports and in the ids of tests
    says : the rule, in one clause
    ask : returns what was found in a member that keeps the rule, and raises `Violation` or `Skipped`
    needs : names of the rules that must not be violated for this one to be asked
    is_slow : whether it takes many fits
    """

    name: str
    says: str
    ask: Callable[[Any], str | None]
    needs: tuple[str, ...] = ()
    is_slow: bool = False


# By kind and name, in the order in which they run.
RULES: dict[str, dict[str, ContractRule]] = {}


def rule(kind: str, *needs: str, name: str = "", is_slow: bool = False) -> Callable[[AskT], AskT]:
    """Add the decorated function to the rules; its docstring begins with ``Check that`` and the clause.

    Parameters
    ----------
    kind : of the members that are checked; an estimator is checked as a `Case`
    needs, is_slow : as of `ContractRule`
    name : that of the function unless given
    """

    def added(ask: AskT) -> AskT:
        summary = " ".join((inspect.getdoc(ask) or "").partition("\n\n")[0].split())
        says = summary.removeprefix("Check that ").removesuffix(".")
        own = name or ask.__name__
        RULES.setdefault(kind, {})[own] = ContractRule(own, says, ask, needs, is_slow)
        return ask

    return added


@dataclass(frozen=True, eq=False)
class Check:
    """One rule put to one member of a kind; its text is an id for tests.

    Attributes
    ----------
    kind, member : names
    subject : what is checked: a member, or the `Case` of an estimator
    verdicts : of the rules that the member was asked so far, by name, since rules need each other
    """

    rule: ContractRule
    kind: str
    member: str
    subject: Any
    verdicts: dict[str, Verdict]

    def __str__(self) -> str:
        return f"{self.member}-{self.rule.name}"

    def verdict(self) -> Verdict:
        """Return how the check went; whatever a member raises is a verdict with its reason."""
        name = self.rule.name
        if name not in self.verdicts:
            needed = [replace(self, rule=RULES[self.kind][need]) for need in self.rule.needs]
            failed = [check.rule.name for check in needed if check.verdict().status == "failed"]
            self.verdicts[name] = (
                Verdict("skipped", f"not asked, since {failed[0]} failed") if failed else self._asked()
            )
        return self.verdicts[name]

    def _asked(self) -> Verdict:
        try:
            with warnings.catch_warnings(), one_thread():
                warnings.simplefilter("ignore")
                return Verdict("passed", self.rule.ask(self.subject) or "")
        except Violation as violation:
            return Verdict("failed", str(violation))
        except Skipped as reason:
            return Verdict("skipped", str(reason))
        except HarnessError as error:
            refused = "refused: " if isinstance(error, EstimationError) else ""
            return Verdict("failed", f"{refused}{in_one_line(error.problems[0])}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; it is the reason
            return Verdict("failed", f"{type(error).__name__}: {error}")

    def run(self) -> None:
        """Run as a test of pytest or unittest.

        Raises
        ------
        AssertionError
            Where the member violates the rule.
        unittest.SkipTest
            Where the question does not arise; pytest reports it as a skipped test.
        """
        found = self.verdict()
        if found.status == "failed":
            raise AssertionError(f"{self.member}: {self.rule.says}: {found.reason}")
        if found.status == "skipped":
            raise unittest.SkipTest(found.reason)


# Root of all randomness of the kit.
SEED = 1729

COLUMNS = ("exposure", "moderator", "control_1", "control_2")
CENTRES = np.array([0.0, 10.0, -2.0, 300.0])
# Levels and standard deviations of the columns, which are in units of their own.
SCALES = np.array([1.0, 2.0, 0.05, 40.0])

# By how much periods of `renamed` panels are shifted, so that none is one of before.
YEARS = 1000

# Change of the outcome per standard deviation of each column.
SLOPES = np.array([1.0, 0.5, -0.7, 0.3])


def ordinary_panel() -> Panel:
    """Return a panel that no estimator has reason to refuse.

    Forty entities over six periods, a tenth of the cells without a row; four columns that differ between
    entities and within; a linear outcome with entity effects and noise.
    """
    rng = random_stream(SEED, "ordinary")
    entity, period = (axis.ravel() for axis in np.indices((40, 6)))
    has_row = (rng.random(entity.size) < 0.9) | (period < 2)
    entity, period = entity[has_row], period[has_row]
    effects = rng.normal(size=40)
    Z = np.sqrt(0.5) * (rng.normal(size=(40, 4))[entity] + rng.normal(size=(entity.size, 4)))
    outcome = 5.0 + Z @ SLOPES + 0.5 * effects[entity] + 0.4 * rng.normal(size=entity.size)
    return _panel(entity, period, outcome, CENTRES + SCALES * Z)


def linear_panel(effect: float, *, label: str, n_entities: int = 50, n_periods: int = 6) -> Panel:
    """Return a panel whose outcome rises by `effect` per unit of the exposure.

    The exposure has mean 0 and variance 1 and is independent of all else, so that pooled, between, within and
    differenced estimators, and smoothers, all have the same effect to find. The moderator adds 0.5 per
    standard deviation; entities have effects of their own.

    Parameters
    ----------
    effect : outcome units per unit of the exposure
    label : of the draw
    """
    rng = random_stream(SEED, "linear", label)
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    Z = np.sqrt(0.5) * (rng.normal(size=(n_entities, 2))[entity] + rng.normal(size=(entity.size, 2)))
    effects = 0.3 * rng.normal(size=n_entities)
    outcome = Z @ np.array([effect, 0.5]) + effects[entity] + 0.4 * rng.normal(size=entity.size)
    return _panel(entity, period, outcome, Z)


def grouped(panel: Panel, names: tuple[str, ...]) -> Panel:
    """Return the panel with groups of entities under these names."""
    n_groups = 4
    labels = tuple(f"g{at}" for at in range(n_groups))
    keys = (Key(name, labels, (panel.entity.codes + at) % n_groups) for at, name in enumerate(names))
    return replace(panel, groups=tuple(keys))


def fresh(panel: Panel) -> Panel:
    """Return a copy that shares no array with the panel, so that whoever changes it changes nothing else."""
    return replace(deepcopy(panel))


def renamed(panel: Panel) -> Panel:
    """Return the panel with other names of entities and periods, in the same order."""
    entity, time = (
        Key(key.name, tuple(f"new {label}" for label in key.labels), key.codes)
        for key in (panel.entity, panel.time)
    )
    return replace(panel, entity=entity, time=time, period=panel.period + YEARS)


def reordered(panel: Panel) -> Panel:
    """Return the panel with names of entities that sort in the reverse order."""
    last = len(panel.entity.labels) - 1
    labels = tuple(f"r{at:04}" for at in range(last + 1))
    return replace(panel, entity=Key(panel.entity.name, labels, last - panel.entity.codes))


def _panel(entity: Ints, period: Ints, outcome: Floats, X: Floats) -> Panel:
    # Instruments and coordinates, which most estimators leave alone.
    rng = random_stream(SEED, "beside")
    instrument = X[:, 0] + X[:, 0].std() * rng.normal(size=len(X))
    places = np.column_stack([rng.uniform(20.0, 50.0, 200), rng.uniform(75.0, 130.0, 200)])
    columns = COLUMNS[: X.shape[1]]
    return Panel(
        entity=Key("entity", tuple(f"e{at:02}" for at in range(int(entity.max()) + 1)), entity),
        time=Key("time", tuple(str(2001 + at) for at in range(int(period.max()) + 1)), period),
        period=2001 + period,
        outcome="outcome",
        observed=outcome,
        exposure=columns[0],
        moderators=columns[1:2],
        controls=columns[2:],
        X=X,
        instruments=("instrument",),
        Z=instrument[:, None],
        coordinates=places[entity],
    )


@dataclass(frozen=True, eq=False)
class StandInFit:
    """The straight line of one draw."""

    line: AbsorbingModels

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.line.predict(panel)[0])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `CanProfile` has it."""
        return np.asarray(self.line.profile(panel, columns, points)[0])


@dataclass(frozen=True)
class StandIn:
    """Weighted least squares on standardised columns; of least norm where they are collinear."""

    name: ClassVar[str] = "conformance_stand_in"
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, CanProfile})

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> StandInFit:
        """Fit on all rows; nothing is drawn and nothing selected."""
        return StandInFit(_lines(panel, np.ones((1, panel.n_obs))))

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> AbsorbingModels:
        """Fit once a draw; nothing is selected."""
        return _lines(panel, weights)


def _lines(panel: Panel, weights: Floats) -> AbsorbingModels:
    """Return the straight lines of weighted least squares, one a draw of weights, (n_draws, n_obs)."""
    slopes, intercepts = [], []
    for share in weights / weights.sum(axis=1, keepdims=True):
        centre, level, root = share @ panel.X, share @ panel.observed, np.sqrt(share)
        deviation = np.sqrt(share @ (panel.X - centre) ** 2)
        unit = np.where(deviation > 0.0, deviation, 1.0)
        Z = root[:, None] * (panel.X - centre) / unit
        slopes.append(np.linalg.lstsq(Z, root * (panel.observed - level), rcond=1e-10)[0] / unit)
        intercepts.append(level - slopes[-1] @ centre)
    return AbsorbingModels(np.zeros(panel.X.shape[1]), np.stack(slopes), np.array(intercepts))
