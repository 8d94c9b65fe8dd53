"""How data were prepared, their moments, and warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.tables.table import listed, typed

# Code of regressors that hold the outcome; it stands at the head of the report and next to its gains.
LEAK_CODE: Final = "W-LEAK"

# Code of controls for which many rows are dropped; it is a caution of the first screen.
LOST_ROWS_CODE: Final = "W-LOSTROWS"


@dataclass(frozen=True, kw_only=True)
class PreparationRow:
    """One step: the column it made, from which, and what else is to be known of it."""

    step: str
    into: str
    inputs: str
    detail: str = ""
    detail_code: str = ""


@dataclass(frozen=True, kw_only=True)
class VariableRow:
    """Moments of one variable; `sd_within` is over time within entities, `sd_between` over entity means."""

    variable: str
    role: str
    n: int | None
    mean: float
    sd: float
    min: float
    max: float
    sd_within: float
    sd_between: float


@dataclass(frozen=True)
class RegistrationRow:
    """When a study was registered and ran, first, and then a part of it that differs."""

    part: str
    registered: str
    ran: str


@dataclass(frozen=True, order=True)
class Note:
    """A warning with a stable code, shown in the report.

    Attributes
    ----------
    code : such as ``W-ABSORBED``; those named above are at the head of the report
    where : subject: a column or a cell of the study
    message : one plain sentence
    message_code : of the message, in the table of warnings
    """

    code: str
    where: str
    message: str
    message_code: str = ""


PREPARATION = typed(
    "preparation", PreparationRow, ("step", "into", "inputs"), "how files were read and columns prepared"
)
INTERPOLATED = listed(
    "interpolated", "column entity time value", "column entity time", "missing cells that were filled in"
)
SUMMARY = typed(
    "summary",
    VariableRow,
    ("variable",),
    "moments of every variable",
    measures=("n", "mean", "sd", "min", "max"),
)
REGISTRATION = typed(
    "registration", RegistrationRow, ("part",), "when the study was registered, and in what the run differs"
)
WARNINGS = typed("warnings", Note, ("code", "where"), "warnings to read before the numbers")
