"""What stands against a gain even where it is established, in sentences composed from the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.language import gettext
from harness.report.model.gains import GainCell
from harness.report.sections.gains.judgement import judgements
from harness.report.sections.gains.text import fold_text
from harness.report.text.numbers import percent
from harness.report.text.plain_text import joined
from harness.tables.gain import GainStatus, size_of


def caveats(
    cells: Sequence[GainCell], *, level: float, reference: str = "", has_levels: bool = False
) -> tuple[str, ...]:
    """Return what a reader should know of the gains of one outcome.

    Parameters
    ----------
    cells : gains of one outcome, every estimator but the reference x every protocol
    level : in (0, 1), nominal coverage of the intervals
    reference : how that of the gains is called where it is another than the study's
    has_levels : whether the reference has levels of entities itself, so that no gain over it is one of these
    """
    over = gettext(" over {reference}").format(reference=reference) if reference else ""
    beaten = () if has_levels else _beaten_by_levels(cells, over)
    return (*beaten, *_hanging_on_splits(cells, level, over))


def _beaten_by_levels(cells: Sequence[GainCell], over: str) -> Iterator[str]:
    """Yield that estimators with levels of entities gain more than all without, where entities are known.

    Of several such estimators the one with the least gain is named: what the others add to it is theirs.
    """
    known = [cell for cell in cells if cell.protocol.knows_entities and math.isfinite(cell.row.gain)]
    places: dict[str, list[str]] = {}
    for protocol in dict.fromkeys(cell.protocol.id for cell in known):
        own = [cell for cell in known if cell.protocol.id == protocol]
        without = [cell.row.gain for cell in own if not cell.estimator.has_entity_effects]
        most = max(without, default=math.inf)
        better = [
            cell
            for cell in own
            if cell.estimator.has_entity_effects and cell.row.gain > most and cell.status is GainStatus.BETTER
        ]
        if better:
            least = min(better, key=lambda cell: cell.row.gain)
            numbers = gettext("{gain} against at most {most}").format(
                gain=percent(least.row.gain), most=percent(most)
            )
            places.setdefault(least.estimator.label, []).append(
                gettext("“{title}” ({what})").format(title=least.protocol.title, what=numbers)
            )
    for label, where in places.items():
        yield (
            gettext(
                "{label} gains more{over} than every estimator without levels of entities under {where}. "
                "Where an entity is known from training, its own level is worth more than what those "
                "find."
            ).format(label=label, over=over, where=joined(where))
        )


def _hanging_on_splits(cells: Sequence[GainCell], level: float, over: str) -> Iterator[str]:
    """Yield which gains interval and adjusted p-values speak for, but not the folds one by one."""
    unsure: dict[str, list[str]] = {}
    for judgement in judgements(cells):
        for cell in judgement.cells:
            if (
                cell.protocol.keeps_test_rows_apart
                and cell.status is GainStatus.OPEN
                and cell.row.conf_low > 0
                and not cell.p_adjusted >= size_of(level)
            ):
                named = gettext("{label} ({about})").format(
                    label=judgement.estimator.label, about=fold_text(cell)
                )
                unsure.setdefault(cell.protocol.title, []).append(named)
    for title, labels in unsure.items():
        yield (
            gettext(
                "Over all folds of “{title}” together there is a gain{over} for {labels}. More splits "
                "would tell."
            ).format(title=title, over=over, labels=joined(labels))
        )
