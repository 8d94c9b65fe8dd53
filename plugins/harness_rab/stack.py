"""Two panels of the same columns as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness import Key, Panel


def stack_panels(first: Panel, second: Panel) -> Panel:
    """Return the rows of `first`, then those of `second`; columns are taken by name."""
    columns = [second.columns.index(name) for name in first.columns]
    weights = [panel.weights for panel in (first, second) if panel.weights is not None]
    return replace(
        first,
        entity=_stack_keys(first.entity, second.entity),
        time=_stack_keys(first.time, second.time),
        period=np.concatenate([first.period, second.period]),
        observed=np.concatenate([first.observed, second.observed]),
        X=np.concatenate([first.X, second.X[:, columns]]),
        groups=tuple(_stack_keys(key, second.group(key.name)) for key in first.groups),
        weights=np.concatenate(weights) if len(weights) == 2 else None,
    )


def _stack_keys(first: Key, second: Key) -> Key:
    """Return one key over the labels of both; labels that only the second has come last."""
    known = set(first.labels)
    labels = first.labels + tuple(label for label in second.labels if label not in known)
    return Key(first.name, labels, np.concatenate([first.codes, second.codes_among(labels)]))
