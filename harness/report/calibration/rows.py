"""A study repeated on panels whose truth is known: how often it found what, as ``calibration.csv`` has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.report.model.bands import POINTWISE, SIMULTANEOUS
from harness.store.manifest import Manifest

VERDICT = "gain established by the verdict"
GAIN = "gain established"
LOSS = "loss established"
P_VALUE = "p-value below 0.05"


def band_finding(kind: str, band: str) -> str:
    """Return how it is called that a band of a curve holds the truth; a simultaneous one all of it."""
    return f"{kind} inside the {band} band" + (" everywhere" if band == SIMULTANEOUS else "")


BANDS: Mapping[str, tuple[str, str]] = {
    band_finding(kind, band): (kind, band)
    for kind in ("level", "slope")
    for band in (POINTWISE, SIMULTANEOUS)
}
"""Kind of curve and of band by finding."""


@dataclass(frozen=True)
class CalibrationRow:
    """How often one finding was made.

    `protocol` is empty for the verdict on all of them, and the scenario's id for bands. `share` is of the
    panels, for pointwise bands the mean share of the curve; the limits are exact binomial ones.
    """

    outcome: str
    estimator: str
    protocol: str
    finding: str
    share: float
    conf_low: float
    conf_high: float
    n_panels: int | None


@dataclass(frozen=True)
class Reduction:
    """An option that was not as in the study, so that it could be repeated: as it is there, and here."""

    part: str
    id: str
    option: str
    in_study: str
    here: str


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibration.

    Attributes
    ----------
    manifest : of the study that was repeated
    n_panels : that were drawn
    effect : true effect of the exposure in all of them, outcome units per unit of exposure
    limits : in (0, 1), nominal coverage of the limits of shares
    """

    manifest: Manifest
    n_panels: int
    effect: float
    limits: float
    rows: tuple[CalibrationRow, ...]
    reductions: tuple[Reduction, ...]

    def of(self, outcome: str, finding: str) -> tuple[CalibrationRow, ...]:
        """Return one finding on one outcome, in the order of the table."""
        return tuple(row for row in self.rows if (row.outcome, row.finding) == (outcome, finding))

    def nominal(self, finding: str) -> float:
        """Return the share that is promised: of bands that hold the truth, or of gains that are none."""
        level = self.manifest.study.level
        return level if finding in BANDS else (1.0 - level) / 2.0
