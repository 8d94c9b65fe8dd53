"""How often each kind of finding is made where it is not there, beside the findings of a run."""

from __future__ import annotations

import pandas as pd

KEY = ("outcome", "estimator", "finding")
"""What a finding and its rate have in common."""


def with_error_rates(findings: pd.DataFrame, rates: pd.DataFrame, *, reference: str) -> pd.DataFrame:
    """Return findings with the error rates of their kinds.

    Parameters
    ----------
    findings : columns of `harness.tables.FINDINGS`
    rates : columns of `harness.tables.ERROR_RATES`, as a calibration wrote them; empty without one
    reference : of the study; a gain over another has no rate, since calibrations compare with this one

    Returns
    -------
    The rows as they were, `error_rate` filled in where there is a rate of the outcome, estimator and kind.
    """
    if rates.empty:
        return findings
    known = rates.assign(estimator=rates["estimator"].fillna("").astype(str))
    rate_of = known.set_index(list(KEY))["error_rate"]
    own = pd.MultiIndex.from_frame(findings[list(KEY)].astype(str))
    counts = (findings["finding"] != "gain") | (findings["about"] == reference)
    return findings.assign(error_rate=rate_of.reindex(own).to_numpy(dtype=float)).assign(
        error_rate=lambda frame: frame["error_rate"].where(counts)
    )
