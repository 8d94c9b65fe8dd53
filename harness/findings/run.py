"""A run for findings and report: its tables read once, errors and gains, and what a rule on its rows is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from harness.findings.sentence import Sentence
from harness.language import Coded, marked, rendered
from harness.record.manifest import EstimatorRecord, Manifest, ProtocolRecord, StudyRecord
from harness.registry.catalog import Kind, NamedObject
from harness.tables.accuracy import ACCURACY, AccuracyRow
from harness.tables.findings import FindingRow
from harness.tables.gain import GAIN, GAIN_WITHIN, GainRow
from harness.tables.table import Row, TypedTable, grouped, messages_of, read_rows

if TYPE_CHECKING:
    import pandas as pd


View = TypeVar("View")


class RunReader(Protocol):
    """A run folder that can be read."""

    def read_table(self, name: str, /) -> pd.DataFrame:
        """Return the table in ``name.csv``, or in parquet; an empty frame where there is none."""

    def manifest(self) -> Manifest:
        """Return what manifest.json holds."""

    def files(self) -> tuple[str, ...]:
        """Return the paths of the reported files, with forward slashes."""


class RunStore(RunReader, Protocol):
    """A run folder that can be written to as well."""

    def write_text(self, relative: str, text: str, /) -> None:
        """Write a UTF-8 file whole or not at all."""

    def write_bytes(self, relative: str, data: bytes, /) -> None:
        """Write a file whole or not at all."""

    def remove(self, relative: str, /) -> None:
        """Remove a file that a run wrote."""


@dataclass(frozen=True, eq=False)
class Run:
    """Everything the report is made of.

    Attributes
    ----------
    manifest : study, data, and the status of each cell
    folder : with the tables; None if all are in `tables`
    tables : tables in memory, which replace those of the folder
    """

    manifest: Manifest
    folder: RunReader | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _kept: dict[object, Any] = field(default_factory=dict, repr=False)

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table as written, which is read once; an empty frame if the study did not request it."""
        if table in self.tables:
            return self.tables[table]
        if table not in self._kept:
            self._kept[table] = self._read(table)
        frame: pd.DataFrame = self._kept[table]
        return frame

    def _read(self, table: str) -> pd.DataFrame:
        if self.folder is not None:
            return self.folder.read_table(table)
        import pandas as pd

        return pd.DataFrame()

    def rows(self, table: TypedTable[Row], **where: object) -> tuple[Row, ...]:
        """Return the rows of a table, which is read once, or those with these values of some columns.

        Raises
        ------
        ArtifactError
            If the table lacks a column.
        """
        if table not in self._kept:
            read = read_rows(self.frame(table.name), table.row, table=table.name)
            messages = messages_of(table.row)
            self._kept[table] = tuple(_rendered(row, messages) for row in read) if messages else read
        names = tuple(where)
        if names and (table, names) not in self._kept:
            self._kept[table, names] = grouped(self._kept[table], *names)
        return tuple(self._kept[table, names].get(tuple(where.values()), ()) if names else self._kept[table])

    def view(self, make: Callable[[Run], View]) -> View:
        """Return the cached result of a function of this run."""
        if make not in self._kept:
            self._kept[make] = make(self)
        made: View = self._kept[make]
        return made


def _rendered(row: Row, names: Iterable[str]) -> Row:
    """Return a row with its messages, the cells of these names, in the language in use."""
    messages = {name: rendered(cell) for name in names if isinstance(cell := getattr(row, name), Coded)}
    return replace(row, **messages) if messages else row


def read_run(folder: RunReader) -> Run:
    """Return the run in a folder.

    Raises
    ------
    ArtifactError
        Where the manifest lacks what the report needs.
    """
    return Run(folder.manifest(), folder)


@dataclass(frozen=True)
class Rule:
    """What is found in the tables of a run for one outcome.

    Attributes
    ----------
    name : unique; letters, digits and underscores
    find : yields the findings of an outcome, given the manifest and the tables of a run, and nothing else
    tables : names of result tables; where none of them has a row it finds nothing and is not asked. With none
        named it is asked of every run
    codes : its sentences, each with its message in English, whose fields are those of the sentence, or what
        makes its text of what it is about (`Context`) and the sentence
    """

    name: str
    find: Callable[[Run, str], Iterable[FindingRow]]
    tables: tuple[str, ...] = ()
    codes: Mapping[type[Sentence], str | Callable[[Any, Any], str]] = field(default_factory=dict)

    def findings(self, run: Run, outcome: str) -> Iterator[FindingRow]:
        """Yield the findings on an outcome."""
        if not self.tables or any(len(run.frame(table)) for table in self.tables):
            yield from self.find(run, outcome)


RULE: Kind[Rule] = Kind("rule", "findings", NamedObject(("find",), ("tables", "codes")))


