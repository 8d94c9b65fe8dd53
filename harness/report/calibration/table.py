"""The table of a calibration: a group of rows for each finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.language import gettext, marked
from harness.report.calibration.rows import (
    BANDS,
    GAIN,
    KINDS,
    LOSS,
    P_VALUE,
    VERDICT,
    Calibration,
    CalibrationRow,
)
from harness.report.text.numbers import percent, percent_interval
from harness.report.text.plain_text import capitalised

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
