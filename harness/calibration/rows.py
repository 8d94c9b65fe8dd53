"""A study repeated on panels whose truth is known: how often it found what, as rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness.findings.lines import POINTWISE, SIMULTANEOUS
from harness.language import marked
from harness.record.manifest import Manifest

VERDICT = "gain"
GAIN = "gain established"
LOSS = "loss established"
P_VALUE = "p-value below 0.05"

# Kinds of findings as ``findings.csv`` has them, in words.
KINDS: Mapping[str, str] = {
    VERDICT: marked("a gain"),
    "effect": marked("an effect"),
    "mediation": marked("an indirect effect"),
    "model_curve": marked("a slope of a model's curve"),
    "nonlinearity": marked("a nonlinearity"),
    "interaction": marked("an interaction"),
    "turning_point": marked("a turning point"),
    "contrast": marked("a contrast"),
    "group_difference": marked("a difference between groups"),
    "sign_change": marked("a change of sign along a moderator"),
    "threshold": marked("a threshold"),
}


def band_finding(kind: str, band: str) -> str:
    """Return how it is called that a band of a curve holds the truth; a simultaneous one all of it."""
    return f"{kind} inside the {band} band" + (" everywhere" if band == SIMULTANEOUS else "")


# Kind of curve and of band by finding.
BANDS: Mapping[str, tuple[str, str]] = {
    band_finding(kind, band): (kind, band)
    for kind in ("level", "slope")
    for band in (POINTWISE, SIMULTANEOUS)
}


@dataclass(frozen=True)
class CalibrationRow:
    """How often one finding was made on panels with one true effect of the exposure.

    `protocol` is empty for `KINDS`, and the scenario's id for bands. `share` is of the panels, for pointwise
    bands the mean share of the curve; the limits are exact binomial ones.
    """

    effect: float
    outcome: str
    estimator: str
    protocol: str
    finding: str
    share: float
    conf_low: float
    conf_high: float
    n_panels: int | None


@dataclass(frozen=True)
class FeatureRow:
    """One feature of errors: in the data, its mean and deviation over drawn panels, whether it is kept."""

    outcome: str
    feature: str
    fitted: float
    drawn: float
    drawn_sd: float
    is_kept: bool


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
    n_panels : that were drawn with each effect
    effects : true effects of the exposure, outcome units per unit of exposure; zero first
    limits : in (0, 1), nominal coverage of the limits of shares
    rows : of panels with any of the effects
    """

    manifest: Manifest
    n_panels: int
    effects: tuple[float, ...]
    limits: float
    rows: tuple[CalibrationRow, ...]
    features: tuple[FeatureRow, ...]
    reductions: tuple[Reduction, ...]

    @property
    def effect(self) -> float:
        """The true effect of the panels: the first."""
        return self.effects[0]

    def each(self) -> Iterator[Calibration]:
        """Yield the calibration with each of its effects alone."""
        for effect in self.effects:
            rows = tuple(row for row in self.rows if row.effect == effect)
            yield replace(self, effects=(effect,), rows=rows)

    def of(self, outcome: str, finding: str) -> tuple[CalibrationRow, ...]:
        """Return one finding on one outcome, in the order of the table."""
        return tuple(row for row in self.rows if (row.outcome, row.finding) == (outcome, finding))

    def nominal(self, finding: str) -> float:
        """Return the share that is promised: of bands that hold the truth, or of gains that are none."""
        level = self.manifest.study.level
        return level if finding in BANDS else (1.0 - level) / 2.0

    def is_off(self, row: CalibrationRow) -> bool:
        """Return whether by the limits a band holds less than is promised, or a gain is found too often.

        A gain where the tested entities are known is none that is not there, so it is never off.
        """
        nominal = self.nominal(row.finding)
        if row.finding in BANDS:
            return row.conf_high < nominal
        knowing = {protocol.id for protocol in self.manifest.study.protocols if protocol.knows_entities}
        return row.finding in {VERDICT, GAIN} and row.protocol not in knowing and row.conf_low > nominal
