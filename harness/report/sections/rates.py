"""How often sentences such as those of the findings are false, on simulated panels of the same shape."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from harness.findings.gain import kind_of
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Paragraph, ReportBlock
from harness.report.table import RecordColumn, record_table
from harness.tables.findings import ERROR_RATES, FINDINGS, ErrorRateRow
from harness.text import numbers
from harness.text.plain_text import capitalised, joined

# Kinds of findings in words, those of calibrations among them.
RATED: Mapping[str, str] = {
    "gain": marked("gain for new entities"),
    "gain_forward": marked("gain over fixed effects, forward in time"),
    "gain_over_fixed_effects": marked("gain over fixed effects, same entities"),
    "primary_effect": marked("primary effect"),
    "secondary_effect": marked("secondary effect"),
    "effect": marked("debiased effect"),
    "mediation": marked("indirect effect"),
    "nonlinearity": marked("nonlinearity, test within entities"),
    "bend": marked("nonlinearity of a model's curve"),
    "model_curve": marked("slope of a model's curve"),
    "turning_point": marked("turning point"),
    "group_difference": marked("difference between groups"),
    "contrast": marked("contrast"),
    "interaction": marked("interaction"),
    "sign_change": marked("change of sign"),
    "threshold": marked("threshold"),
}

# Features of a panel's shape in words.
FEATURES: Mapping[str, str] = {
    "entities": marked("number of entities"),
    "periods": marked("number of periods"),
    "autocorrelation": marked("autocorrelation of residuals"),
    "tails": marked("tails of residuals"),
    "between": marked("share of the exposure's variance between entities"),
}


def rate_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the error rates of the kinds of findings, the highest of all outcomes, or why there are none."""
    study, rates = run.manifest.study, run.rows(ERROR_RATES)
    made = {kind_of(row, study) for row in run.rows(FINDINGS)}
    if "gain_over_fixed_effects" in made and any(one.use == "forward" for one in study.protocols):
        made.add("gain_forward")
    outside = {row.outcome: row.outside for row in rates if row.outside}
    if outside:
        names = dict.fromkeys(name for features in outside.values() for name in features.split(", "))
        words = gettext(
            "No error rates of {outcomes}: the panel lies outside the simulated shapes ({features})."
        )
        features = joined([gettext(FEATURES[name]) for name in names])
        yield Paragraph(
            words.format(outcomes=joined([*map(study.label, outside)]), features=features), "note"
        )
    highest: dict[tuple[str, str], ErrorRateRow] = {}
    for row in sorted(rates, key=lambda row: -row.conf_high):
        if not row.outside and (not row.nearest or row.finding in made):
            highest.setdefault((row.estimator, row.finding), row)
    shown = [
        highest[key] for key in dict.fromkeys((row.estimator, row.finding) for row in rates) if key in highest
    ]
    if not shown:
        return
    columns: list[RecordColumn[ErrorRateRow]] = [
        RecordColumn(gettext("Finding"), cell=lambda row: _rated(run, row)),
        RecordColumn(gettext("False"), cell=lambda row: numbers.percent(row.error_rate, 0)),
        RecordColumn(gettext("Upper 95 % limit"), cell=lambda row: numbers.percent(row.conf_high, 0)),
    ]
    if any(math.isfinite(row.power) for row in shown):
        found = gettext("Found where it is true")
        columns.append(RecordColumn(found, cell=lambda row: numbers.percent(row.power, 0)))
    caption = gettext(
        "How often such a sentence is false: share of simulated panels of this shape without an effect"
    )
    yield record_table(caption, columns, shown)


def _rated(run: Run, row: ErrorRateRow) -> str:
    is_bend = row.finding == "nonlinearity" and row.estimator
    kind = capitalised(gettext(RATED["bend" if is_bend else row.finding]))
    if not row.estimator:
        return kind
    label = run.manifest.study.estimator_label(row.estimator)
    return gettext("{label}: {kind}").format(label=label, kind=kind)
