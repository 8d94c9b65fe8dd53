"""Sections as they stand in one report: what each shows of the run, the files it adds, or why it failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from harness.errors import ArtifactError, HarnessError, Problem
from harness.language import gettext, in_language
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure, house_style
from harness.report.drawing.printing import print_figures
from harness.report.model.run import Run
from harness.report.sections.section import ReportFile, Section, SectionContent, WritesFiles
from harness.running.workers import ThisProcess, Workers
from harness.study.spec.study import ReportFormat

FAILED = '<p class="worse">{{ shown }}</p>\n'
"""Template in the place of one that failed; it shows the reason."""


IN_THIS_PROCESS = ThisProcess()


@dataclass(frozen=True, eq=False)
class ShownSection:
    """A section that is present in a run.

    Attributes
    ----------
    template : the section's own, or the one that tells why it failed
    files : that it adds to the run folder, in the formats that are asked for
    """

    section: Section
    template: str
    content: SectionContent
    files: tuple[ReportFile, ...] = ()

    @property
    def heading(self) -> str:
        """How the section is headed."""
        return self.content.heading or self.title

    @property
    def title(self) -> str:
        """What the table of contents calls it."""
        return gettext(self.section.title)


def shown_sections(
    run: Run,
    sections: Sequence[Section],
    formats: Sequence[ReportFormat],
    *,
    before: Sequence[RenderedFigure] = (),
    workers: Workers = IN_THIS_PROCESS,
) -> tuple[ShownSection, ...]:
    """Return the sections that are present in a run, in their order, all figures printed.

    One that fails, or has a figure that does, stands there with the reason and takes no other with it; a run
    folder that lacks what is needed fails as a whole.

    Parameters
    ----------
    before : figures that stand before those of the sections, and are printed with them
    workers : that print figures while the sections that follow are made

    Raises
    ------
    ArtifactError
        Where a table lacks what a section needs, or one of the figures `before` cannot be printed.
    """
    made: list[ShownSection] = []
    # Workers ask for the figures that follow from threads of their own.
    drawn = in_language(_made(run, sections, formats, into=made))
    missing = print_figures(chain(before, drawn), workers=workers)
    problems = [
        Problem(figure.name, missing[figure.name], hint="see harness doctor for fonts and versions")
        for figure in before
        if figure.name in missing
    ]
    if problems:
        raise ArtifactError(*problems)
    return tuple(_without_unprinted(shown, missing) for shown in made)


def _made(
    run: Run, sections: Sequence[Section], formats: Sequence[ReportFormat], *, into: list[ShownSection]
) -> Iterator[RenderedFigure]:
    """Make section after section, and yield the figures of each."""
    renderer = FigureRenderer(run.manifest.data.simulated)
    for section in sorted(sections, key=lambda section: (section.place, section.name)):
        with house_style():
            own = tuple(_shown(run, section, renderer, formats))
        into += own
        for shown in own:
            yield from shown.content.figures


def _without_unprinted(shown: ShownSection, missing: Mapping[str, str]) -> ShownSection:
    """Return the section, or why it failed where one of its figures could not be printed."""
    reasons = [missing[figure.name] for figure in shown.content.figures if figure.name in missing]
    return ShownSection(shown.section, FAILED, SectionContent(not_made(reasons[0]))) if reasons else shown


def _shown(
    run: Run, section: Section, renderer: FigureRenderer, formats: Sequence[ReportFormat]
) -> Iterator[ShownSection]:
    try:
        if section.is_present(run):
            content, template = section.content(run, renderer), section.template
            yield ShownSection(section, template, content, tuple(_files(run, section, formats)))
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001 - a section of a plugin may raise anything
        yield ShownSection(section, FAILED, SectionContent(not_made(failure(error))))


def _files(run: Run, section: Section, formats: Sequence[ReportFormat]) -> Iterator[ReportFile]:
    if isinstance(section, WritesFiles):
        for report_format in formats:
            yield from section.files(run, report_format)


def not_made(reason: str) -> str:
    """Return what stands in the place of a section that failed."""
    return gettext("This section could not be made: {reason}.").format(reason=reason)


def failure(error: Exception) -> str:
    """Return why a section failed, on one line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
