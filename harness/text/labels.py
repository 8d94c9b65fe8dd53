"""What a finding is about in a few words, for a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.tables.findings import FindingRow
from harness.text.context import Context
from harness.text.plain_text import listed

# By code of a finding; what it is of is in the parameters.
LABELS: Mapping[str, str] = {
    "no_effect": marked("Debiased effect: {reason}"),
    "linearity": marked("Nonlinearity (test)"),
    "curve_bend": marked("Nonlinearity of the curve, {estimator}"),
    "model_curve": marked("Slope of the curve, {estimator}"),
    "turning_point": marked("Turning point ({kind}), {estimator}"),
    "contrast": marked("{high} rather than {low}, {estimator}"),
    "group_difference": marked("{group} less {other}, {estimator}"),
    "sign_change": marked("Change of sign along {moderator}, {estimator}"),
    "threshold": marked("Thresholds in {moderator}, {estimator}"),
    "friedman_h": marked("Interaction with {moderator}, {estimator}"),
    "no_interaction": marked("Interaction with {moderator}, {estimator}"),
    "one_effect": marked("Difference between groups by {by}, {estimator}"),
}

# Parameters that these hold.
NAMED = ("reason", "kind", "high", "low", "group", "other", "moderator", "by")


def finding_label(row: FindingRow, study: StudyRecord) -> str:
    """Return what a finding is about, in the language in use."""
    parameters = json.loads(row.parameters)
    context = Context(study, row.outcome, row.estimator)
    if row.code == "debiased":
        return _effect(context, parameters, is_primary=row.is_primary)
    if row.code not in LABELS:
        return row.text
    return context.filled(LABELS[row.code], **{name: parameters.get(name, "") for name in NAMED})


def _effect(context: Context, parameters: Mapping[str, Any], *, is_primary: bool) -> str:
    """Return method and form of a debiased effect, and of what rows or along what it is."""
    study = context.study
    first = gettext("Primary effect") if is_primary else gettext("Effect")
    method, form = parameters["method"].replace("_", " "), parameters["form"]
    exposure = parameters["exposure"] if parameters["exposure"] != study.exposure else ""
    names = map(study.label, filter(None, (exposure, parameters.get("moderator"))))
    of = [*names, *filter(None, [parameters.get("group")])]
    return gettext("{effect}: {how}").format(
        effect=first,
        how=listed([gettext(method), gettext(form), study.estimator_label(parameters["learner"]), *of]),
    )
