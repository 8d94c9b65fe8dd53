"""The gain under every combination of choices, in order of the gain."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats, Mask, frozen_floats
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.manifest import StudyRecord
from harness.tables.claims import ClaimRow
from harness.tables.gain import MULTIVERSE
from harness.text.numbers import percent
from harness.text.plain_text import capitalised

if TYPE_CHECKING:
    import pandas as pd

# Columns of the table `multiverse` that are no choices.
NO_CHOICE = frozenset({"outcome", "estimator", "universe", "gain", "conf_low", "conf_high"})

CHOICES: Mapping[str, str] = {
    "sample": marked("rows compared on"),
    "seed": marked("random seed"),
    "reference": marked("reference"),
    "protocol": marked("protocol"),
    "controls": marked("controls"),
}
SAMPLES: Mapping[str, str] = {
    "train": marked("training rows"),
    "test": marked("test rows"),
    "all": marked("all rows"),
}


@dataclass(frozen=True, eq=False)
class Multiverse:
    """All combinations for one outcome.

    Attributes
    ----------
    estimator : id of the estimator whose gain is taken
    rows : of the table, in increasing order of the gain, levels of choices as the spec has them
    choices : those with more than one level, and their levels, as the table orders them
    """

    outcome: str
    estimator: str
    rows: pd.DataFrame
    choices: Mapping[str, tuple[str, ...]]

    @property
    def gain(self) -> Floats:
        """Gains, (n,), fractions."""
        return frozen_floats(self.rows["gain"])

    @property
    def limits(self) -> tuple[Floats, Floats]:
        """Lower and upper limits of their intervals, (n,) each."""
        return frozen_floats(self.rows["conf_low"]), frozen_floats(self.rows["conf_high"])

    def taken(self, choice: str, levels: Collection[str]) -> Mask:
        """Return which combinations have any of some levels of a choice, (n,)."""
        return self.rows[choice].isin(levels).to_numpy()

    def with_levels(self, choice: str, levels: Collection[str]) -> Multiverse:
        """Return the combinations with any of some levels of a choice; all where it is no choice here."""
        if choice not in self.choices:
            return self
        return replace(self, rows=self.rows[self.taken(choice, levels)])

    def tally(self) -> dict[str, float]:
        """Return how the gains of the combinations, at least one, lie: counts, then fractions."""
        gain, (low, high) = self.gain, self.limits
        counts = {"n": gain.size, "n_positive": (gain > 0).sum()}
        counts |= {"n_above": (low > 0).sum(), "n_below": (high < 0).sum()}
        fractions = {"lowest": gain[0], "median": np.median(gain), "highest": gain[-1]}
        whole = {name: int(number) for name, number in counts.items()}
        return whole | {name: float(number) for name, number in fractions.items()}

    def n_below(self, gain: float) -> int:
        """Count the combinations whose gain is smaller."""
        return int((self.gain < gain).sum())


def multiverses(run: Run) -> tuple[Multiverse, ...]:
    """Return the multiverse of every outcome of a run that has any."""
    frame = run.frame(MULTIVERSE.name)
    names = [str(name) for name in frame.columns if name not in NO_CHOICE]
    whole = frame.assign(**{name: frame[name].map(_text) for name in names})
    return tuple(
        Multiverse(
            str(outcome),
            str(own["estimator"].iloc[0]),
            own.sort_values("gain", kind="stable"),
            {name: levels for name in names if len(levels := tuple(own[name].unique())) > 1},
        )
        for outcome, own in whole.groupby("outcome", sort=False)
    )


def _text(level: object) -> str:
    """Return a level as the spec has it; a column of numbers may have turned 4 into 4.0."""
    return f"{level:g}" if isinstance(level, float) else str(level)


def published_gains(claims: Sequence[ClaimRow], multiverse: Multiverse) -> tuple[ClaimRow, ...]:
    """Return the published gains of the estimator that was varied; of the same one, that with most digits."""
    key = ("gain", multiverse.outcome, multiverse.estimator)
    own = [row for row in claims if (row.quantity, row.outcome, row.estimator) == key]
    finest: dict[str, ClaimRow] = {}
    for row in sorted(own, key=lambda row: -(row.digits or 0)):
        finest.setdefault(percent(row.published), row)
    return tuple(finest.values())


def honest(study: StudyRecord, multiverse: Multiverse) -> Multiverse:
    """Return the combinations compared on test rows under protocols that keep them out of fitting."""
    apart = [protocol.id for protocol in study.protocols if protocol.keeps_test_rows_apart]
    return multiverse.with_levels("protocol", apart).with_levels("sample", ["test"])


def choice_label(choice: str) -> str:
    """Return how a choice is called; an option by its name."""
    return capitalised(gettext(CHOICES.get(choice, choice.replace("_", " "))))


def level_label(study: StudyRecord, choice: str, level: str) -> str:
    """Return how a level of a choice is called."""
    if choice == "reference":
        return study.estimator_label(level)
    if choice == "protocol":
        return study.protocol_title(level)
    return gettext(SAMPLES.get(level, level)) if choice == "sample" else level
