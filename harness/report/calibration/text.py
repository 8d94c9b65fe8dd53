"""What a calibration says, in sentences composed from its shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.findings.lines import POINTWISE, SIMULTANEOUS
from harness.language import gettext, marked
from harness.report.calibration.rows import GAIN, KINDS, VERDICT, Calibration, CalibrationRow, band_finding
from harness.text.numbers import count, percent, percent_interval, plain, significant
from harness.text.plain_text import capitalised, joined


def repeated(found: Calibration) -> str:
    """Return what was repeated and on what."""
    study, data = found.manifest.study, found.manifest.data
    exposure = study.label(study.exposure)
    truths = [
        gettext("an effect of {exposure} of {effect} per unit").format(
            exposure=exposure, effect=plain(effect)
        )
        if effect
        else gettext("no effect of {exposure} at all").format(exposure=exposure)
        for effect in found.effects
    ]
    form = gettext(" in a cheaper form, which a table below gives,") if found.reductions else ""
    return gettext(
        "The study “{title}” was repeated{form} on {n_panels} panels{n_truths} with {truths}. "
        "Each panel has the rows and regressors of the data ({title_2}: {n_obs} rows, "
        "{n_entities} entities, {n_periods} periods), but an outcome drawn from a linear truth: "
        "what the other regressors predict linearly, each entity's own level, shocks of periods "
        "and remainders, the three as those of the data with random signs. Nothing in these "
        "panels is nonlinear, turns, or differs between groups."
    ).format(
        title=study.title,
        form=form,
        n_panels=count(found.n_panels),
        n_truths=gettext(" each") if len(truths) > 1 else "",
        truths=joined(truths),
        title_2=data.title,
        n_obs=count(data.n_obs),
        n_entities=count(data.n_entities),
        n_periods=count(data.n_periods),
    )


FEATURES: Mapping[str, str] = {
    "share_entity": marked("share of variance between entities"),
    "share_period": marked("share of variance between periods"),
    "share_remainder": marked("share of variance left"),
    "autocorrelation": marked("autocorrelation within entities"),
    "correlation_between_entities": marked("correlation between entities within periods"),
    "kurtosis": marked("kurtosis"),
    "missing_rows": marked("share of rows that are missing"),
}
"""Features of errors in words."""


def kept(found: Calibration) -> tuple[str, ...]:
    """Return which features of the errors of the data the drawn panels have, a sentence an outcome."""
    study = found.manifest.study
    sentences = []
    for outcome in study.outcomes:
        rows = [row for row in found.features if row.outcome == outcome]
        having = [gettext(FEATURES[row.feature]) for row in rows if row.is_kept]
        losing = [
            gettext("{feature} ({fitted} in the data, {drawn} drawn)").format(
                feature=gettext(FEATURES[row.feature]),
                fitted=significant(row.fitted, 2),
                drawn=significant(row.drawn, 2),
            )
            for row in rows
            if not row.is_kept
        ]
        rest = gettext(" Not kept: {losing}.").format(losing=joined(losing)) if losing else ""
        if rows:
            sentences.append(
                gettext("{outcome}: kept are {having}.{rest}").format(
                    outcome=study.label(outcome), having=joined(having) or gettext("none"), rest=rest
                )
            )
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
            what = capitalised(gettext(words)) + (
                "" if kind == "effect" and found.effect else gettext(" that is not there")
            )
            named = [
                gettext("{label} in {share}").format(label=_label(found, row), share=share_text(row))
                for row in rows
            ]
            yield gettext("{what} was called established for {named} of panels.").format(
                what=what, named=joined(named)
            )


def _label(found: Calibration, row: CalibrationRow) -> str:
    return found.manifest.study.estimator_label(row.estimator)


def _verdicts(found: Calibration, outcome: str) -> Iterator[str]:
    rows = found.of(outcome, VERDICT)
    if rows:
        named = [
            gettext("{label} in {share} of panels").format(label=_label(found, row), share=share_text(row))
            for row in rows
        ]
        yield (
            gettext(
                "The verdict, which asks every protocol that keeps test rows apart and allows for "
                "the number of comparisons, called a gain over {reference_label} established for "
                "{named}."
            ).format(reference_label=found.manifest.study.reference_label, named=joined(named))
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
            gettext(
                "For entities never seen there is nothing to gain by; the interval of a single gain "
                "lay above zero most often for {most}; at most {nominal} is promised."
            ).format(most=_most(found, unknown), nominal=percent(found.nominal(GAIN)))
        )
    if known:
        yield (
            gettext(
                "Where the tested entities are known from training, recognising them is a gain "
                "without any nonlinearity; it was found most often for {most}."
            ).format(most=_most(found, known))
        )


def _most(found: Calibration, rows: Sequence[CalibrationRow]) -> str:
    most = max(rows, key=lambda row: row.share)
    if most.share == 0:
        return gettext("no estimator, in {share} of panels").format(share=share_text(most))
    protocol = found.manifest.study.protocol_title(most.protocol)
    return gettext("{label} under “{protocol}”, in {share} of panels").format(
        label=_label(found, most), protocol=protocol, share=share_text(most)
    )


def _effects(found: Calibration, outcome: str) -> Iterator[str]:
    """Yield how often a slope's simultaneous band excludes the truth somewhere."""
    rows = found.of(outcome, band_finding("slope", SIMULTANEOUS))
    if rows:
        what = (
            gettext("An effect that is not there")
            if found.effect == 0
            else gettext("An effect other than the true one")
        )
        named = [
            gettext("{label} in {share} {limits} of panels").format(
                label=_label(found, row),
                share=percent(1.0 - row.share),
                limits=percent_interval(1.0 - row.conf_high, 1.0 - row.conf_low),
            )
            for row in rows
        ]
        promised = percent(1.0 - found.manifest.study.level, 0)
        yield (
            gettext(
                "{what} was found somewhere on the slope by the simultaneous band of {named}; "
                "{promised} is promised."
            ).format(what=what, named=joined(named), promised=promised)
        )


def _bands(found: Calibration, outcome: str) -> Iterator[str]:
    """Yield what share of the curve the pointwise bands hold."""
    rows = found.of(outcome, band_finding("level", POINTWISE))
    if rows:
        named = [f"{_label(found, row)} {percent(row.share)}" for row in rows]
        yield (
            gettext(
                "The pointwise {level} bands held the true net effect curve on this share of it, on "
                "average: {named}."
            ).format(level=percent(found.manifest.study.level, 0), named=joined(named))
        )
