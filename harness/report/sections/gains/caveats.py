"""What stands against a gain even where it is established, in sentences composed from the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.evaluation.gain_status import GainStatus, size_of
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
    return (*_beaten_by_levels(cells), *_hanging_on_splits(cells, level))


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


def _hanging_on_splits(cells: Sequence[GainCell], level: float) -> Iterator[str]:
    """Yield which gains interval and adjusted p-values speak for, but not the folds one by one."""
    for judgement in judgements(cells):
        unsure = [
            f"“{cell.protocol.title}” ({_folds(cell)})"
            for cell in judgement.cells
            if cell.protocol.keeps_test_rows_apart
            and cell.status is GainStatus.OPEN
            and cell.row.conf_low > 0
            and not cell.p_adjusted >= size_of(level)
        ]
        if unsure:
            yield (
                f"{judgement.estimator.label}: over all folds together there is a gain under "
                f"{joined(unsure)}, but it hangs on how the rows were split; more splits would tell."
            )


def _folds(cell: GainCell) -> str:
    limits = f"gains of the folds {percent(cell.row.fold_gain_min)} to {percent(cell.row.fold_gain_max)}"
    over = p_text(cell.row.p_splits)
    return f"{limits}, over the splits {over}" if over else limits
