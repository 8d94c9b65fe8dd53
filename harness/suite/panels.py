"""What a suite reads of the run of each study, and the gains of every estimator on every panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.gain import gain_between, holm_adjusted
from harness.evaluation.losses import SAMPLES, PairedLosses, samples
from harness.record.manifest import CellRecord, Manifest
from harness.running.folder import RunFolder
from harness.suite.spec import Suite
from harness.tables.gain import size_of

# Bytes.
MEGABYTE = 1e6

# What a fit is of, and what the manifest says of the size of data.
CELL = ["outcome", "estimator", "protocol"]
SIZES = ("source", "n_obs", "n_entities", "n_periods", "balanced")
# Study and outcome.
PanelKey = tuple[str, str]

Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class PanelResult:
    """What one protocol found on one panel.

    Attributes
    ----------
    shape : what the panel is like, as the table ``suite_panels`` has it
    protocol : its id
    losses : squared errors on test rows of the estimators that have predictions; None where none has
    cells : by estimator its row of ``accuracy``, with the mean seconds of a fit, the megabytes that one takes
        at its height, the least of its folds and NaN where that was not measured, and the number of fits
    """

    shape: Row
    protocol: str
    losses: PairedLosses | None
    cells: Mapping[str, Mapping[Any, Any]]

    @property
    def key(self) -> PanelKey:
        """Study and outcome of the panel."""
        return self.shape["study"], self.shape["outcome"]

    @cached_property
    def mse(self) -> Mapping[str, float]:
        """Mean squared errors of the estimators that have predictions."""
        return {name: cell["mse"] for name, cell in self.cells.items() if cell["status"] == "ok"}

    def has(self, estimator: str) -> bool:
        """Return whether an estimator has predictions here."""
        return estimator in self.mse

    @cached_property
    def by_entity(self) -> tuple[Mapping[str, Floats], Floats]:
        """Losses summed within entities, (n_entities,), by estimator, and the rows of each entity."""
        if self.losses is None:
            return {}, np.empty(0)
        codes = self.losses.entities
        rows = np.bincount(codes).astype(np.float64)
        frame = self.losses.frame
        losses = {
            name: np.bincount(codes, weights=frame[name].to_numpy(np.float64)).astype(np.float64)
            for name in self.losses.estimators
        }
        return losses, rows


def read_panels(study: str, folder: RunFolder) -> Iterator[PanelResult]:
    """Yield what every protocol found on every panel of a study's run."""
    manifest = folder.manifest()
    summary = folder.read_table("summary").set_index("variable")
    predictions = folder.read_parquet("predictions")
    found = {
        (sample.place["outcome"], sample.place["protocol"]): PairedLosses.of(sample)
        for sample in samples(predictions, among={"test": SAMPLES["test"]})
    }
    accuracy = folder.read_table("accuracy")
    accuracy = accuracy[accuracy["sample"] == "test"].join(_fits(manifest.cells), on=CELL)
    for outcome in manifest.study.outcomes:
        shape = _shape(study, outcome, manifest, summary)
        for protocol in manifest.study.protocols:
            own = accuracy[(accuracy["outcome"] == outcome) & (accuracy["protocol"] == protocol.id)]
            cells = {str(row["estimator"]): row for row in own.to_dict("records")}
            yield PanelResult(shape, protocol.id, found.get((outcome, protocol.id)), cells)


def _shape(study: str, outcome: str, manifest: Manifest, summary: pd.DataFrame) -> Row:
    within, between = (
        float(summary[name].astype(np.float64)[outcome]) ** 2 for name in ("sd_within", "sd_between")
    )
    sizes = {name: getattr(manifest.data, name) for name in SIZES}
    about = {"study": study, "outcome": outcome, "title": manifest.study.title}
    return about | sizes | {"share_between": between / (within + between)}


def _fits(cells: Iterable[CellRecord]) -> pd.DataFrame:
    """Return seconds, megabytes and number of the fits on folds, by `CELL`.

    Of the folds the least memory counts, since in one of them libraries may be loaded.
    """
    rows = [
        (*cell.cell.split(" · ", 3), cell.seconds, cell.memory if cell.status == "ok" else None)
        for cell in cells
    ]
    fits = pd.DataFrame(rows, columns=[*CELL, "fold", "seconds", "memory"]).astype({"memory": np.float64})
    found = fits.groupby(CELL).agg(
        seconds=("seconds", "mean"), memory=("memory", "min"), n_fits=("fold", "size")
    )
    return found.assign(memory=found["memory"] / MEGABYTE)


def cells_of(results: Iterable[PanelResult]) -> pd.DataFrame:
    """Return the cells of some panels, each with its study."""
    rows = [{**cell, "study": one.shape["study"]} for one in results for cell in one.cells.values()]
    return pd.DataFrame(rows)


def gain_rows(suite: Suite, results: Sequence[PanelResult]) -> pd.DataFrame:
    """Return the gains of all panels, and in ``is_better`` and ``is_worse`` whether they are established.

    A gain is where its interval excludes zero and its p-value, adjusted by Holm over all panels and flexible
    estimators together, is below the size of the test.
    """
    rows = pd.DataFrame([row for result in results for row in _rows(suite, result)])
    adjusted = pd.Series(np.nan, index=rows.index)
    flexible = rows[rows["estimator"].isin(suite.flexible)]
    for _, own in flexible.groupby(["protocol", "over"], sort=False):
        adjusted[own.index] = holm_adjusted(own["p_value"].to_numpy(np.float64))
    sure = adjusted < size_of(suite.level)
    is_better, is_worse = sure & (rows["conf_low"] > 0), sure & (rows["conf_high"] < 0)
    return rows.assign(p_holm=adjusted, is_better=is_better, is_worse=is_worse)


def _rows(suite: Suite, result: PanelResult) -> Iterator[Row]:
    """Yield the gains on a panel.

    The best simple rival is the one with the least error on the very rows that are tested, so that a gain
    over it is, if anything, too small.
    """
    known = {name: result.shape[name] for name in ("study", "outcome", "n_obs", "n_entities", "n_periods")}
    for estimator, over, references in suite.comparisons():
        there = [name for name in references if result.has(name)]
        reference = min(there, key=result.mse.__getitem__, default=references[0])
        place = {"estimator": estimator, "protocol": result.protocol, "over": over, "reference": reference}
        cell = result.cells.get(estimator, {})
        cost = {name: cell.get(name, np.nan) for name in ("seconds", "memory", "mse", "nmse")}
        yield {**known, **place, **cost, **_gain(suite, result, estimator, reference)}


def _gain(suite: Suite, result: PanelResult, estimator: str, reference: str) -> Row:
    for name, before in ((estimator, ""), (reference, f"the reference '{reference}' has no predictions: ")):
        if not result.has(name):
            reason = before + result.cells.get(name, {}).get("reason", "it was not run")
            return {"p_value": np.nan, "status": "refused", "reason": reason}
    if result.losses is None:
        raise AssertionError("estimators with an error have losses")
    found = gain_between(result.losses, estimator, reference, level=suite.level)
    numbers = ("gain", "conf_low", "conf_high", "p_value", "inference")
    return {name: getattr(found, name) for name in numbers} | {"status": "ok", "reason": ""}
