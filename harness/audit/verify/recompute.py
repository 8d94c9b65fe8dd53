"""Tables of a run, computed once more from its stored predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import pandas as pd

from harness.evaluation.decomposition import decomposition_table
from harness.evaluation.multiverse import choice_table, multiverse_table
from harness.evaluation.tables import SAMPLES, accuracy_table, gains_table
from harness.store.csv_text import csv_text, from_csv
from harness.store.folder import RunFolder
from harness.store.manifest import Manifest
from harness.store.tables import table


@dataclass(frozen=True, eq=False)
class Recomputed:
    """A table of a run, as the folder holds it and as it should be.

    Attributes
    ----------
    name : of the table
    source : what it was computed from
    stored, expected : rows with numbers
    """

    name: str
    source: str
    stored: pd.DataFrame
    expected: pd.DataFrame


def recomputed(folder: RunFolder, manifest: Manifest) -> Iterator[Recomputed]:
    """Yield every table that predictions give: errors, gains, decomposition and multiverse."""
    study, source = manifest.study, "predictions.parquet"
    predictions = folder.read_parquet("predictions")
    errors = accuracy_table(predictions)
    gains = gains_table(predictions, references=study.references, bootstrap=study.bootstrap)
    for name, computed in (("accuracy", errors), ("gain", gains)):
        stored = folder.read_table(name)
        yield Recomputed(name, source, stored[stored["status"] == "ok"], _as_written(name, computed))
    parts = decomposition_table(
        predictions,
        reference=study.reference,
        protocols={one.use: one.id for one in study.protocols},
        bootstrap=study.bootstrap,
    )
    stored = folder.read_table("decomposition")
    yield Recomputed("decomposition", source, stored, _as_written("decomposition", parts))
    if manifest.multiverse.universes:
        yield from _multiverse(folder, manifest, predictions)


def _multiverse(folder: RunFolder, manifest: Manifest, predictions: pd.DataFrame) -> Iterator[Recomputed]:
    own = folder.read_parquet("multiverse")
    computed = multiverse_table(
        pd.concat([predictions, own], ignore_index=True),
        manifest.multiverse.universes,
        references=manifest.multiverse.references,
        bootstrap=manifest.study.bootstrap,
    )
    source = "predictions.parquet and multiverse.parquet"
    for name, frame in (("multiverse", computed), ("multiverse_choices", choice_table(computed))):
        yield Recomputed(name, source, folder.read_table(name), from_csv(csv_text(frame)))


def _as_written(name: str, computed: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is read from a folder, since a file knows fewer types of cells."""
    return from_csv(csv_text(table(name, [computed])))


def missing_cells(folder: RunFolder, manifest: Manifest) -> Iterator[str]:
    """Yield cells of the study that ``accuracy.csv`` has no row for; one that failed has one as well."""
    study = manifest.study
    ids = ([one.id for one in study.estimators], [one.id for one in study.protocols])
    columns = ["outcome", "estimator", "protocol", "sample"]
    stored = folder.read_table("accuracy")
    there = set(stored[columns].astype(str).itertuples(index=False, name=None))
    yield from (" · ".join(cell) for cell in product(study.outcomes, *ids, SAMPLES) if cell not in there)


def refused_with_numbers(folder: RunFolder, names: Sequence[str]) -> Mapping[str, int]:
    """Return how many rows of each table hold numbers although their status says that there are none."""
    counts = {}
    for name in names:
        rows = folder.read_table(name)
        refused = rows[rows["status"] != "ok"]
        numbers = refused.select_dtypes("number").notna().any(axis="columns")
        counts[name] = int(numbers.sum())
    return counts
