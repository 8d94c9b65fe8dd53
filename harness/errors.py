"""Errors of the harness: place, finding, expectation and hint."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar, Self

from harness.language import Coded, any_of


class ExitCode(IntEnum):
    """How a command ended, where not well; docs/commands.md says the same.

    Attributes
    ----------
    DIFFERENT : two runs have different numbers
    SPEC : a mistake in the spec or the call, as click has it
    DATA, PLUGIN, FOLDER : one in the data, a plugin, a run folder
    NO_RESULT : no estimator has a result
    MACHINE : the system refuses: disk, rights, memory, names of files
    FAULT : a mistake of the harness
    SIGNAL : a signal ended it, whose number is added, as shells have it: 130 after Ctrl-C
    """

    DIFFERENT = 1
    SPEC = 2
    DATA = 3
    PLUGIN = 4
    FOLDER = 5
    NO_RESULT = 6
    MACHINE = 7
    FAULT = 8
    SIGNAL = 128


@dataclass(frozen=True, order=True)
class Problem:
    """One error, in words a user can act on.

    Attributes
    ----------
    where : file, line and path in a spec; or file, column and rows of a table; or the cell of a study
    what : what was found there
    expected : what would have been accepted
    hint : how to fix it
    """

    where: str
    what: str
    expected: str = ""
    hint: str = ""

    def placed(self, path: str, longer: str) -> Problem:
        """Return the problem with a longer path at the end of its place, in brackets."""
        where = f"{self.where.removesuffix(f'({path})')}({longer})"
        if isinstance(self.where, Coded):
            values = {name: longer if text == path else text for name, text in self.where.values.items()}
            where = Coded.of(where, self.where.code, values)
        return replace(self, where=where)

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.expected:
            lines.append(f"    expected: {self.expected}")
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        return "\n".join(lines)


class HarnessError(Exception):
    """Base class of all errors the harness raises on purpose; carries one or more problems.

    Parameters
    ----------
    problems : at least one; all that were found, so that a file is corrected once
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAULT

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was found; a text, or nothing, that a plugin raises is a problem without a place."""
        given: tuple[object, ...] = self.args or (type(self).__name__,)
        return tuple(one if isinstance(one, Problem) else Problem("", str(one)) for one in given)

    @classmethod
    def at(cls, where: str, what: str, expected: str = "", hint: str = "") -> Self:
        """Return an error of one problem."""
        return cls(Problem(where, what, expected, hint))

    @property
    def where(self) -> str:
        """Place of the first problem."""
        return self.problems[0].where

    @property
    def what(self) -> str:
        """What was found at the first problem."""
        return self.problems[0].what

    @property
    def expected(self) -> str:
        """What the first problem's place accepts."""
        return self.problems[0].expected

    @property
    def hint(self) -> str:
        """How to fix the first problem."""
        return self.problems[0].hint


class SpecError(HarnessError):
    """The spec names something that does not exist, or contradicts itself."""

    exit_code: ClassVar[ExitCode] = ExitCode.SPEC


class DataError(HarnessError):
    """The data cannot be read, or are not the panel the spec describes."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA


class PluginError(HarnessError):
    """A plugin cannot be loaded or breaks its contract."""

    exit_code: ClassVar[ExitCode] = ExitCode.PLUGIN

    @classmethod
    def returned(cls, found: object, expected: str, *, by: str) -> Self:
        """Return the error of a method, such as ``metric error: loss``, that returned a wrong value."""
        shape = f" of shape {found.shape}" if hasattr(found, "shape") else ""
        return cls.at(by, f"returned a {type(found).__name__}{shape}", expected)


class EstimationError(HarnessError):
    """An estimator refuses these rows; the result table reports the reason."""

    exit_code: ClassVar[ExitCode] = ExitCode.PLUGIN


class TimeLimitReached(BaseException):
    """Stops a task at its time limit; not an `Exception`, so that the stopped code cannot catch it."""


class ArtifactError(HarnessError):
    """A run folder does not hold what its manifest says, or holds what no run wrote."""

    exit_code: ClassVar[ExitCode] = ExitCode.FOLDER


# What helps against errors of the system, by their number.
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space or choose another place"),
    errno.EFBIG: "raise the limit of the size of files (ulimit -f) or choose another place",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "change its permissions or choose another place"),
    errno.EROFS: "choose another place, which can be written",
    errno.ENAMETOOLONG: "choose a shorter path",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit of open files (ulimit -n)"),
    errno.ENOMEM: "use fewer --jobs, draws or rows",
}


class MachineError(HarnessError):
    """The system refuses: the disk is full, a path is too long, rights or memory are missing."""

    exit_code: ClassVar[ExitCode] = ExitCode.MACHINE

    @classmethod
    def of(cls, error: OSError, where: str = "") -> Self:
        """Return an error of the system with a remedy and a place: its own, if any, unless given."""
        place = where or os.fsdecode(error.filename or "")
        remedy = _REMEDIES.get(error.errno or 0, "check the disk, or the network that it is on")
        return cls.at(place, error.strerror or str(error), hint=remedy)


# Likeness from which on a name is suggested, as `difflib.SequenceMatcher.ratio` has it.
CLOSE = 0.6

# How much less like than the likeliest name a further one may be.
NEARLY_AS_CLOSE = 0.15


def near_names(name: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the known names closest to `name`, or an empty string."""
    likeness = {candidate: difflib.SequenceMatcher(None, candidate, name).ratio() for candidate in known}
    least = max(CLOSE, max(likeness.values(), default=0.0) - NEARLY_AS_CLOSE)
    likely_first = sorted(likeness, key=lambda candidate: -likeness[candidate])
    close = [candidate for candidate in likely_first if likeness[candidate] >= least]
    return Coded("did you mean {names}?", names=any_of(map(repr, close[:3]))) if close else ""