# Samples in the order in which they are preferred for comparing estimators.
SAMPLES = ("test", "all", "train")

# Status and reason of a cell that no table has.
NOT_RUN = (marked("no result"), marked("the run holds no such cell"))


@dataclass(frozen=True, eq=False)
class Gains:
    """Look-up of a run's gains over one reference.

    Attributes
    ----------
    run : the run
    over : id of the reference; empty for that of the study
    """

    run: Run
    over: str = ""

    @property
    def reference(self) -> str:
        """Id of the reference."""
        return self.over or self.run.manifest.study.reference

    @property
    def reference_label(self) -> str:
        """Label of the reference."""
        return self.run.manifest.study.estimator_label(self.reference)

    @property
    def further(self) -> tuple[Gains, ...]:
        """Gains over each further reference of the study."""
        return tuple(replace(self, over=name) for name in self.run.manifest.study.further_references)

    @property
    def candidates(self) -> tuple[EstimatorRecord, ...]:
        """Every estimator but the reference."""
        estimators = self.run.manifest.study.estimators
        return tuple(estimator for estimator in estimators if estimator.id != self.reference)

    def row(self, outcome: str, estimator: str, protocol: str) -> GainRow:
        """Return the gain on the evaluation sample, or a row with the reason why there is none.

        For the reference itself, which no gain is about, the row holds its error.
        """
        key: dict[str, Any] = {"outcome": outcome, "estimator": estimator, "protocol": protocol}
        if estimator == self.reference:
            error = compared_error(self.run, outcome, estimator, protocol)
            if error is not None:
                return GainRow(
                    **key, reference=self.reference, sample="", mse=error.mse, status=error.status, reason=""
                )
            status, reason = refusal(self.run, outcome, estimator, protocol)
        else:
            rows = self.run.rows(GAIN, **key, reference=self.reference)
            done = {row.sample: row for row in rows if row.is_done and math.isfinite(row.gain)}
            if any(sample in done for sample in SAMPLES):
                return next(done[sample] for sample in SAMPLES if sample in done)
            of_cells = (errors_of(self.run, outcome, name, protocol) for name in (estimator, self.reference))
            status, reason = _why_none((*rows, *(row for cell in of_cells for row in cell.values())))
        return GainRow(**key, reference=self.reference, sample="", status=status, reason=reason)

    def rows(self, outcome: str) -> tuple[GainRow, ...]:
        """Return the gains of one outcome by estimator and protocol, in the order of the study."""
        return tuple(
            self.row(outcome, estimator.id, protocol.id)
            for estimator in self.candidates
            for protocol in self.run.manifest.study.protocols
        )


def tested_periods(run: Run) -> Mapping[str, list[str]]:
    """Return the periods that each protocol tests."""
    frame = run.frame(GAIN_WITHIN.name)
    if frame.empty:
        return {}
    own = frame[frame["by"] == "period"].groupby("protocol")["part"].unique()
    return {str(protocol): list(map(str, parts)) for protocol, parts in own.items()}


def _why_none(rows: Iterable[GainRow | AccuracyRow]) -> tuple[str, str]:
    """Return the status and the reason that rows of a cell without numbers give first."""
    return next(((row.status, row.reason) for row in rows if row.reason), NOT_RUN)


def errors_of(run: Run, outcome: str, estimator: str, protocol: str) -> dict[str, AccuracyRow]:
    """Return the rows of one cell by sample."""
    rows = run.rows(ACCURACY, outcome=outcome, estimator=estimator, protocol=protocol)
    return {row.sample: row for row in rows}


def compared_error(run: Run, outcome: str, estimator: str, protocol: str) -> AccuracyRow | None:
    """Return the row that estimators are compared by: the test sample's where there is one."""
    rows = {
        sample: row
        for sample, row in errors_of(run, outcome, estimator, protocol).items()
        if row.is_done and math.isfinite(row.mse)
    }
    return next((rows[sample] for sample in SAMPLES if sample in rows), None)


def refusal(run: Run, outcome: str, estimator: str, protocol: str) -> tuple[str, str]:
    """Return the status of a cell without errors, and why it has none."""
    return _why_none(errors_of(run, outcome, estimator, protocol).values())


MOST_LEADING = 2


def leading_protocols(study: StudyRecord) -> tuple[ProtocolRecord, ...]:
    """Return the protocols that tell most: of entities not used in training, then of later periods.

    Where the study has neither they are the first honest ones, and where none is honest the first of all.
    """
    honest = tuple(protocol for protocol in study.protocols if protocol.keeps_test_rows_apart)
    new = tuple(protocol for protocol in honest if not protocol.knows_entities)
    later = tuple(one for one in honest if one.knows_entities and one.tested_periods == "later")
    return (new[:1] + later[:1] or honest or study.protocols)[:MOST_LEADING]
