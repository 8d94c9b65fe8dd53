"""One of the combinations of choices in a multiverse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Universe:
    """One way to fit the estimator.

    Attributes
    ----------
    id : names its predictions
    estimator : id of the estimator whose options it chooses
    choices : option by option, and the seed, as text
    """

    id: str
    estimator: str
    choices: Mapping[str, str]
