"""Sections as they stand in one report: what each shows of the run, the files it adds, or why it failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from harness.errors import ArtifactError, HarnessError, Problem
from harness.findings.run import Run
from harness.language import gettext, in_language
from harness.report.blocks import Paragraph, ReportBlock, Tabs
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure, house_style
from harness.report.drawing.printing import print_figures
from harness.report.sections.section import ReportFile, Section
from harness.running.workers import ThisProcess, Workers
from harness.study.spec.study import ReportFormat

IN_THIS_PROCESS = ThisProcess()


@dataclass(frozen=True, eq=False)
class ShownSection:
    """A section that has something to show of a run, or that failed.

    Attributes
    ----------
    blocks : what it shows, or why it failed
    files : that it adds to the run folder, in the formats that are requested
    drawn_names : names from the data that its figures show
    """

    section: Section
    heading: str
    blocks: tuple[ReportBlock, ...]
    files: tuple[ReportFile, ...] = ()
    drawn_names: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the table of contents calls it."""
        return gettext(self.section.title)

    @property
    def figures(self) -> tuple[RenderedFigure, ...]:
        """Its figures in their order."""
        return tuple(figures_in(self.blocks))


def figures_in(blocks: Iterable[ReportBlock]) -> Iterator[RenderedFigure]:
    """Yield the figures among blocks, those on tabs too, in their order."""
    for block in blocks:
        if isinstance(block, RenderedFigure):
            yield block
        elif isinstance(block, Tabs):
            for _, own in block.tabs:
                yield from figures_in(own)


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
            yield from shown.figures


def _without_unprinted(shown: ShownSection, missing: Mapping[str, str]) -> ShownSection:
    """Return the section, or why it failed where one of its figures could not be printed."""
    reasons = [missing[figure.name] for figure in shown.figures if figure.name in missing]
    return _failed(shown.section, reasons[0]) if reasons else shown


def _shown(
    run: Run, section: Section, renderer: FigureRenderer, formats: Sequence[ReportFormat]
) -> Iterator[ShownSection]:
    try:
        blocks = tuple(map(_block, section.content(run, renderer)))
        if blocks:
            files = tuple(file for one in formats for file in section.files(run, one))
            yield ShownSection(section, section.headed(run), blocks, files, tuple(section.drawn_names(run)))
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001 - a section of a plugin may raise anything
        yield _failed(section, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _block(given: object) -> ReportBlock:
    if not isinstance(given, ReportBlock):
        raise TypeError(f"`content` gave a {type(given).__name__}, which is no block")
    return given


def _failed(section: Section, reason: str) -> ShownSection:
    text = gettext("This section could not be made: {reason}.").format(reason=reason)
    return ShownSection(section, gettext(section.title), (Paragraph(text, "worse"),))
