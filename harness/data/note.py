"""What the harness has to say about data or a fit that is neither a number nor a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

METHOD_CODE: Final = "W-METHOD"
"""Code of what a reader must know of every number of an estimator; it stands at the head of the report."""

LEAK_CODE: Final = "W-LEAK"
"""Code of regressors that hold the outcome; it stands there too, and beside every gain of the outcome."""


@dataclass(frozen=True, order=True)
class Note:
    """A warning with a stable code, which stands in the report.

    Attributes
    ----------
    code : such as ``W-ABSORBED``; those named above stand at the head of the report
    where : what it is about: a column, a cell of the study
    message : one plain sentence
    """

    code: str
    where: str
    message: str
