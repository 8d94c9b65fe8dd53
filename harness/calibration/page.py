"""The page of a calibration: what was found that is not there, in sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

from harness.calibration import findings
from harness.findings.checks import CHECKS
from harness.language import marked, pgettext, rendered, spoken, topic
from harness.report import blocks as parts
from harness.report.page import PageSection, render_document
from harness.report.sections.record import provenance
from harness.text.numbers import count, percent, percent_interval, plain, significant
from harness.text.plain_text import capitalised, joined
from harness.text.render import in_words, with_text

gettext = topic("calibration.page")


# What the findings are, in the order of their groups.
HEADINGS: Mapping[str, str] = {
    findings.VERDICT: marked("Significant gain in the verdict, all honest protocols together"),
    **{name: words for name, words in findings.KINDS.items() if name != findings.VERDICT},
    **CHECKS,
    findings.GAIN: marked("Gain under one protocol significant"),
    findings.LOSS: marked("Loss under one protocol significant"),
    findings.CONDITIONAL_GAIN: marked("Gain under one protocol, conditional on the periods tested"),
    **dict.fromkeys(findings.BANDS, marked("True {kind} within its {band} band")),
}

# Features of errors in words.
FEATURES: Mapping[str, str] = {
    "share_entity": marked("share of variance between entities"),
    "share_period": marked("share of variance between periods"),
    "share_remainder": marked("residual share of variance"),
    "autocorrelation": marked("autocorrelation within entities"),
    "correlation_between_entities": marked("correlation between entities within periods"),
    "kurtosis": marked("kurtosis"),
    "missing_rows": marked("share of missing observations"),
}


def calibration_page(found: findings.Calibration, *, messages: Sequence[Path] = ()) -> str:
    """Return the page as one HTML document, in the language of the study; every name in it is escaped.

    Parameters
    ----------
    messages : folders of the plugins' catalogs
    """
    study = found.manifest.study
    with spoken(study.language, messages):
        own = replace(found, manifest=in_words(found.manifest))
        warning = gettext(
            "How often this study reports a finding where none exists. All outcomes here are "
            "simulated: no number describes the world."
        )
        head = (
            parts.Paragraph(
                (parts.Phrase(gettext("SIMULATED OUTCOMES."), "strong"), f" {warning}"), "banner"
            ),
            parts.Paragraph(repeated(own)),
        )
        title = gettext("Calibration: {title}").format(title=study.title)
        return render_document(title, head, list(_sections(own)), language=study.language)


def _sections(found: findings.Calibration) -> Iterator[PageSection]:
    yield PageSection("found", gettext("Findings"), tuple(found_blocks(found)))
    shares = [
        share_table(own, outcome, is_alone=len(found.effects) == 1)
        for own in found.each()
        for outcome in own.manifest.study.outcomes
    ]
    note = gettext(
        "Coloured: the limits exclude the nominal rate on the wrong side. For pointwise bands the "
        "share is the mean share of the supported curve; its limits treat each panel as covered "
        "wholly or not at all and are therefore wide. Gains where test entities also occur in "
        "training are not errors: the truth contains entity effects. Losses are not errors either: "
        "a flexible estimator can truly predict worse. Other findings count once per estimator. "
        "Numbers: calibration.csv; rates of false findings: error_rates.csv, which `harness run "
        "--calibrated` shows next to the findings of the study."
    )
    yield PageSection("shares", gettext("All rates"), (*shares, parts.SmallPrint(parts.rich(note))))
    note = gettext(
        "Entity effects and residuals change sign at random by entity, period shocks by period (as "
        "innovations of an AR(1)), so that variances, tails, serial correlation and common shocks "
        "are those of the data (two-way cluster bootstrap, Menzel 2021). Cross-sectional "
        "correlation beyond common shocks, for instance between neighbours, is not preserved. A "
        "feature counts as preserved if its mean over panels is within .05 of the data (kurtosis: "
        "10%), allowing for two standard errors. All numbers: calibration_features.csv."
    )
    kept = parts.Bullets(tuple(kept_features(found)))
    yield PageSection(
        "kept", gettext("Features of the data that the panels preserve"), (kept, parts.SmallPrint(note))
    )
    if found.reductions:
        note = gettext(
            "The rates refer to this simplified form. Fewer draws, steps and restarts make single "
            "findings less precise; rows, columns, estimators and protocols are those of the study."
        )
        blocks = (reduction_table(found.reductions), parts.SmallPrint(note))
        yield PageSection("form", gettext("Simplifications"), blocks)
    command = parts.Paragraph(parts.Phrase(found.manifest.command, "code"))
    yield PageSection("reproduce", gettext("How to reproduce"), (command, provenance(found.manifest)))


def effect_heading(found: findings.Calibration) -> str:
    """Return which effect the panels have."""
    if not found.effect:
        return gettext("No effect")
    study, words = found.manifest.study, gettext("An effect of {exposure} of {effect}")
    return words.format(exposure=study.label(study.exposure), effect=plain(found.effect))


def found_blocks(found: findings.Calibration) -> Iterator[parts.ReportBlock]:
    """Yield what was found on the panels with each true effect, outcome by outcome."""
    study = found.manifest.study
    for own in found.each():
        if len(found.effects) > 1:
            yield parts.Heading(effect_heading(own))
        for outcome in study.outcomes:
            if len(study.outcomes) > 1:
                yield parts.Heading(study.label(outcome), rank=4)
            rows = (row for row in findings.calibration_findings(own) if row.outcome == outcome)
            yield parts.Bullets(tuple(with_text(row, study, findings.TEXTS).text for row in rows))


def repeated(found: findings.Calibration) -> str:
    """Return what was repeated and on what."""
    study, data = found.manifest.study, found.manifest.data
    some = gettext("an effect of {exposure} of {effect} per unit")
    none = gettext("no effect of {exposure} at all")
    exposure = study.label(study.exposure)
    truths = [
        (some if effect else none).format(exposure=exposure, effect=plain(effect)) for effect in found.effects
    ]
    form = gettext(" in a simplified form (table below)") if found.reductions else ""
    return gettext(
        "The study “{title}” was repeated{form} on {n_panels} panels{n_truths} with {truths}. Each "
        "panel has the rows and regressors of the data ({title_2}: {n_obs} rows, {n_entities} "
        "entities, {n_periods} periods). Its outcome is simulated from a linear model: the linear "
        "prediction of the other regressors plus entity effects, period shocks and residuals, each "
        "taken from the data with random signs. By construction there is no nonlinearity, no "
        "turning point and no difference between groups."
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


def kept_features(found: findings.Calibration) -> Iterator[str]:
    """Yield which features of the errors of the data the drawn panels have, a sentence an outcome."""
    lost = gettext("{feature} (data {fitted}, panels {drawn})")
    for outcome in found.manifest.study.outcomes:
        kept: list[str] = []
        changed: list[str] = []
        for row in found.features:
            if row.outcome == outcome:
                feature = rendered(FEATURES[row.feature])
                fitted, drawn = significant(row.fitted, 2), significant(row.drawn, 2)
                own = feature if row.is_kept else lost.format(feature=feature, fitted=fitted, drawn=drawn)
                (kept if row.is_kept else changed).append(own)
        having, losing = joined(kept), joined(changed)
        if kept or changed:
            yield gettext("{outcome}: preserved: {having}.{rest}").format(
                outcome=found.manifest.study.label(outcome),
                having=having or gettext("none"),
                rest=gettext(" Not preserved: {losing}.").format(losing=losing) if losing else "",
            )


def share_table(found: findings.Calibration, outcome: str, *, is_alone: bool = True) -> parts.ReportTable:
    """Return the shares of all findings on one outcome, with what is promised of each."""
    study = found.manifest.study
    names = dict.fromkeys([*HEADINGS, *(row.finding for row in found.rows if row.outcome == outcome)])
    what = pgettext("text.list", ", ").join(
        [study.label(outcome), *([] if is_alone else [effect_heading(found)])]
    )
    caption = gettext("{what}: share of {n_panels} panels, with exact binomial {limits} limits")
    return parts.record_table(
        caption.format(what=what, n_panels=count(found.n_panels), limits=percent(found.limits, 0)),
        ((heading_of(name), found.of(outcome, name), _promised(found, outcome, name)) for name in names),
        (gettext("Estimator"), lambda row: study.estimator_label(row.estimator)),
        (
            parts.text_column(gettext("Protocol")),
            lambda row: "" if row.finding in findings.BANDS else study.protocol_title(row.protocol),
        ),
        (
            gettext("Share"),
            lambda row: parts.TableCell(percent(row.share), look="worse" if row.is_off else ""),
        ),
        (gettext("Limits"), lambda row: percent_interval(row.conf_low, row.conf_high)),
        (gettext("Nominal"), lambda _: ""),
        is_whole=True,
    )


def heading_of(finding: str) -> str:
    """Return the heading of a group; a finding that is not known has its own name."""
    words = rendered(HEADINGS.get(finding, finding))
    if finding in findings.BANDS:
        kind, band = findings.BANDS[finding]
        return words.format(kind=rendered(kind), band=rendered(band))
    if finding in findings.KINDS and finding != findings.VERDICT:
        return gettext("{words} significant").format(words=capitalised(words))
    return words


def _promised(found: findings.Calibration, outcome: str, finding: str) -> str:
    """Return the share that is promised of a group, where that is of any row."""
    promised = {row.nominal for row in found.of(outcome, finding) if isfinite(row.nominal)}
    if not promised:
        return ""
    nominal = percent(promised.pop())
    return nominal if finding in findings.BANDS else gettext("at most {nominal}").format(nominal=nominal)


def reduction_table(reductions: Sequence[findings.Reduction]) -> parts.ReportTable:
    """Return the options that are not as in the study."""
    return parts.record_table(
        gettext("Options that differ from the study"),
        [("", reductions)],
        (gettext("Part"), lambda row: row.part),
        (parts.text_column(gettext("Id")), lambda row: parts.code_cell(row.id)),
        (parts.text_column(gettext("Option")), lambda row: parts.code_cell(row.option)),
        (gettext("Study"), lambda row: row.in_study),
        (gettext("Here"), lambda row: row.here),
        is_whole=True,
    )
