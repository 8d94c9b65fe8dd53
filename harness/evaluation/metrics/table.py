"""The table of metrics: mean losses, and the gain over the reference by each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from harness.evaluation.gain import gain_over
from harness.evaluation.losses import PairedLosses
from harness.evaluation.metrics.metric import Metric
from harness.evaluation.samples import samples
from harness.evaluation.tables import Bootstrap


def metrics_table(
    predictions: pd.DataFrame, metrics: Mapping[str, Metric], *, reference: str, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Return the mean loss of every estimator, and 1 - it over the reference's, by every metric.

    Intervals are drawn as those of gains in squared error, over the same draws of entities; where the
    reference has no predictions on a sample, values stand without a gain.

    Parameters
    ----------
    predictions : as in `harness.evaluation.tables.accuracy_table`
    metrics : by id
    reference : estimator that gains are over; its own row has a value alone
    """
    rows = [
        {**sample.place, "metric": name, **row, "status": "ok", "reason": ""}
        for sample in samples(predictions)
        for name, metric in metrics.items()
        for row in _rows(
            PairedLosses.of(sample, metric.loss),
            reference,
            sample.place["outcome"],
            bootstrap,
        )
    ]
    return pd.DataFrame(rows)


def _rows(
    losses: PairedLosses, reference: str, outcome: str, bootstrap: Bootstrap
) -> Iterator[dict[str, object]]:
    for estimator in losses.estimators:
        row: dict[str, object] = {"estimator": estimator, "value": losses.mean(estimator)}
        if estimator != reference and reference in losses.estimators:
            found = gain_over(
                losses.by_entity(estimator, reference),
                level=bootstrap.level,
                draws=bootstrap.draws(outcome),
                periods=losses.by_period(estimator, reference),
            )
            row |= {"gain": found.gain, "conf_low": found.conf_low, "conf_high": found.conf_high}
            row |= {"p_value": found.p_value, "n_entities": found.n_entities}
        yield row
