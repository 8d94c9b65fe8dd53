"""One law put to one member of a kind."""

from __future__ import annotations

import unittest
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness.conformance.law import Law
from harness.conformance.verdict import Broken, Skipped, Verdict
from harness.errors import EstimationError, HarnessError
from harness.estimators.guard import in_one_line
from harness.running.isolation import one_thread


class AnyCase(Protocol):
    """What is under test."""

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Verdicts of the laws asked so far, by name, since laws need each other."""

    @property
    def kind(self) -> str:
        """Name of the kind."""

    @property
    def name(self) -> str:
        """Name of the member."""


@dataclass(frozen=True, eq=False)
class Check:
    """One law put to one member of a kind; its text is an id for tests.

    Attributes
    ----------
    law : what is asked
    case : who is asked
    laws : all laws of the kind, since one may need others
    """

    law: Law[Any]
    case: AnyCase
    laws: Sequence[Law[Any]]

    def __str__(self) -> str:
        return f"{self.member}-{self.law.name}"

    @property
    def member(self) -> str:
        """Name of what is asked."""
        return self.case.name

    def run(self) -> None:
        """Run as a test of pytest or unittest.

        Raises
        ------
        AssertionError
            Where the member breaks the law.
        unittest.SkipTest
            Where the question does not arise; pytest reports it as a skipped test.
        """
        found = self.verdict()
        if found.status == "failed":
            raise AssertionError(f"{self.member}: {self.law.says}: {found.reason}")
        if found.status == "skipped":
            raise unittest.SkipTest(found.reason)

    def verdict(self) -> Verdict:
        """Return how the check went; whatever a member raises is a verdict with its reason."""
        verdicts = self.case.verdicts
        if self.law.name not in verdicts:
            failed = [name for name in self.law.needs if self._of(name).verdict().status == "failed"]
            verdicts[self.law.name] = (
                Verdict("skipped", f"not asked, since {failed[0]} failed") if failed else self._asked()
            )
        return verdicts[self.law.name]

    def _of(self, name: str) -> Check:
        return replace(self, law=next(law for law in self.laws if law.name == name))

    def _asked(self) -> Verdict:
        try:
            with warnings.catch_warnings(), one_thread():
                warnings.simplefilter("ignore")
                return Verdict("passed", self.law.check(self.case))
        except Broken as broken:
            return Verdict("failed", str(broken))
        except Skipped as reason:
            return Verdict("skipped", str(reason))
        except EstimationError as error:
            return Verdict("failed", f"refused: {in_one_line(error.problems[0])}")
        except HarnessError as error:
            return Verdict("failed", in_one_line(error.problems[0]))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; it is the reason
            return Verdict("failed", f"{type(error).__name__}: {error}")
