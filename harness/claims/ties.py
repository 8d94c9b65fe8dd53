"""Outcomes that identities tie to each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.spec.claim import Identity


@dataclass(frozen=True)
class Tied:
    """Outcomes whose curves change by the same factors while the columns in `held` are held fixed."""

    outcomes: frozenset[str]
    held: frozenset[str]

    def joined(self, other: Tied) -> Tied:
        """Return both groups as one, tied by an outcome that they share."""
        return Tied(self.outcomes | other.outcomes, self.held | other.held)


def tied_outcomes(identities: Iterable[Identity], outcomes: frozenset[str]) -> Sequence[Tied]:
    """Return the groups of outcomes that are tied directly or through a third one.

    Parameters
    ----------
    outcomes : of the study; the other factors of an identity are held
    """
    groups: list[Tied] = []
    for identity in identities:
        factors = frozenset(identity.of)
        group = Tied(frozenset({identity.product}) | factors & outcomes, factors - outcomes)
        apart = [one for one in groups if not one.outcomes & group.outcomes]
        for one in groups:
            if one not in apart:
                group = group.joined(one)
        groups = [*apart, group]
    return groups
