"""What is said of a publication beside its claims: how it should be done, and what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from harness.spec.spec_model import SpecModel


class Counterparts(SpecModel):
    """What stands beside the published way of doing it, as it should be done.

    Each claim is looked up twice: as published, and with the counterparts of its estimator and protocol in
    their places.

    Attributes
    ----------
    estimators : id of the counterpart, by the id of the estimator that stands for the published one
    protocols : id of the counterpart, by the id of the protocol that stands for the published one
    """

    estimators: Mapping[str, str] = Field(default_factory=dict)
    protocols: Mapping[str, str] = Field(default_factory=dict)


class OpenQuestion(SpecModel):
    """Something that a publication does not say, and what the study takes for it.

    Attributes
    ----------
    sources : where it matters, as claims write their sources
    question : what is not said
    taken : what the study takes, and what else it could be
    """

    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    question: str
    taken: str
