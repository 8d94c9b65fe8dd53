"""The HTML report: its head, and one section after the other; without a script or a link outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from jinja2 import Environment
from markupsafe import Markup

from harness.data.note import METHOD_CODE, Note
from harness.report.model.run import Run
from harness.report.shown import FAILED, ShownSection, failure
from harness.report.templating import environment, style_sheet

LIFTED = frozenset({METHOD_CODE})
"""Codes of notes that stand at the head of the report: they say what a reader must know of every number."""


@dataclass(frozen=True, eq=False)
class Page:
    """What the page itself tells, for its head and for sections to show.

    Attributes
    ----------
    cautions : what a reader must know of every number
    warnings : notes grouped by code
    contents : files of the run folder with what they hold
    """

    cautions: tuple[str, ...]
    warnings: tuple[tuple[str, tuple[Note, ...]], ...]
    contents: tuple[tuple[str, str], ...]


@dataclass
class Numbering:
    """Numbers sections, tables and figures in the order in which they are rendered."""

    _counts: Counter[str] = field(default_factory=Counter)

    def next(self, kind: str) -> int:
        """Return the next number of a kind, from 1."""
        self._counts[kind] += 1
        return self._counts[kind]


def page_of(notes: Iterable[Note], contents: tuple[tuple[str, str], ...]) -> Page:
    """Return what the page itself tells.

    Parameters
    ----------
    notes : warnings of the run and of the report
    contents : files of the run folder with what they hold
    """
    warnings = sorted(set(notes))
    return Page(
        cautions=tuple(dict.fromkeys(note.message for note in warnings if note.code in LIFTED)),
        warnings=tuple((code, tuple(same)) for code, same in groupby(warnings, key=lambda note: note.code)),
        contents=contents,
    )


def render_page(run: Run, page: Page, sections: Sequence[ShownSection]) -> str:
    """Return the report as one HTML document; every name in it is escaped."""
    study = run.manifest.study
    templates = environment()
    common = {
        "page": page,
        "manifest": run.manifest,
        "study": study,
        "data": run.manifest.data,
        "many": len(study.outcomes) > 1,
        "numbers": Numbering(),
    }
    rendered = [(shown, _body(templates, shown, common)) for shown in sections]
    return templates.get_template("report.html.j2").render(common, sections=rendered, style=style_sheet())


def _body(templates: Environment, shown: ShownSection, common: Mapping[str, object]) -> Markup:
    """Return a section without its heading, or why its template failed."""
    try:
        body = templates.from_string(shown.template).render(common, shown=shown.content.shown)
    except Exception as error:  # noqa: BLE001 - a template of a plugin may raise anything
        body = templates.from_string(FAILED).render(shown=failure(error))
    return Markup(body.strip())  # noqa: S704 - the template has escaped what it shows
