"""A study repeated on panels whose truth is known: how often it found what, as rows and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from harness.findings.lines import POINTWISE, SIMULTANEOUS
from harness.language import gettext, marked
from harness.record.manifest import Manifest
from harness.text.numbers import percent, percent_interval
from harness.text.plain_text import capitalised

VERDICT = "gain"
GAIN = "gain established"
LOSS = "loss established"
P_VALUE = "p-value below 0.05"

KINDS: Mapping[str, str] = {
    VERDICT: marked("a gain"),
    "effect": marked("an effect"),
    "nonlinearity": marked("a nonlinearity"),
    "turning_point": marked("a turning point"),
    "contrast": marked("a contrast"),
    "group_difference": marked("a difference between groups"),
    "sign_change": marked("a change of sign along a moderator"),
    "threshold": marked("a threshold along a moderator"),
}
"""Kinds of findings as ``findings.csv`` has them, in words."""


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
        """The true effect that is spoken of: the first."""
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


HEADINGS: Mapping[str, str] = {
    VERDICT: marked("Gain called established by the verdict, all honest protocols together"),
    **{name: words for name, words in KINDS.items() if name != VERDICT},
    GAIN: marked("Interval of a single gain above zero"),
    LOSS: marked("Interval of a single gain below zero"),
    P_VALUE: marked("P-value of a single gain below 0.05"),
    **dict.fromkeys(BANDS, marked("Truth of the {kind} inside its {band} band")),
}
"""What the findings are, in the order of their groups."""


def heading_of(finding: str) -> str:
    """Return the heading of a group; a finding that is not known has its own name."""
    words = gettext(HEADINGS.get(finding, finding))
    if finding in BANDS:
        kind, band = BANDS[finding]
        return words.format(kind=gettext(kind), band=gettext(band))
    if finding in KINDS and finding != VERDICT:
        return gettext("{words} called established").format(words=capitalised(words))
    return words


@dataclass(frozen=True)
class CalibrationTableRow:
    """One finding of one estimator in words; `is_off` where the limits exclude what is promised."""

    label: str
    place: str
    share: str
    limits: str
    is_off: bool


@dataclass(frozen=True)
class CalibrationGroup:
    """One finding; `promised` is what share of panels it is to have, or at most."""

    heading: str
    promised: str
    rows: tuple[CalibrationTableRow, ...]


def calibration_groups(found: Calibration, outcome: str) -> tuple[CalibrationGroup, ...]:
    """Return the findings on one outcome."""
    names = dict.fromkeys(row.finding for row in found.rows if row.outcome == outcome)
    return tuple(
        CalibrationGroup(
            heading=heading_of(name),
            promised=_promised(found, name),
            rows=tuple(_row(found, row) for row in found.of(outcome, name)),
        )
        for name in (
            *(name for name in HEADINGS if name in names),
            *(name for name in names if name not in HEADINGS),
        )
    )


def _promised(found: Calibration, finding: str) -> str:
    if finding in BANDS:
        return percent(found.nominal(finding))
    return (
        gettext("at most {nominal}").format(nominal=percent(found.nominal(finding)))
        if finding in {VERDICT, GAIN}
        else ""
    )


def _row(found: Calibration, row: CalibrationRow) -> CalibrationTableRow:
    study = found.manifest.study
    return CalibrationTableRow(
        label=study.estimator_label(row.estimator),
        place="" if row.finding in BANDS else study.protocol_title(row.protocol),
        share=percent(row.share),
        limits=percent_interval(row.conf_low, row.conf_high),
        is_off=is_off(found, row),
    )


def is_off(found: Calibration, row: CalibrationRow) -> bool:
    """Return whether the limits say that a band holds less than is promised, or a gain is found too often.

    A gain where the tested entities are known is none that is not there, so it is never off.
    """
    nominal = found.nominal(row.finding)
    if row.finding in BANDS:
        return row.conf_high < nominal
    knowing = {protocol.id for protocol in found.manifest.study.protocols if protocol.knows_entities}
    return row.finding in {VERDICT, GAIN} and row.protocol not in knowing and row.conf_low > nominal
