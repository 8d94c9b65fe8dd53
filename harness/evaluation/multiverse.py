"""The gain under every combination of defensible choices, and what each choice moves.

A specification curve (Simonsohn, Simmons and Nelson 2020) of the gain: the combinations are computed, not
sampled, and none is singled out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.tables.gain import MULTIVERSE

if TYPE_CHECKING:
    import pandas as pd


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


def multiverse_table(
    predictions: pd.DataFrame, universes: Sequence[Universe], *, references: Sequence[str], level: float
) -> pd.DataFrame:
    """Return the gain of every universe over every reference under every protocol and on every sample.

    Parameters
    ----------
    predictions : as in `harness.evaluation.tables.accuracy_table`, of universes and references
    level : in (0, 1), nominal coverage of the intervals

    Returns
    -------
    The columns of `harness.tables.gain.MULTIVERSE`, then one for each choice.
    """
    import pandas as pd

    from harness.evaluation.tables import gains_table

    asked = {universe.id: universe.estimator for universe in universes}
    own = predictions[predictions["estimator"].isin([*asked, *references])]
    gains = gains_table(own, references=references, level=level).rename(columns={"estimator": "universe"})
    gains = gains[gains["universe"].isin(asked)].assign(estimator=gains["universe"].map(asked))
    choices = pd.DataFrame([{"universe": universe.id} | dict(universe.choices) for universe in universes])
    return gains[list(MULTIVERSE.columns)].merge(choices, on="universe", validate="m:1")


def choice_table(multiverse: pd.DataFrame) -> pd.DataFrame:
    """Return what each choice moves.

    Returns
    -------
    outcome, choice, level, n, mean_gain (over all combinations with that level) and share_of_variance: of the
    variance of the gain over all combinations, the part between the levels of this choice alone. The shares
    of all choices add up to one only where the choices do not act together.
    """
    import pandas as pd

    fixed = {"outcome", "estimator", "universe", "gain", "conf_low", "conf_high"}
    found = []
    for outcome, own in multiverse.groupby("outcome", sort=False):
        total = float(((own["gain"] - own["gain"].mean()) ** 2).sum())
        for choice in (name for name in multiverse.columns if name not in fixed):
            levels = own.groupby(choice, sort=False)["gain"].agg(["mean", "size"])
            between = float((levels["size"] * (levels["mean"] - own["gain"].mean()) ** 2).sum())
            share = {"share_of_variance": between / total if total > 0 else 0.0}
            for level, row in levels.iterrows():
                place = {"outcome": outcome, "choice": choice, "level": level}
                found.append(place | {"n": int(row["size"]), "mean_gain": float(row["mean"])} | share)
    return pd.DataFrame(found)
