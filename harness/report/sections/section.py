"""What a section of the report is: built-in ones and those of plugins come through the same names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from harness.registry.kind import Kind, NamedObject
from harness.report.model.run import Run

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
    from harness.study.spec.study import ReportFormat

TEMPLATE = "template.html.j2"


@dataclass(frozen=True, eq=False)
class SectionContent:
    """What one section shows of one run.

    Attributes
    ----------
    shown : what the section's template reads under this name
    heading : of the section; its title where this is empty
    figures : that are written to the run folder, whether or not the template shows them
    drawn_names : names from the data that the figures show beside those of the study; where no font has
        their characters the report says so
    """

    shown: object = None
    heading: str = ""
    figures: tuple[RenderedFigure, ...] = ()
    drawn_names: tuple[str, ...] = ()


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


@runtime_checkable
class Section(Protocol):
    """One section of the report.

    The template is the source of a jinja2 template: the inner part of an HTML ``section`` whose heading and
    anchor the page writes. Every name is escaped. It reads ``shown``, ``study``, ``data`` and ``manifest`` of
    the run, ``many`` (whether the study has several outcomes) and ``page`` (``warnings``, ``contents``); it
    may import ``table_number``, ``figure``, ``footnotes`` and ``estimate`` from ``macros.html.j2``, with
    context.
    """

    @property
    def name(self) -> str:
        """Unique; letters, digits and underscores. The anchor of the section."""

    @property
    def title(self) -> str:
        """What the table of contents calls it."""

    @property
    def place(self) -> int:
        """Where it stands: sections go from the smallest to the largest, those of one place by name.

        Built-in ones have 100 (what the run says), 200, ... 1600 (how to reproduce).
        """

    @property
    def template(self) -> str:
        """Source of its template."""

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run has anything for it."""

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return what it shows of a run in which it is present."""


@runtime_checkable
class WritesFiles(Protocol):
    """A section that adds files to the run folder, such as a table for LaTeX."""

    def files(self, run: Run, report_format: ReportFormat, /) -> Iterable[ReportFile]:
        """Return the files of one format; none where there is nothing to write."""


class PackagedSection:
    """A section whose template is the file ``template.html.j2`` beside its module, present in every run."""

    @property
    def template(self) -> str:
        """Source of its template."""
        package = type(self).__module__.rpartition(".")[0]
        return (files(package) / TEMPLATE).read_text(encoding="utf-8")

    def is_present(self, _run: Run, /) -> bool:
        """Return whether the run has anything for it."""
        return True


SECTION: Kind[Section] = Kind(
    "section", "sections", NamedObject(("is_present", "content"), ("title", "place", "template"))
)
"""Sections of the report."""
