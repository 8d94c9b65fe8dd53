"""Rules that every member of a kind must keep, and the check of one rule on one member."""

from __future__ import annotations

import inspect
import unittest
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from harness.errors import EstimationError, HarnessError
from harness.estimators.guard import in_one_line
from harness.running.isolation import one_thread

Status = Literal["passed", "failed", "skipped"]

SOUND = ("fits", "predictions", "randomness")
"""Rules of estimators whose violation would show as one of nearly all others, and so hide what is wrong."""

Ask = Callable[[Any], str | None]
AskT = TypeVar("AskT", bound=Ask)


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
    ask: Ask
    needs: tuple[str, ...] = ()
    is_slow: bool = False


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are asked.

    Attributes
    ----------
    rules : the rules
    needs : of a rule that says nothing else
    """

    needs: tuple[str, ...] = ()
    rules: list[Rule] = field(default_factory=list)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def add(
        self, *, name: str = "", needs: tuple[str, ...] | None = None, is_slow: bool = False
    ) -> Callable[[AskT], AskT]:
        """Add the decorated function; its docstring begins with ``Check that`` and the clause of the rule.

        Parameters
        ----------
        name : that of the function unless given
        needs, is_slow : as of `Rule`
        """

        def added(ask: AskT) -> AskT:
            summary = " ".join((inspect.getdoc(ask) or "").partition("\n\n")[0].split())
            says = summary.removeprefix("Check that ").removesuffix(".")
            needed = self.needs if needs is None else needs
            self.rules.append(Rule(name or ask.__name__, says, ask, needed, is_slow))
            return ask

        return added


@dataclass(frozen=True, eq=False)
class Battery:
    """All rules of a kind put to one member.

    Attributes
    ----------
    kind, member : names
    subject : what the rules are asked of: a member, or the `Case` of an estimator
    rules : by name
    verdicts : of the rules asked so far, by name, since rules need each other
    """

    kind: str
    member: str
    subject: Any
    rules: dict[str, Rule]
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: str, member: str, subject: object, rules: Iterable[Rule]) -> Battery:
        """Return the battery of some rules."""
        return cls(kind, member, subject, {rule.name: rule for rule in rules})

    @property
    def checks(self) -> list[Check]:
        """One for each rule, in their order."""
        return [Check(rule, self) for rule in self.rules.values()]

    def verdict(self, name: str) -> Verdict:
        """Return how the check of a rule went; whatever a member raises is a verdict with its reason."""
        if name not in self.verdicts:
            rule = self.rules[name]
            failed = [needed for needed in rule.needs if self.verdict(needed).status == "failed"]
            self.verdicts[name] = (
                Verdict("skipped", f"not asked, since {failed[0]} failed") if failed else self._asked(rule)
            )
        return self.verdicts[name]

    def _asked(self, rule: Rule) -> Verdict:
        try:
            with warnings.catch_warnings(), one_thread():
                warnings.simplefilter("ignore")
                return Verdict("passed", rule.ask(self.subject) or "")
        except Violation as violation:
            return Verdict("failed", str(violation))
        except Skipped as reason:
            return Verdict("skipped", str(reason))
        except EstimationError as error:
            return Verdict("failed", f"refused: {in_one_line(error.problems[0])}")
        except HarnessError as error:
            return Verdict("failed", in_one_line(error.problems[0]))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; it is the reason
            return Verdict("failed", f"{type(error).__name__}: {error}")


@dataclass(frozen=True, eq=False)
class Check:
    """One rule put to one member of a kind; its text is an id for tests."""

    rule: Rule
    battery: Battery

    def __str__(self) -> str:
        return f"{self.member}-{self.rule.name}"

    @property
    def member(self) -> str:
        """Name of what is asked."""
        return self.battery.member

    def verdict(self) -> Verdict:
        """Return how the check went."""
        return self.battery.verdict(self.rule.name)

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
