"""The HTML report: everything it shows in one value, rendered without a script or a link outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby

from markupsafe import Markup

from harness.data.note import Note
from harness.report.figures.canvas import Drawing
from harness.report.figures.embedded import data_uri
from harness.report.figures.study_drawings import StudyDrawings
from harness.report.reading.results import Results, Standing
from harness.report.reading.rows import NOT_DONE
from harness.report.reading.run import Run
from harness.report.section import Section
from harness.report.tables.claim_table import MEANINGS, ClaimTable, claim_table
from harness.report.tables.conditional_table import ConditionalTable, conditional_table
from harness.report.tables.expectation_table import ExpectationTable, expectation_table
from harness.report.tables.gain_table import SYMBOLS
from harness.report.tables.group_table import GroupTable, group_table
from harness.report.tables.network_table import MapQuality, map_table
from harness.report.tables.variable_table import (
    Preparation,
    VariableGroup,
    preparation_table,
    variable_table,
)
from harness.report.templating import environment, packaged
from harness.store.manifest import Manifest

LIFTED = frozenset({"W-RECONSTRUCTED"})
"""Codes of notes that stand at the head of the report: they say what a reader must know of every number."""


@dataclass(frozen=True, eq=False)
class GroupPart:
    """The groups by one column."""

    table: GroupTable
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True, eq=False)
class ConditionalPart:
    """One moderator."""

    table: ConditionalTable
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True, eq=False)
class Page:
    """Everything the HTML report shows.

    Attributes
    ----------
    n_gains : gains that are shown, each with an interval of its own
    cautions : what a reader must know of every number
    warnings : notes grouped by code
    contents : files of the run folder with what they hold
    """

    manifest: Manifest
    sections: tuple[Section, ...]
    n_gains: int
    cautions: tuple[str, ...]
    variables: tuple[VariableGroup, ...]
    preparation: tuple[Preparation, ...]
    outcomes: tuple[Drawing, ...]
    groups: tuple[GroupPart, ...]
    moderators: tuple[ConditionalPart, ...]
    claims: ClaimTable
    expected: ExpectationTable
    maps: tuple[MapQuality, ...]
    map_drawings: tuple[Drawing, ...]
    warnings: tuple[tuple[str, tuple[Note, ...]], ...]
    contents: tuple[tuple[str, str], ...]

    @property
    def has_networks(self) -> bool:
        """Whether any fit tells of its search or its map."""
        return bool(self.maps) or any(part.searches for part in self.sections)

    @property
    def has_multiverse(self) -> bool:
        """Whether the gain was computed under many combinations of choices."""
        return any(part.universes for part in self.sections)

    @property
    def has_diagnostics(self) -> bool:
        """Whether any fit tells of tests, statistics or what it chose."""
        return any(part.diagnostics.columns or part.diagnostics.selections for part in self.sections)

    @property
    def n_claims(self) -> int:
        """How many published numbers there are."""
        return sum(number for _, number in self.claims.counts)


def page(
    results: Results,
    sections: tuple[Section, ...],
    drawings: StudyDrawings,
    *,
    notes: tuple[Note, ...],
    contents: tuple[tuple[str, str], ...],
) -> Page:
    """Return what the report shows.

    Parameters
    ----------
    notes : warnings of the report itself, beside those of the run
    """
    run = results.run
    warnings = sorted({*run.warnings, *notes})
    outcomes, compared = run.manifest.study.outcomes, (results, *results.further)
    cells = [cell for one in compared for outcome in outcomes for cell in one.gains(outcome)]
    return Page(
        manifest=run.manifest,
        sections=sections,
        n_gains=sum(cell.standing is not Standing.MISSING for cell in cells),
        cautions=tuple(dict.fromkeys(note.message for note in warnings if note.code in LIFTED)),
        variables=variable_table(run),
        preparation=preparation_table(run),
        outcomes=drawings.outcomes,
        groups=_group_parts(run, drawings),
        moderators=_conditional_parts(run, drawings),
        claims=claim_table(run),
        expected=expectation_table(run.expectations),
        maps=map_table(run),
        map_drawings=drawings.maps,
        warnings=tuple((code, tuple(same)) for code, same in groupby(warnings, key=lambda note: note.code)),
        contents=contents,
    )


def _group_parts(run: Run, drawings: StudyDrawings) -> tuple[GroupPart, ...]:
    return tuple(GroupPart(group_table(run, one), drawings.groups[one]) for one in run.groups.partitions)


def _conditional_parts(run: Run, drawings: StudyDrawings) -> tuple[ConditionalPart, ...]:
    return tuple(
        ConditionalPart(conditional_table(run, one), drawings.surfaces[one])
        for one in run.conditional.questions
    )


@dataclass
class Numbering:
    """Numbers sections, tables and figures in the order in which they are rendered."""

    _counts: Counter[str] = field(default_factory=Counter)

    def next(self, kind: str) -> int:
        """Return the next number of a kind, from 1."""
        self._counts[kind] += 1
        return self._counts[kind]


def render(shown: Page) -> str:
    """Return the report as one HTML document; every name in it is escaped."""
    template = environment({"data_uri": _address}).get_template("report.html.j2")
    return template.render(
        page=shown,
        study=shown.manifest.study,
        data=shown.manifest.data,
        style=Markup(packaged("report.css")),  # noqa: S704 - the style sheet is a file of this package
        symbols=_symbols(),
        meanings=MEANINGS,
        not_done=NOT_DONE,
        numbers=Numbering(),
    )


def _symbols() -> Mapping[str, str]:
    return {one.name.lower(): symbol for one, symbol in SYMBOLS.items()}


def _address(drawing: Drawing) -> Markup:
    return Markup(data_uri(drawing))  # noqa: S704 - letters, digits and signs of base 64
