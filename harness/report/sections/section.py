"""What a section of the report is: built-in ones and those of plugins come through the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext
from harness.registry.kind import Kind, NamedObject
from harness.report.blocks import ReportBlock

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer
    from harness.study.spec.study import ReportFormat


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
    heading : above it, or what makes it of a run; the title where it is empty
    drawn_names : returns names from the data that its figures show next to those of the study; where no
        font has their characters the report says so
    files : returns the files that it adds in one format, such as a table for LaTeX
    """

    name: str
    title: str
    place: int
    content: Callable[[Run, FigureRenderer], Iterable[ReportBlock]]
    heading: str | Callable[[Run], str] = ""
    drawn_names: Callable[[Run], Iterable[str]] = _none
    files: Callable[[Run, ReportFormat], Iterable[ReportFile]] = _none

    def headed(self, run: Run) -> str:
        """Return the heading above it in the report of a run."""
        own = self.heading(run) if callable(self.heading) else gettext(self.heading)
        return own or gettext(self.title)


SECTION: Kind[Section] = Kind("section", "sections", NamedObject(("content",), ("title", "place")))
"""Sections of the report."""
