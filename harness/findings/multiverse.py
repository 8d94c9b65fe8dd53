"""The gain under every combination of choices, in order of the gain."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Literal

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.findings.run import Run
from harness.record.manifest import StudyRecord
from harness.study.variation import MULTIVERSE
from harness.tables.claims import ClaimRow
from harness.tables.decision import ABOVE, BELOW
from harness.tables.table import grouped
from harness.tables.variations import VARIATION_GAINS, VARIATIONS, VariationGainRow

# Choices that are columns of the table of gains.
TAKEN_ON = ("reference", "protocol", "sample")

# Decimals of a gain with which a text shows it.
PRINTED = 3

# A gain, and the levels of the choices behind it.
Combination = tuple[VariationGainRow, Mapping[str, str]]


@dataclass(frozen=True)
class Multiverse:
    """All combinations for one outcome.

    Attributes
    ----------
    combinations : in increasing order of the gain
    choices : those with more than one level, and their levels, as the table orders them
    """

    outcome: str
    combinations: tuple[Combination, ...]
    choices: Mapping[str, tuple[str, ...]]

    @property
    def estimator(self) -> str:
        """Id of the estimator whose gain is taken."""
        return self.combinations[0][0].estimator

    def numbers(self, column: Literal["estimate", "conf_low", "conf_high"]) -> Floats:
        """Return the gains, or the lower or upper limits of their intervals, (n,), fractions."""
        return frozen_floats([getattr(row, column) for row, _ in self.combinations])

    def are(self, decision: str) -> Mask:
        """Return which gains are decided so, (n,)."""
        return np.array([row.decision == decision for row, _ in self.combinations], dtype=np.bool_)

    def taken(self, choice: str, levels: Collection[str]) -> Mask:
        """Return which combinations have any of some levels of a choice, (n,)."""
        return np.array([own[choice] in levels for _, own in self.combinations], dtype=np.bool_)

    def with_levels(self, choice: str, levels: Collection[str]) -> Multiverse:
        """Return the combinations with any of some levels of a choice; all where it is no choice here."""
        if choice not in self.choices:
            return self
        return replace(self, combinations=tuple(compress(self.combinations, self.taken(choice, levels))))

    def tally(self) -> dict[str, float]:
        """Return how the gains of the combinations, at least one, lie: counts, then fractions."""
        gain = self.numbers("estimate")
        counts = {"n": gain.size, "n_positive": (gain > 0).sum()}
        counts |= {"n_above": self.are(ABOVE).sum(), "n_below": self.are(BELOW).sum()}
        fractions = {"lowest": gain[0], "median": np.median(gain), "highest": gain[-1]}
        whole = {name: int(number) for name, number in counts.items()}
        return whole | {name: float(number) for name, number in fractions.items()}

    def n_below(self, gain: float) -> int:
        """Count the combinations whose gain is smaller."""
        return int((self.numbers("estimate") < gain).sum())


def multiverses(run: Run) -> tuple[Multiverse, ...]:
    """Return the multiverse of every outcome of a run that has any."""
    options: dict[str, dict[str, str]] = {}
    for one in run.rows(VARIATIONS, list=MULTIVERSE):
        options.setdefault(one.key, {})[one.option] = one.value
    found = []
    for (outcome,), rows in grouped(run.rows(VARIATION_GAINS, list=MULTIVERSE), "outcome").items():
        done: list[Combination] = [
            (row, {name: getattr(row, name) for name in TAKEN_ON} | options[row.variation])
            for row in rows
            if row.is_done
        ]
        if done:
            levels = {name: tuple(dict.fromkeys(chosen[name] for _, chosen in done)) for name in done[0][1]}
            several = {name: choice for name, choice in levels.items() if len(choice) > 1}
            ordered = sorted(done, key=lambda combination: combination[0].estimate)
            found.append(Multiverse(outcome, tuple(ordered), several))
    return tuple(found)


def published_gains(claims: Sequence[ClaimRow], multiverse: Multiverse) -> tuple[ClaimRow, ...]:
    """Return the published gains of the estimator that was varied; of the same one, that with most digits."""
    key = ("gain", multiverse.outcome, multiverse.estimator)
    own = [row for row in claims if (row.quantity, row.outcome, row.estimator) == key]
    finest: dict[float, ClaimRow] = {}
    for row in sorted(own, key=lambda row: -(row.digits or 0)):
        finest.setdefault(round(row.published, PRINTED), row)
    return tuple(finest.values())


def honest(study: StudyRecord, multiverse: Multiverse) -> Multiverse:
    """Return the combinations compared on test rows under protocols that keep them out of fitting."""
    apart = [protocol.id for protocol in study.protocols if protocol.keeps_test_rows_apart]
    return multiverse.with_levels("protocol", apart).with_levels("sample", ["test"])
