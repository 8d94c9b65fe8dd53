"""How a check went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Verdict:
    """How one check went.

    Attributes
    ----------
    status : ``skipped`` where the question does not arise for this estimator, or cannot be put
    reason : what was found; may be empty for a check that passed
    """

    status: Status
    reason: str = ""


class Broken(Exception):  # noqa: N818 - a finding, not an error of the kit
    """An estimator breaks a law; the message says how."""


class Skipped(Exception):  # noqa: N818 - a finding, not an error of the kit
    """A law has nothing to say about an estimator; the message says why."""
