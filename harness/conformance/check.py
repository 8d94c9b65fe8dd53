"""Rules that every member of a kind must keep, and the check of one rule on one member."""

from __future__ import annotations

import inspect
import unittest
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from harness.errors import EstimationError, HarnessError
from harness.estimators.guard import in_one_line
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
class Rule:
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
RULES: dict[str, dict[str, Rule]] = {}


def rule(kind: str, *needs: str, name: str = "", is_slow: bool = False) -> Callable[[AskT], AskT]:
    """Add the decorated function to the rules; its docstring begins with ``Check that`` and the clause.

    Parameters
    ----------
    kind : of the members that are checked; an estimator is checked as a `Case`
    needs, is_slow : as of `Rule`
    name : that of the function unless given
    """

    def added(ask: AskT) -> AskT:
        summary = " ".join((inspect.getdoc(ask) or "").partition("\n\n")[0].split())
        says = summary.removeprefix("Check that ").removesuffix(".")
        own = name or ask.__name__
        RULES.setdefault(kind, {})[own] = Rule(own, says, ask, needs, is_slow)
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

    rule: Rule
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
