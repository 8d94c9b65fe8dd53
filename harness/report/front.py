"""The first screen of the report: what the run says of each outcome, what to read first, and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.findings.answers import Answer, answer
from harness.findings.cautions import HeadlineRow, cautions, has, headline
from harness.findings.gains import Gains
from harness.findings.run import Run
from harness.language import gettext
from harness.record.manifest import DataRecord, StudyRecord
from harness.report.blocks import Picture, ReportFigure
from harness.report.drawing.canvas import finish, house_style
from harness.report.figures.front import front_curve, front_effects, front_gains
from harness.tables.claims import CLAIMS
from harness.text.context import Context
from harness.text.numbers import count, percent


@dataclass(frozen=True, eq=False)
class FrontOutcome:
    """What the run says of one outcome, and its figures of gains, the curve and effects."""

    answer: Answer
    figures: tuple[ReportFigure, ...]


@dataclass(frozen=True)
class HeadlineTable:
    """Published gains next to those of the run: heads, and a row of texts for each."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Front:
    """The first screen.

    Attributes
    ----------
    shape : of the panel, on one line
    cautions : what to read first
    headline : the published gains that head the study; None without any
    """

    shape: str
    cautions: tuple[str, ...]
    headline: HeadlineTable | None
    outcomes: tuple[FrontOutcome, ...]

    @property
    def captions(self) -> str:
        """What the figures of every outcome show."""
        return " ".join(dict.fromkeys(figure.caption for own in self.outcomes for figure in own.figures))

    @property
    def figures(self) -> tuple[ReportFigure, ...]:
        """Every figure of the first screen."""
        return tuple(figure for own in self.outcomes for figure in own.figures)


def front_of(run: Run, *, pictures: Sequence[Picture] = ()) -> Front:
    """Return the first screen of a run, its figures printed.

    Parameters
    ----------
    pictures : kinds of files of every figure next to the SVG
    """
    study = run.manifest.study
    rows = tuple(headline(run)) if run.rows(CLAIMS) else ()
    with house_style():
        outcomes = tuple(FrontOutcome(answer(run, name), _figures(run, name)) for name in study.outcomes)
        table = headline_table(study, rows) if rows and has([row.here for row in rows]) else None
        front = Front(shape(study, run.manifest.data), cautions(run), table, outcomes)
        for figure in front.figures:
            finish(figure, is_simulated=run.manifest.data.simulated, pictures=pictures)
    return front


def _figures(run: Run, outcome: str) -> tuple[ReportFigure, ...]:
    gains = Gains(run)
    found = (
        front_gains(gains, outcome) if gains.candidates else None,
        front_curve(run, outcome),
        front_effects(run, outcome),
    )
    return tuple(figure for figure in found if figure is not None)


def shape(study: StudyRecord, data: DataRecord) -> str:
    """Return the shape of the panel on one line."""
    words = gettext(
        "{n_entities} entities ({entity}) × {n_periods} periods ({first_period} to "
        "{last_period}), {n_obs} rows"
    )
    n_entities, n_periods, n_obs = map(count, (data.n_entities, data.n_periods, data.n_obs))
    return words.format(
        n_entities=n_entities,
        n_periods=n_periods,
        n_obs=n_obs,
        first_period=data.first_period,
        last_period=data.last_period,
        entity=study.label(study.entity),
    )


def headline_table(study: StudyRecord, rows: Sequence[HeadlineRow]) -> HeadlineTable:
    """Return published gains as printed, under the same protocol here, and for entities not used in training.

    Columns without a number are left out.
    """
    context, first = Context(study, estimator=rows[0].claim.estimator), rows[0].claim
    further = study.estimator_label(study.further_references[0]) if study.further_references else ""
    columns = [
        (gettext("Printed gain"), [row.claim.published for row in rows]),
        (context.filled("{estimator} here, same protocol"), [row.here for row in rows]),
        (gettext("{further}, same protocol").format(further=further), [row.further for row in rows]),
        (
            Context(study, estimator=first.counterpart_estimator).filled(
                "{estimator} for {entities} not used in training"
            ),
            [row.new for row in rows],
        ),
    ]
    shown = [(head, gains) for head, gains in columns if has(gains)]
    labels = [study.label(row.claim.outcome) for row in rows]
    gain = gettext("Gain over {reference_label}").format(reference_label=study.reference_label)
    cells = zip(labels, *([percent(one) for one in gains] for _, gains in shown), strict=True)
    return HeadlineTable((gain, *(head for head, _ in shown)), tuple(cells))
