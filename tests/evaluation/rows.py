"""Rows of predictions of a small panel, for tests."""

from __future__ import annotations

import pandas as pd


def rows_of(n_entities, times, **columns):
    """Return a row for each entity and period under one fold of a protocol, with further or other columns."""
    names = [f"e{at:02}" for at in range(n_entities)]
    keys = pd.MultiIndex.from_product([names, times], names=["entity", "time"]).to_frame(index=False)
    fixed = {"outcome": "y", "protocol": "random", "fold": "1", "train_variance": 1.0}
    return keys.assign(**fixed | columns)
