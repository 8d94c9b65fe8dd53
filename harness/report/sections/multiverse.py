"""The section of the gain under every combination of choices, in the order of the gain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.findings.multiverse import Multiverse, multiverses
from harness.findings.run import Run
from harness.language import marked, topic
from harness.report import blocks as parts
from harness.report.sections.section import Section
from harness.tables.findings import FINDINGS, FindingRow
from harness.tables.gain import MULTIVERSE_CHOICES
from harness.text.multiverse import choice_label, level_label
from harness.text.numbers import count, percent

gettext = topic("report.multiverse")


# Sentences above the figure; the others are in the appendix.
TALLIES = ("combinations_gain", "honest_combinations_gain", "least_removed")


def multiverse_blocks(run: Run) -> Iterator[parts.ReportBlock]:
    """Yield what the combinations say and their figure, and in the appendix what each choice does."""
    from harness.report.figures.multiverse import specification_figures

    study, found = run.manifest.study, run.view(multiverses)
    if not found:
        return
    yield parts.Bullets(
        tuple(
            gettext("{outcome}: {said}").format(outcome=study.label(own.outcome), said=" ".join(texts))
            for own in found
            for texts in [[row.text for row in _findings(run, own.outcome) if row.code in TALLIES]]
        )
    )
    yield from specification_figures(run, found)
    yield parts.Appendix(tuple(_details(run, found)))


def _details(run: Run, found: Sequence[Multiverse]) -> Iterator[parts.ReportBlock]:
    """Yield where published gains lie, all combinations together, and what each choice moves."""
    study = run.manifest.study
    yield parts.tabs_of((study.label(own.outcome), _outcome(run, own.outcome)) for own in found)
    text = gettext(
        "Mean gain: over all combinations with that level. Share of variance: the part of the variance of "
        "the gain between the levels of this choice alone; shares add up to one only where choices do not "
        "interact. P-values of all combinations together: estimator and reference change places in "
        "entities drawn at random, the same ones in every combination (Simonsohn, Simmons and Nelson 2020)."
    )
    yield parts.SmallPrint(text)


def _outcome(run: Run, outcome: str) -> Iterator[parts.ReportBlock]:
    yield parts.Bullets(tuple(row.text for row in _findings(run, outcome) if row.code not in TALLIES))
    table = choice_table(run, outcome)
    if table.groups:
        yield table


def _findings(run: Run, outcome: str) -> tuple[FindingRow, ...]:
    return run.rows(FINDINGS, outcome=outcome, finding="multiverse")


def choice_table(run: Run, outcome: str) -> parts.ReportTable:
    """Return the choices for one outcome that have more than one level, those that move most first."""
    study, own = run.manifest.study, run.rows(MULTIVERSE_CHOICES, outcome=outcome)
    shares = {row.choice: row.share_of_variance for row in own}
    levels = {choice: [row for row in own if row.choice == choice] for choice in shares}
    words = gettext("What each choice moves: the gain in predicting {label}")
    return parts.record_table(
        words.format(label=study.label(outcome)),
        (
            (choice_label(choice), levels[choice], percent(shares[choice]))
            for choice in sorted(shares, key=lambda name: -shares[name])
            if len(levels[choice]) > 1
        ),
        (gettext("Choice"), lambda row: level_label(study, row.choice, row.level)),
        (gettext("Combinations"), lambda row: count(row.n)),
        (gettext("Mean gain"), lambda row: percent(row.mean_gain)),
        (gettext("Share of variance"), lambda _: ""),
    )


MULTIVERSE_SECTION = Section(
    *("multiverse", marked("Multiverse"), 600, multiverse_blocks),
    heading=marked("The gain under every combination of choices"),
    tables=(MULTIVERSE_CHOICES.name,),
)
