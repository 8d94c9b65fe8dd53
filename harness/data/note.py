"""What the harness has to say about data or a fit that is neither a number nor a refusal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Note:
    """A warning with a stable code, which stands in the report.

    Attributes
    ----------
    code : such as ``W-ABSORBED``
    where : what it is about: a column, a cell of the study
    message : one plain sentence
    """

    code: str
    where: str
    message: str
