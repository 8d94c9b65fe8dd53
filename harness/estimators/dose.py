"""What is asked of an exposure: that it is a dose, or that it is not."""

from __future__ import annotations

from harness.data.panel import Panel
from harness.errors import EstimationError, Problem


def require_dose(panel: Panel, *, where: str = "") -> None:
    """Refuse an exposure that has levels, between which there is nothing.

    Parameters
    ----------
    where : what needs a dose; the exposure itself where it is not said

    Raises
    ------
    EstimationError
        Naming the exposure and its levels.
    """
    if panel.levels:
        raise EstimationError(
            Problem(
                where=where or panel.exposure,
                what=f"{panel.exposure!r} is one of {', '.join(panel.levels)}, and no dose",
                expected="an exposure of numbers",
                hint="ask `use: contrast` for differences between its levels",
            )
        )
