"""Whether all robustness checks of a slope agree with it, and confirm it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from harness.language import marked
from harness.scenarios.robustness import BASELINE, JOINT
from harness.tables.decision import size_of
from harness.tables.variations import VariationEffectRow

AGREE, CONFIRM = "checks_agree", "checks_confirm"

# What is counted of all checks together, in words.
CHECKS: Mapping[str, str] = {
    AGREE: marked("all robustness checks agreed with the slope"),
    CONFIRM: marked("the slope and every check of it were significant with one sign, and all agreed"),
}


def checks_passed(rows: Iterable[VariationEffectRow], *, level: float) -> Mapping[str, bool]:
    """Return whether the checks of one outcome and learner, by all methods, agree and confirm.

    They agree where no joint test finds that a slope differs from what it should equal, as the report says
    it. They confirm where, beyond that, the slope and all that should equal it are significantly different
    from zero with one sign. A check without a result is passed over; without a joint test there is neither.
    """
    done, size = [row for row in rows if row.is_done], size_of(level)
    joint = [row.p_difference >= size for row in done if row.variation == JOINT]
    slopes = [
        row
        for row in done
        if row.variation == BASELINE or (row.variation != JOINT and math.isfinite(row.p_difference))
    ]
    if not joint or not slopes:
        return {}
    same = len({row.estimate > 0.0 for row in slopes}) == 1
    return {AGREE: all(joint), CONFIRM: all(joint) and same and all(row.p_value < size for row in slopes)}
