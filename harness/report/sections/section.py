"""What a section of the report is, built-in or of a plugin, and the plain one for a plugin's table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.findings.run import Run
from harness.language import rendered, topic
from harness.record.manifest import EstimatorRecord, StudyRecord
from harness.registry.catalog import Kind, NamedObject
from harness.report.blocks import ReportBlock, ReportTable, TableColumn, plain_rows
from harness.tables.claims import CLAIMS
from harness.tables.table import ResultTable
from harness.text.numbers import count, percent, significant
from harness.text.plain_text import ranged

if TYPE_CHECKING:
    from harness.study.spec.study import ReportFormat

gettext = topic("report.section")


@dataclass(frozen=True)
class ReportFile:
    """A file that a section adds to the run folder.

    Attributes
    ----------
    path : within the folder, with forward slashes
    holds : what is in it, for the contents of the report
    """

    path: str
    content: str | bytes
    holds: str


def _none(*_: object) -> tuple[()]:
    return ()


@dataclass(frozen=True)
class Section:
    """One section of the report.

    Attributes
    ----------
    name : unique; letters, digits and underscores. The anchor of the section
    title : what the table of contents calls it
    place : where it stands: sections go from the smallest to the largest, those of one place by name.
        Built-in ones have 100 (what the run says), 200, ... 1600 (how to reproduce)
    content : returns what it shows of a run, block after block; nothing where the run has nothing for it
    heading : above the section, or a function that returns it for a run; the title if empty
    drawn_names : returns names from the data that its figures show next to those of the study; where no
        font has their characters the report says so
    files : returns the files that it adds in one format, such as a table for LaTeX
    tables : names of result tables, such as ``curves``; the section is made only where one of them has rows.
        With none named it is made of every run
    """

    name: str
    title: str
    place: int
    content: Callable[[Run], Iterable[ReportBlock]]
    heading: str | Callable[[Run], str] = ""
    drawn_names: Callable[[Run], Iterable[str]] = _none
    files: Callable[[Run, ReportFormat], Iterable[ReportFile]] = _none
    tables: tuple[str, ...] = ()

    def blocks(self, run: Run) -> tuple[ReportBlock, ...]:
        """Return what it shows of a run; nothing where none of its tables has rows."""
        if self.tables and not any(len(run.frame(table)) for table in self.tables):
            return ()
        return tuple(self.content(run))

    def headed(self, run: Run) -> str:
        """Return the heading above it in the report of a run."""
        own = self.heading(run) if callable(self.heading) else rendered(self.heading)
        return own or rendered(self.title)


SECTION: Kind[Section] = Kind("section", "sections", NamedObject(("content",), ("title", "place")))

# Quantities of claims about how well estimators predict, not about what they say of the effect.
OF_ACCURACY = frozenset({"mse", "gain"})


def featured(run: Run) -> tuple[EstimatorRecord, ...]:
    """Return the estimators of figures that show few: the leading one, then the reference.

    What the spec requests comes first. Otherwise the estimator that leads is the one that stands for the
    published curves, or, where nothing is claimed about curves, the last of the study.
    """
    study = run.manifest.study
    entries = {entry.id: entry for entry in study.estimators}
    requested = tuple(entries[name] for name in study.featured if name in entries)
    if requested:
        return requested
    claimed = Counter(row.estimator for row in run.rows(CLAIMS) if row.quantity not in OF_ACCURACY)
    leading, most = None, -1
    for entry in study.estimators:
        if entry.id != study.reference and claimed[entry.id] >= most:
            leading, most = entry, claimed[entry.id]
    return (*([leading] if leading else []), entries[study.reference])


def study_words(study: StudyRecord, outcome: str = "") -> dict[str, str]:
    """Return what captions say of a study: its exposure, reference and intervals, and one of its outcomes."""
    return {
        "outcome": study.label(outcome),
        "exposure": study.label(study.exposure),
        "reference_label": study.reference_label,
        "entity": study.label(study.entity),
        "level": percent(study.level, 0),
    }


def outcome_heading(study: StudyRecord, outcome: str) -> str:
    """Return what heads the rows of an outcome in a table; empty in a study of one."""
    return study.label(outcome) if len(study.outcomes) > 1 else ""


def outcome_text(study: StudyRecord, outcome: str, text: str) -> str:
    """Return a sentence on an outcome with its name before it; alone in a study of one."""
    heading = outcome_heading(study, outcome)
    return gettext("{heading}: {text}").format(heading=heading, text=text) if heading else text


def draws_text(numbers: Iterable[int | None]) -> str:
    """Return how many draws something is from, the least and the most; empty where nothing tells."""
    known = [number for number in numbers if number is not None]
    ends = [count(number) for number in sorted({min(known), max(known)})] if known else [""]
    return ranged(*ends) if len(ends) > 1 else ends[0]


# Columns that place a row, and are left out where they say the same in all rows.
PLACE = ("outcome", "scenario", "status", "reason")

# Where the sections stand: after those on what estimators say of the effect.
AFTER_ANSWERS = 850


def plain_section(table: ResultTable) -> Section:
    """Return the section of a table."""
    title, content = table.name.replace("_", " ").capitalize(), partial(_blocks, table=table)
    return Section(f"table_{table.name}", title, AFTER_ANSWERS, content, tables=(table.name,))


def _blocks(run: Run, *, table: ResultTable) -> Iterator[ReportBlock]:
    """Yield all rows of a table, names by their labels."""
    frame = run.frame(table.name)
    kept = [name for name in table.columns if name in frame]
    kept = [name for name in kept if name not in PLACE or frame[name].nunique(dropna=False) > 1]
    numbers = frame[kept].select_dtypes("number").columns
    words = rendered(table.description)
    yield ReportTable(
        caption=f"{words[:1].upper()}{words[1:]}",
        columns=tuple(
            TableColumn(name.replace("_", " ").capitalize(), "num" if name in numbers else "text")
            for name in kept
        ),
        groups=plain_rows(
            [_text(run.manifest.study, name, cell) for name, cell in zip(kept, row, strict=True)]
            for row in frame[kept].itertuples(index=False)
        ),
    )


def _text(study: StudyRecord, column: str, cell: Any) -> str:  # noqa: ANN401 - a cell of a table has any type
    """Return a cell in words."""
    if isinstance(cell, float):
        return significant(cell)
    labels = {"estimator": study.estimator_label, "outcome": study.label}
    return labels.get(column, str)(cell)
