"""What a calibration says, in sentences composed from its shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.report.calibration.rows import GAIN, KINDS, VERDICT, Calibration, CalibrationRow, band_finding
from harness.report.model.bands import POINTWISE, SIMULTANEOUS
from harness.report.text.numbers import count, percent, percent_interval, plain, significant
from harness.report.text.plain_text import capitalised, joined


def repeated(found: Calibration) -> str:
    """Return what was repeated and on what."""
    study, data = found.manifest.study, found.manifest.data
    exposure = study.label(study.exposure)
    truths = [
        f"an effect of {exposure} of {plain(effect)} per unit"
        if effect
        else f"no effect of {exposure} at all"
        for effect in found.effects
    ]
    form = " in a cheaper form, which a table below gives," if found.reductions else ""
    return (
        f"The study “{study.title}” was repeated{form} on "
        f"{count(found.n_panels)} panels{' each' if len(truths) > 1 else ''} with {joined(truths)}. Each "
        f"panel has the rows and regressors of the data ({data.title}: {count(data.n_obs)} rows, "
        f"{count(data.n_entities)} entities, {count(data.n_periods)} periods), but an outcome drawn from a "
        "linear truth: what the other regressors predict linearly, each entity's own level, shocks of "
        "periods and remainders, the three as those of the data with random signs. Nothing in these panels "
        "is nonlinear, turns, or differs between groups."
    )


FEATURES: Mapping[str, str] = {
    "share_entity": "share of variance between entities",
    "share_period": "share of variance between periods",
    "share_remainder": "share of variance left",
    "autocorrelation": "autocorrelation within entities",
    "correlation_between_entities": "correlation between entities within periods",
    "kurtosis": "kurtosis",
    "missing_rows": "share of rows that are missing",
}
"""Features of errors in words."""


def kept(found: Calibration) -> tuple[str, ...]:
    """Return which features of the errors of the data the drawn panels have, a sentence an outcome."""
    study = found.manifest.study
    sentences = []
    for outcome in study.outcomes:
        rows = [row for row in found.features if row.outcome == outcome]
        having = [FEATURES[row.feature] for row in rows if row.is_kept]
        losing = [
            f"{FEATURES[row.feature]} ({significant(row.fitted, 2)} in the data, "
            f"{significant(row.drawn, 2)} drawn)"
            for row in rows
            if not row.is_kept
        ]
        rest = f" Not kept: {joined(losing)}." if losing else ""
        if rows:
            sentences.append(f"{study.label(outcome)}: kept are {joined(having) or 'none'}.{rest}")
    return tuple(sentences)


def calibrated(found: Calibration, outcome: str) -> tuple[str, ...]:
    """Return what was found on one outcome that is not there, and what the bands hold."""
    return (
        *_kinds(found, outcome),
        *_verdicts(found, outcome),
        *_gains(found, outcome),
        *_effects(found, outcome),
        *_bands(found, outcome),
    )


def share_text(row: CalibrationRow) -> str:
    """Return "2.0% [0.1, 10.6]"."""
    return f"{percent(row.share)} {percent_interval(row.conf_low, row.conf_high)}".strip()


def _kinds(found: Calibration, outcome: str) -> Iterator[str]:
    """Yield how often each kind of finding but gains was made: in error, or an effect where there is one."""
    for kind, words in KINDS.items():
        rows = found.of(outcome, kind) if kind != VERDICT else ()
        if rows:
            what = capitalised(words) + ("" if kind == "effect" and found.effect else " that is not there")
            named = [f"{_label(found, row)} in {share_text(row)}" for row in rows]
            yield f"{what} was called established for {joined(named)} of panels."


def _label(found: Calibration, row: CalibrationRow) -> str:
    return found.manifest.study.estimator_label(row.estimator)


def _verdicts(found: Calibration, outcome: str) -> Iterator[str]:
    rows = found.of(outcome, VERDICT)
    if rows:
        named = [f"{_label(found, row)} in {share_text(row)} of panels" for row in rows]
        yield (
            f"The verdict, which asks every protocol that keeps test rows apart and allows for the number of "
            f"comparisons, called a gain over {found.manifest.study.reference_label} established for "
            f"{joined(named)}."
        )


def _gains(found: Calibration, outcome: str) -> Iterator[str]:
    """Yield the most frequent gain under protocols that hide the tested entities, and under the others."""
    study = found.manifest.study
    rows = found.of(outcome, GAIN)
    hidden = [protocol.id for protocol in study.protocols if not protocol.knows_entities]
    unknown = [row for row in rows if row.protocol in hidden]
    known = [row for row in rows if row.protocol not in hidden]
    if unknown:
        yield (
            "For entities never seen there is nothing to gain by; the interval of a single gain lay above "
            f"zero most often for {_most(found, unknown)}; at most {percent(found.nominal(GAIN))} is "
            "promised."
        )
    if known:
        yield (
            "Where the tested entities are known from training, recognising them is a gain without any "
            f"nonlinearity; it was found most often for {_most(found, known)}."
        )


def _most(found: Calibration, rows: Sequence[CalibrationRow]) -> str:
    most = max(rows, key=lambda row: row.share)
    if most.share == 0:
        return f"no estimator, in {share_text(most)} of panels"
    protocol = found.manifest.study.protocol_title(most.protocol)
    return f"{_label(found, most)} under “{protocol}”, in {share_text(most)} of panels"


def _effects(found: Calibration, outcome: str) -> Iterator[str]:
    """Yield how often a slope's simultaneous band excludes the truth somewhere."""
    rows = found.of(outcome, band_finding("slope", SIMULTANEOUS))
    if rows:
        what = "An effect that is not there" if found.effect == 0 else "An effect other than the true one"
        named = [
            f"{_label(found, row)} in {percent(1.0 - row.share)} "
            f"{percent_interval(1.0 - row.conf_high, 1.0 - row.conf_low)} of panels"
            for row in rows
        ]
        promised = percent(1.0 - found.manifest.study.level, 0)
        yield (
            f"{what} was found somewhere on the slope by the simultaneous band of {joined(named)}; "
            f"{promised} is promised."
        )


def _bands(found: Calibration, outcome: str) -> Iterator[str]:
    """Yield what share of the curve the pointwise bands hold."""
    rows = found.of(outcome, band_finding("level", POINTWISE))
    if rows:
        named = [f"{_label(found, row)} {percent(row.share)}" for row in rows]
        yield (
            f"The pointwise {percent(found.manifest.study.level, 0)} bands held the true net effect curve on "
            f"this share of it, on average: {joined(named)}."
        )
