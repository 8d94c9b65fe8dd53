"""Tables of a run, computed once more from its stored predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import pandas as pd

from harness.evaluation.decomposition import decomposition_table
from harness.evaluation.multiverse import choice_table, multiverse_table
from harness.evaluation.samples import SAMPLES
from harness.evaluation.tables import accuracy_table, gains_table, gains_within
from harness.record.manifest import Manifest
from harness.running.csv_table import as_declared, csv_text, from_csv
from harness.running.folder import RunFolder
from harness.tables.accuracy import ACCURACY
from harness.tables.gain import DECOMPOSITION, GAIN, GAIN_WITHIN, MULTIVERSE, MULTIVERSE_CHOICES
from harness.tables.table import ResultTable


@dataclass(frozen=True, eq=False)
class Recomputed:
    """A table of a run, as the folder holds it and as it should be.

    Attributes
    ----------
    table : which
    source : what it was computed from
    stored, expected : rows with numbers
    """

    table: ResultTable
    source: str
    stored: pd.DataFrame
    expected: pd.DataFrame


def recomputed(folder: RunFolder, manifest: Manifest) -> Iterator[Recomputed]:
    """Yield every table that predictions give: errors, gains, decomposition and multiverse."""
    study, source = manifest.study, "predictions.parquet"
    predictions = folder.read_parquet("predictions")
    errors = accuracy_table(predictions)
    gains = gains_table(predictions, references=study.references, bootstrap=study.bootstrap)
    for declared, computed in ((ACCURACY, errors), (GAIN, gains)):
        stored, read = folder.read_table(declared.name), as_read(declared, computed)
        yield Recomputed(declared, source, *(rows[rows["status"] == "ok"] for rows in (stored, read)))
    within = as_read(GAIN_WITHIN, gains_within(predictions, references=study.references))
    yield Recomputed(GAIN_WITHIN, source, folder.read_table("gain_within"), within)
    protocols = {protocol.use: protocol.id for protocol in study.protocols}
    parts = decomposition_table(gains, reference=study.reference, protocols=protocols)
    stored = folder.read_table("decomposition")
    yield Recomputed(DECOMPOSITION, source, stored, as_read(DECOMPOSITION, parts))
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
    for declared, frame in ((MULTIVERSE, computed), (MULTIVERSE_CHOICES, choice_table(computed))):
        yield Recomputed(declared, source, folder.read_table(declared.name), from_csv(csv_text(frame)))


def as_read(declared: ResultTable, computed: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is read from a folder, since a file knows fewer types of cells."""
    return from_csv(csv_text(as_declared(declared, [computed])))


def missing_cells(folder: RunFolder, manifest: Manifest) -> Iterator[str]:
    """Yield cells of the study that ``accuracy.csv`` has no row for; one that failed has one as well."""
    study = manifest.study
    ids = ([entry.id for entry in study.estimators], [entry.id for entry in study.protocols])
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
