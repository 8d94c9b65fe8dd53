"""The tables of a run folder against what its predictions and its other tables give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd

from harness.audit.table_difference import TableDifference, Tolerance, table_difference
from harness.errors import HarnessError, Problem
from harness.evaluation.losses import SAMPLES
from harness.evaluation.multiverse import choice_table, multiverse_table
from harness.evaluation.tables import accuracy_table, decomposition_table, gains_table, gains_within
from harness.findings.run import Run
from harness.findings.table import findings_table
from harness.record.manifest import Manifest
from harness.registry.catalog import Catalogs
from harness.report.gain_report import gain_report
from harness.running.csv_table import as_declared, csv_text, from_csv
from harness.running.folder import RunFolder
from harness.running.layout import SPEC
from harness.study.expectations.cell import check_expectations, expectations_table
from harness.study.expectations.claims_table import claims_table
from harness.study.expectations.moderated_claim import SOURCES
from harness.study.spec.load import load_study
from harness.tables.accuracy import ACCURACY, PREDICTIONS
from harness.tables.claims import CLAIMS, EXPECTATIONS
from harness.tables.findings import FINDINGS
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


TOLERANCE = Tolerance()
"""Other machines and versions add numbers up in another order."""

REFUSING = (ACCURACY, GAIN)
"""Tables in which a cell without numbers is a row with its reason."""

_NUMBERS = ("observed", "predicted", "train_variance")
_MEND = "run the study again"
_SHOWN = 5


def shape_problems(folder: RunFolder) -> Iterator[Problem]:
    """Yield which tables lack what can be computed with."""
    predictions = folder.read_parquet("predictions")
    yield from _lacking(PREDICTIONS, predictions)
    for name in _NUMBERS:
        if len(predictions) and name in predictions and not pd.api.types.is_numeric_dtype(predictions[name]):
            yield Problem("predictions.parquet", f"the column {name} holds no numbers", hint=_MEND)
    for table in (*REFUSING, DECOMPOSITION):
        yield from _lacking(table, folder.read_table(table.name))


def _lacking(table: ResultTable, frame: pd.DataFrame) -> Iterator[Problem]:
    lacking = [name for name in table.columns if name not in frame]
    if lacking:
        yield Problem(table.file, f"lacks the columns {', '.join(lacking)}", hint=_MEND)


def prediction_problems(folder: RunFolder, manifest: Manifest) -> Iterator[Problem]:
    """Yield what predictions do not give, and cells that neither have numbers nor say why."""
    for found in recomputed(folder, manifest):
        yield from _disagreement(found)
    missing = list(missing_cells(folder, manifest))
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        yield Problem("accuracy.csv", f"has no row for {'; '.join(missing[:_SHOWN])}{more}", hint=_MEND)
    for table in REFUSING:
        rows = folder.read_table(table.name)
        numbers = rows[rows["status"] != "ok"].select_dtypes("number").notna().any(axis="columns")
        if numbers.any():
            what = f"{int(numbers.sum())} rows have numbers that their status denies"
            yield Problem(table.file, what, hint=_MEND)


def spec_table_problems(folder: RunFolder, manifest: Manifest, catalogs: Catalogs) -> Iterator[Problem]:
    """Yield what claims and expected numbers are said to be, and do not follow from spec and other tables."""
    try:
        study = load_study(folder.path / SPEC, catalogs=catalogs, overrides=manifest.spec.overrides).study
    except HarnessError as error:
        what = f"cannot be read here, so claims and expected numbers are not checked: {error}"
        yield Problem(SPEC, what, hint="install the plugins of the run, see versions in manifest.json")
        return
    if study.claims:
        sources = {name: folder.read_table(name) for name in SOURCES}
        yield from _of_spec(CLAIMS, claims_table(study, sources), folder)
    if study.expect and not manifest.study.quick:
        checked = check_expectations(study.expect, folder.read_table)
        yield from _of_spec(EXPECTATIONS, expectations_table(checked), folder)


def _of_spec(table: ResultTable, computed: pd.DataFrame, folder: RunFolder) -> Iterator[Problem]:
    source = "the spec and the other tables"
    stored, expected = folder.read_table(table.name), as_read(table, computed)
    yield from _disagreement(Recomputed(table, source, stored, expected))


def finding_problems(folder: RunFolder, manifest: Manifest) -> Iterator[Problem]:
    """Yield what findings are said to be, and do not follow from the other tables."""
    stored, expected = (
        folder.read_table(FINDINGS.name),
        as_read(FINDINGS, findings_table(Run(manifest, folder))),
    )
    yield from _disagreement(Recomputed(FINDINGS, "the other tables", stored, expected))


def gain_report_problems(folder: RunFolder, messages: Sequence[Path]) -> Iterator[Problem]:
    """Yield whether ``gain_report.json`` says other than the tables."""
    path = folder.path / "gain_report.json"
    expected = json.loads(json.dumps(gain_report(folder, messages=messages)))
    if not path.is_file() or json.loads(path.read_text(encoding="utf-8")) != expected:
        hint = "write it again: harness report RUN"
        yield Problem(path.name, "is not what the manifest and the tables give", hint=hint)


def _disagreement(found: Recomputed) -> Iterator[Problem]:
    table = found.table
    difference = table_difference(
        table.name, found.stored, found.expected, keys=table.key, tolerance=TOLERANCE
    )
    for what in _words(difference):
        yield Problem(table.file, f"{what}, recomputed from {found.source}", hint=_MEND)


def _words(difference: TableDifference) -> Iterator[str]:
    for column in difference.columns:
        there, here = column.a or "nothing", column.b or "nothing"
        yield f"{column.column} differs in {column.n_cells} rows; at {column.row} it is {there}, but {here}"
    if difference.only_a.n_rows:
        yield f"has {difference.only_a.n_rows} rows too many, such as {difference.only_a.first[0]}"
    if difference.only_b.n_rows:
        yield f"lacks {difference.only_b.n_rows} rows, such as {difference.only_b.first[0]}"
    for name in difference.columns_b:
        yield f"lacks the column {name}"
    for name in difference.columns_a:
        yield f"has a column too many, {name}"
