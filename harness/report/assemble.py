"""Sections as they stand on one page: what each shows of the run, the files it adds, or why it failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
class PageSection:
    """A section of a page.

    Attributes
    ----------
    name : anchor
    heading : above it
    blocks : what it shows, or why it failed
    title : what the table of contents calls it
    files : that it adds to the run folder, in the formats that are requested
    drawn_names : names from the data that its figures show
    """

    name: str
    heading: str
    blocks: tuple[ReportBlock, ...]
    title: str = ""
    files: tuple[ReportFile, ...] = ()
    drawn_names: tuple[str, ...] = ()

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
            yield from figures_in(own for _, tab in block.tabs for own in tab)


def assembled(
    run: Run,
    sections: Sequence[Section],
    formats: Sequence[ReportFormat],
    *,
    before: Sequence[RenderedFigure] = (),
    workers: Workers = IN_THIS_PROCESS,
) -> tuple[PageSection, ...]:
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
    made: list[PageSection] = []

    def figures() -> Iterator[RenderedFigure]:
        renderer = FigureRenderer(run.manifest.data.simulated)
        for section in sorted(sections, key=lambda section: (section.place, section.name)):
            with house_style():
                own = _made(run, section, renderer, formats)
            if own is not None:
                made.append(own)
                yield from own.figures

    # Workers ask for the figures that follow from threads of their own.
    missing = print_figures(chain(before, in_language(figures())), workers=workers)
    hint = "see harness doctor for fonts and versions"
    problems = [Problem(one.name, missing[one.name], hint=hint) for one in before if one.name in missing]
    if problems:
        raise ArtifactError(*problems)
    reasons = [next((missing[one.name] for one in own.figures if one.name in missing), "") for own in made]
    return tuple(
        _failed(own.name, own.title, reason) if reason else own
        for own, reason in zip(made, reasons, strict=True)
    )


def _made(
    run: Run, section: Section, renderer: FigureRenderer, formats: Sequence[ReportFormat]
) -> PageSection | None:
    """Return what a section shows; None where it has nothing to show of the run."""
    title = gettext(section.title)
    try:
        blocks = tuple(map(_block, section.blocks(run, renderer)))
        if not blocks:
            return None
        files = tuple(file for one in formats for file in section.files(run, one))
        return PageSection(
            section.name, section.headed(run), blocks, title, files, tuple(section.drawn_names(run))
        )
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001 - a section of a plugin may raise anything
        kind = type(error).__name__
        return _failed(section.name, title, f"{kind}: {error}" if str(error) else kind)


def _block(given: object) -> ReportBlock:
    if not isinstance(given, ReportBlock):
        raise TypeError(f"`content` gave a {type(given).__name__}, which is no block")
    return given


def _failed(name: str, title: str, reason: str) -> PageSection:
    text = gettext("This section could not be made: {reason}.").format(reason=reason)
    return PageSection(name, title, (Paragraph(text, "worse"),), title)
