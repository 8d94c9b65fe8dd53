"""What a suite reads of the run of each study, and the gains of every estimator on every panel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.evaluation.gain import gain_over, holm_adjusted
from harness.evaluation.losses import SAMPLES, PairedLosses, samples
from harness.evaluation.tables import Bootstrap
from harness.record.manifest import CellRecord, Manifest
from harness.running.folder import RunFolder
from harness.suite.spec import Suite

# Bytes.
MEGABYTE = 1e6

TEST: Mapping[str, tuple[str, ...]] = {"test": SAMPLES["test"]}


# Study and outcome.
PanelKey = tuple[str, str]


@dataclass(frozen=True)
class PanelShape:
    """What a panel is like.

    Attributes
    ----------
    title, source : of the study and its data
    balanced : whether every entity has every period
    share_between : of the outcome's variance, in [0, 1], that lies between entities
    """

    study: str
    outcome: str
    title: str
    source: str
    n_obs: int
    n_entities: int
    n_periods: int
    balanced: bool
    share_between: float


@dataclass(frozen=True, eq=False)
class PanelResult:
    """What one protocol found on one panel.

    Attributes
    ----------
    protocol : its id
    losses : squared errors on test rows of the estimators that have predictions; None where none has
    mse, nmse : by estimator; those without predictions have none
    reasons : why an estimator has no predictions, by estimator
    seconds : of a fit, the mean over folds, by estimator
    memory : megabytes that a fit takes at its height, the least of its folds, by estimator; none where it was
        not measured
    n_fits : by estimator
    """

    shape: PanelShape
    protocol: str
    losses: PairedLosses | None
    mse: Mapping[str, float]
    nmse: Mapping[str, float]
    reasons: Mapping[str, str]
    seconds: Mapping[str, float]
    memory: Mapping[str, float]
    n_fits: Mapping[str, int]

    @property
    def key(self) -> PanelKey:
        """Study and outcome of the panel."""
        return self.shape.study, self.shape.outcome

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

    def best_of(self, names: Sequence[str]) -> str | None:
        """Return the estimator with the least error among some; None where none has predictions."""
        there = [name for name in names if self.has(name)]
        return min(there, key=lambda name: self.mse[name]) if there else None


def read_panels(study: str, folder: RunFolder) -> Iterator[PanelResult]:
    """Yield what every protocol found on every panel of a study's run."""
    manifest = folder.manifest()
    accuracy = folder.read_table("accuracy")
    accuracy = accuracy[accuracy["sample"] == "test"]
    summary = folder.read_table("summary").set_index("variable")
    predictions = folder.read_parquet("predictions")
    found = {
        (sample.place["outcome"], sample.place["protocol"]): PairedLosses.of(sample)
        for sample in samples(predictions, among=TEST)
    }
    for outcome in manifest.study.outcomes:
        shape = _shape(study, outcome, manifest, summary)
        for protocol in manifest.study.protocols:
            own = accuracy[(accuracy["outcome"] == outcome) & (accuracy["protocol"] == protocol.id)]
            own = own.set_index("estimator")
            there, refused = own[own["status"] == "ok"], own[own["status"] != "ok"]
            fits = _fits(manifest.cells, outcome, protocol.id, own.index)
            done = {name: [one for one in cells if one.status == "ok"] for name, cells in fits.items()}
            # Of the folds the least counts, of which one may load libraries.
            taken = {
                name: [one.memory / MEGABYTE for one in cells if one.memory is not None]
                for name, cells in done.items()
            }
            yield PanelResult(
                shape=shape,
                protocol=protocol.id,
                losses=found.get((outcome, protocol.id)),
                mse={str(name): float(value) for name, value in there["mse"].items()},
                nmse={str(name): float(value) for name, value in there["nmse"].items()},
                reasons={str(name): str(reason) for name, reason in refused["reason"].items()},
                seconds={
                    name: float(np.mean([fit.seconds for fit in cells]))
                    for name, cells in fits.items()
                    if cells
                },
                memory={name: min(own) for name, own in taken.items() if own},
                n_fits={name: len(cells) for name, cells in fits.items()},
            )


def _shape(study: str, outcome: str, manifest: Manifest, summary: pd.DataFrame) -> PanelShape:
    within, between = (
        float(summary[name].astype(np.float64)[outcome]) ** 2 for name in ("sd_within", "sd_between")
    )
    data = manifest.data
    return PanelShape(
        *(study, outcome, manifest.study.title, data.source),
        *(data.n_obs, data.n_entities, data.n_periods, data.balanced),
        share_between=between / (within + between),
    )


def _fits(
    cells: Iterable[CellRecord], outcome: str, protocol: str, estimators: Iterable[str]
) -> Mapping[str, list[CellRecord]]:
    """Return the fits on folds, by estimator."""
    starts = {f"{outcome} · {name} · {protocol} · ": str(name) for name in estimators}
    found: dict[str, list[CellRecord]] = {name: [] for name in starts.values()}
    for cell in cells:
        for start, name in starts.items():
            if cell.cell.startswith(start):
                found[name].append(cell)
    return found


Row = Mapping[str, object]


def gain_rows(suite: Suite, results: Sequence[PanelResult]) -> pd.DataFrame:
    """Return the gains of all panels; Holm's adjustment is over panels and flexible estimators together."""
    rows = pd.DataFrame([row for result in results for row in _rows(suite, result)])
    adjusted = pd.Series(np.nan, index=rows.index)
    flexible = rows[rows["estimator"].isin(suite.flexible)]
    for _, own in flexible.groupby(["protocol", "over"], sort=False):
        adjusted[own.index] = holm_adjusted(own["p_value"].to_numpy(np.float64))
    return rows.assign(p_holm=adjusted)


def _rows(suite: Suite, result: PanelResult) -> Iterator[Row]:
    """Yield the gains on a panel.

    The best simple rival is the one with the least error on the very rows that are tested, so that a gain
    over it is, if anything, too small.
    """
    shape = vars(result.shape)
    known = {name: shape[name] for name in ("study", "outcome", "n_obs", "n_entities", "n_periods")}
    for estimator, over, references in suite.comparisons():
        reference = result.best_of(references) or references[0]
        yield {
            **known,
            "estimator": estimator,
            "protocol": result.protocol,
            "over": over,
            "reference": reference,
            **_gain(suite, result, estimator, reference),
        }


def _gain(suite: Suite, result: PanelResult, estimator: str, reference: str) -> Row:
    cost: Row = {
        "seconds": result.seconds.get(estimator, np.nan),
        "memory": result.memory.get(estimator, np.nan),
        "mse": result.mse.get(estimator, np.nan),
        "nmse": result.nmse.get(estimator, np.nan),
    }
    for name, before in ((estimator, ""), (reference, f"the reference '{reference}' has no predictions: ")):
        if not result.has(name):
            reason = before + result.reasons.get(name, "it was not run")
            return {**cost, "p_value": np.nan, "status": "refused", "reason": reason}
    if result.losses is None:
        raise AssertionError("estimators with an error have losses")
    found = gain_over(
        *result.losses.by_cluster(estimator, reference),
        level=suite.level,
        draws=Bootstrap(suite.level, suite.draws, suite.seed).draws(result.shape.outcome),
    )
    numbers = {
        name: getattr(found, name) for name in ("gain", "conf_low", "conf_high", "p_value", "inference")
    }
    return {**cost, **numbers, "status": "ok", "reason": ""}
