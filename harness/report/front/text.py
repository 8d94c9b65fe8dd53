"""The sentences of the first screen, from the rows of the table of findings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from harness.findings.run import Run
from harness.language import gettext
from harness.record.manifest import DataRecord
from harness.record.study import StudyRecord
from harness.report.sections.section import featured
from harness.tables.findings import FINDINGS, FindingRow
from harness.text.numbers import count, percent, percent_interval
from harness.text.plain_text import joined

GAIN, EFFECT, CONTRAST, SIGN_CHANGE = "gain", "effect", "contrast", "sign_change"
EFFECTS = (EFFECT, CONTRAST)


def shape(study: StudyRecord, data: DataRecord) -> str:
    """Return the shape of the panel on one line."""
    return gettext(
        "{n_entities} entities ({entity}) × {n_periods} periods ({first_period} to "
        "{last_period}), {n_obs} rows"
    ).format(
        n_entities=count(data.n_entities),
        entity=study.label(study.entity),
        n_periods=count(data.n_periods),
        first_period=data.first_period,
        last_period=data.last_period,
        n_obs=count(data.n_obs),
    )


def gain_sentence(run: Run, outcome: str) -> str:
    """Return which estimators are established to predict an outcome better than the study's reference.

    With each stands its least gain under the protocols that keep test rows apart, as its finding has it.
    """
    study = run.manifest.study
    over = study.reference_label
    if len(study.estimators) == 1:
        return gettext("{over} is the only estimator; nothing is compared.").format(over=over)
    found = [
        row
        for row in run.rows(FINDINGS)
        if (row.outcome, row.finding, row.about) == (outcome, GAIN, study.reference) and row.estimator
    ]
    if not any(math.isfinite(row.estimate) for row in found):
        return gettext("no gain over {over} could be computed.").format(over=over)
    apart = [protocol for protocol in study.protocols if protocol.keeps_test_rows_apart]
    if not apart:
        return gettext(
            "no gain over {over} can be established: test rows take part in fitting under every protocol."
        ).format(over=over)
    better = [row for row in found if row.is_established]
    if not better:
        return gettext("no estimator is established to predict better than {over}.").format(over=over)
    named = joined([_named(study, row) for row in better])
    unseen = gettext(", entities never seen not tested") if all(one.knows_entities for one in apart) else ""
    return gettext("better than {over}: {named} at least{unseen}.").format(
        over=over, named=named, unseen=unseen
    )


def _named(study: StudyRecord, row: FindingRow) -> str:
    number = f"{percent(row.estimate)} {percent_interval(row.conf_low, row.conf_high)}".strip()
    return gettext("{estimator} by {number}").format(
        estimator=study.estimator_label(row.estimator), number=number
    )


def effect_sentence(run: Run, outcome: str) -> str:
    """Return one finding on the effect, established ones first, or an empty string where there is none.

    A debiased effect of the study's exposure comes before what the leading estimator says of it: whether its
    curve or contrasts move, and where none does, whether a moderator changes the sign. Effects of other
    variables come last.
    """
    study = run.manifest.study
    rows = [row for row in run.rows(FINDINGS) if row.outcome == outcome]
    own = [row for row in rows if study.exposure_of(_scenario(row)) == study.exposure]
    leading = [entry.id for entry in featured(run)[:1]]
    return (
        _first(_debiased(own))
        or _first(row for row in own if row.estimator in leading and row.finding in (*EFFECTS, SIGN_CHANGE))
        or _first(_debiased(rows))
    )


def _scenario(row: FindingRow) -> str:
    """Return the scenario that a finding on an effect is of."""
    return re.split("[:,]", row.about, maxsplit=1)[0]


def _debiased(rows: Iterable[FindingRow]) -> Iterator[FindingRow]:
    return (row for row in rows if row.finding in EFFECTS and not row.estimator)


def _first(rows: Iterable[FindingRow]) -> str:
    ordered = sorted(rows, key=lambda row: not row.is_established)
    return ordered[0].text if ordered else ""
