"""What stands against a gain even where it is established, in sentences composed from the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.report.model.gain_row import GainStatus, size_of
from harness.report.model.gains import GainCell
from harness.report.sections.gains.judgement import judgements
from harness.report.text.numbers import p_text, percent
from harness.report.text.plain_text import joined

ENTITY_LEVELS = "fixed_effects"
"""Method that knows each entity's level and, beside it, nothing but lines."""


def caveats(cells: Sequence[GainCell], *, level: float) -> tuple[str, ...]:
    """Return what a reader should know of the gains of one outcome.

    Parameters
    ----------
    cells : gains of one outcome, every estimator but the reference x every protocol
    level : in (0, 1), nominal coverage of the intervals
    """
    return (*_beaten_by_levels(cells), *_few_splits(cells, level))


def _beaten_by_levels(cells: Sequence[GainCell]) -> Iterator[str]:
    """Yield that fixed effects gain more than all others where the tested entities are known."""
    known = [cell for cell in cells if cell.protocol.knows_entities and math.isfinite(cell.row.gain)]
    levels = [cell for cell in known if cell.estimator.use == ENTITY_LEVELS]
    places = []
    for best in levels:
        candidates = [
            cell for cell in known if cell.protocol == best.protocol and cell.estimator.use != ENTITY_LEVELS
        ]
        most = max((cell.row.gain for cell in candidates), default=math.inf)
        if most < best.row.gain and best.status is GainStatus.BETTER:
            numbers = f"{percent(best.row.gain)} against at most {percent(most)}"
            places.append((best.estimator.label, f"“{best.protocol.title}” ({numbers})"))
    for label in dict.fromkeys(name for name, _ in places):
        where = joined([place for name, place in places if name == label])
        yield (
            f"{label} gains more than every other estimator under {where}: where an entity is known from "
            "training, its own level is enough to gain that."
        )


def _few_splits(cells: Sequence[GainCell], level: float) -> Iterator[str]:
    """Yield where a gain is established over the entities but not over the splits."""
    for judgement in judgements(cells):
        unsure = [
            f"“{cell.protocol.title}” ({p_text(cell.row.p_splits)})"
            for cell in judgement.cells
            if judgement.is_established
            and cell.protocol.keeps_test_rows_apart
            and cell.row.p_splits >= size_of(level)
        ]
        if unsure:
            yield (
                f"{judgement.estimator.label}: its gain varies so much between the splits, or they are so "
                f"few, that the t test corrected for their overlap does not reject under {joined(unsure)}; "
                "more splits would tell."
            )
