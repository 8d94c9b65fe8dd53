"""A row of the table of gains, written by hand."""

from __future__ import annotations

import math

from harness.tables.gain import GainRow


def gain_row(estimator, protocol, gain, low, high, *, status="ok", reason="", **p_values):
    """Return the row of one estimator under one protocol; p-values that are not given are missing."""
    return GainRow(
        outcome="y",
        estimator=estimator.id,
        reference="ols",
        protocol=protocol.id,
        sample="test",
        gain=gain,
        conf_low=low,
        conf_high=high,
        p_value=p_values.pop("p_value", math.nan),
        mse=math.nan,
        mse_reference=math.nan,
        n_entities=None,
        status=status,
        reason=reason,
        **p_values,
    )
