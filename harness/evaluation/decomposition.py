"""What is left of a gain under each protocol: for rows at hand, for other rows, for entities never seen."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harness.language import marked

# What is predicted, by the protocol under which it is, from what is nearest to the training rows on.
LEFT: Mapping[str, str] = {
    marked("rows at hand"): "in_sample",
    marked("other rows, selected on"): "as_published",
    marked("other rows of the same entities"): "random_rows",
    marked("later periods"): "forward",
    marked("entities never seen"): "held_out_entities",
    marked("entities never seen, later periods"): "entities_and_time",
}


def decomposition_table(gains: pd.DataFrame, *, reference: str, protocols: Mapping[str, str]) -> pd.DataFrame:
    """Return every estimator's gain under each protocol of `LEFT` that the study has, with both errors.

    They are the gains of the test rows as they stand, not parts of one gain. The reference errs differently
    under each protocol, and protocols also differ in training rows, selection and preparation, so that a
    difference of two gains is due to no single one of these.

    Parameters
    ----------
    gains : the table ``gain``; rows without a gain are left out
    reference : estimator that gains are over
    protocols : id in `gains` of each protocol, by the name it is chosen by

    Returns
    -------
    outcome, estimator, reference, part, protocol, estimate, conf_low, conf_high, mse, mse_reference.
    """
    known = {protocols[use]: part for part, use in LEFT.items() if use in protocols}
    if gains.empty or not known:
        return pd.DataFrame()
    own = gains[
        (gains["reference"] == reference)
        & (gains["sample"] == "test")
        & gains["protocol"].isin(known)
        & gains["gain"].notna()
    ]
    found = own.assign(part=own["protocol"].map(known)).rename(columns={"gain": "estimate"})
    columns = ["outcome", "estimator", "reference", "part", "protocol", "estimate"]
    places = {part: at for at, part in enumerate(LEFT)}
    rank = pd.DataFrame(
        {
            "outcome": pd.factorize(found["outcome"])[0],
            "estimator": pd.factorize(found["estimator"])[0],
            "part": found["part"].map(places).to_numpy(),
        },
        index=found.index,
    )
    rows = rank.sort_values(list(rank.columns), kind="stable").index
    return found.loc[rows, [*columns, "conf_low", "conf_high", "mse", "mse_reference"]].reset_index(drop=True)
