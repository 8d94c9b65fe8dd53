"""Sections as they stand in one report: what each shows of the run, the files it adds, or why it failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.errors import HarnessError
from harness.report.drawing.canvas import FigureRenderer, house_style
from harness.report.model.run import Run
from harness.report.sections.section import ReportFile, Section, SectionContent, WritesFiles
from harness.spec.study import ReportFormat

FAILED = '<p class="worse">This section could not be made: {{ shown }}.</p>\n'
"""Template in the place of one that failed; it shows the reason."""


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
        return self.content.heading or self.section.title


def shown_sections(
    run: Run, sections: Sequence[Section], formats: Sequence[ReportFormat]
) -> tuple[ShownSection, ...]:
    """Return the sections that are present in a run, in their order.

    One that fails stands there with the reason and takes no other with it; a run folder that lacks what is
    needed fails as a whole.

    Raises
    ------
    ArtifactError
        Where a table lacks what a section needs.
    """
    renderer = FigureRenderer(run.manifest.data.simulated)
    ordered = sorted(sections, key=lambda section: (section.place, section.name))
    with house_style():
        return tuple(shown for section in ordered for shown in _shown(run, section, renderer, formats))


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
        yield ShownSection(section, FAILED, SectionContent(failure(error)))


def _files(run: Run, section: Section, formats: Sequence[ReportFormat]) -> Iterator[ReportFile]:
    if isinstance(section, WritesFiles):
        for report_format in formats:
            yield from section.files(run, report_format)


def failure(error: Exception) -> str:
    """Return why a section failed, on one line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
