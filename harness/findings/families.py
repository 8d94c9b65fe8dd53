"""Families of findings: p-values adjusted over rows, and what they say then, once all of a run are there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.findings.rules.for_whom import ForWhom
from harness.findings.rules.headline import IdentifiedEffect
from harness.findings.rules.linearity import Linearity
from harness.findings.rules.within import WithinEffect
from harness.findings.sentence import from_json, to_json
from harness.record.decisions import holm
from harness.record.manifest import StudyRecord
from harness.tables.decision import (
    SIGNIFICANT,
    UNTESTED,
    decide,
    decide_test,
    family_name,
    family_size,
    size_of,
)
from harness.tables.findings import OF_OUTCOMES, FindingRow
from harness.tables.table import NAN

# What else is said of the exposure next to a headline that is not significant is tested, all together, at
# this share of one less the level.
EXPLORATORY_SHARE = 0.2

# Family of that.
EXPLORATORY = "exploratory"

# Sentences that a family decides on, by their codes.
Adjusted = IdentifiedEffect | WithinEffect | ForWhom | Linearity
ADJUSTED: dict[str, type[Adjusted]] = {
    kind.code(): kind for kind in (IdentifiedEffect, WithinEffect, ForWhom, Linearity)
}

# Codes of headlines; an effect within entities is one where it is alone.
HEADLINES = frozenset({"identified_effect", "debiased_effect", "within_effect"})


def adjusted(rows: Sequence[FindingRow], study: StudyRecord) -> Iterator[FindingRow]:
    """Yield findings on outcomes, those of a family by their p-value adjusted for it and their interval.

    Headlines of all outcomes are one family (Holm 1979); one without a p-value is in none. What else is said
    of the exposure is one of each outcome, see `_exploratory`. Debiased effects and indirect ones are in
    families already, gains in those of their estimators.
    """
    families: dict[str, list[FindingRow]] = {}
    for row in rows:
        if _is_headline(row) and row.code != "debiased_effect" and math.isfinite(row.p_value):
            families.setdefault(row.key.split("/", 2)[2], []).append(row)
    family, changed = family_name(OF_OUTCOMES, len(study.outcomes)), dict[str, FindingRow]()
    for members in families.values():
        for row, p_value in zip(members, holm(row.p_value for row in members), strict=True):
            changed[row.key] = _decided(row, p_value, family, study)
    of_outcome: dict[str, list[FindingRow]] = {}
    for row in rows:
        of_outcome.setdefault(row.outcome, []).append(changed.get(row.key, row))
    for own in of_outcome.values():
        changed |= {row.key: row for row in _exploratory(own, study)}
    yield from (changed.get(row.key, row) for row in rows)


def _is_headline(row: FindingRow) -> bool:
    """Return whether a row is the headline effect of its outcome."""
    is_first = row.screen == "effect" and row.code in HEADLINES
    return is_first and (row.code != "within_effect" or from_json(WithinEffect, row.params).is_alone)


def _exploratory(rows: Sequence[FindingRow], study: StudyRecord) -> Iterator[FindingRow]:
    """Yield what is said of the exposure next to the headline of an outcome, decided as one family.

    These are the effect within entities where another comes first, tests of linearity with fixed effects, and
    for whom the effect differs. The headline is tested first, with the whole size, and passes it on (as in
    the fallback procedure of Wiens 2003). Where it is significant, or there is none, the others have the size
    (Holm 1979), but for that within entities, a second answer to the same question, which needs no adjusting.
    Else all of them together have `EXPLORATORY_SHARE` of it. So anything false is said of an exposure without
    an effect on at most 1.2 times the size of all panels, and where the headline is true on at most the size.
    """
    headlines = {row.key: row for row in rows if _is_headline(row)}
    tested = [row for row in headlines.values() if row.decision != UNTESTED]
    is_free = not tested or any(row.is_established for row in tested)
    within = [row for row in rows if row.code == WithinEffect.code() and row.key not in headlines]
    others = [
        row
        for row in rows
        if row.code == ForWhom.code() or (row.code == Linearity.code() and not row.estimator)
    ]
    for members in (within, others) if is_free else ([*within, *others],):
        share = 1.0 if is_free else EXPLORATORY_SHARE
        p_values = holm(row.p_value if row.code != ForWhom.code() else row.p_adjusted for row in members)
        family = family_name(EXPLORATORY, sum(map(math.isfinite, p_values)))
        for row, p_value in zip(members, p_values, strict=True):
            if math.isfinite(p_value):
                yield _decided(row, min(1.0, p_value / share), family, study)
            elif not is_free:
                # A slope of a curve has an interval alone.
                yield replace(row, is_established=False)


def _decided(row: FindingRow, p_value: float, family: str, study: StudyRecord) -> FindingRow:
    """Return a finding as its adjusted p-value has it, and its interval where it has one."""
    size, numbers = size_of(study.level), (row.estimate, row.conf_low, row.conf_high, p_value)
    is_test = row.code == Linearity.code()
    decision = decide_test(p_value, size=size) if is_test else decide(*numbers, by="both", size=size)
    is_significant = decision in SIGNIFICANT
    sentence = replace(
        from_json(ADJUSTED[row.code], row.params),
        is_significant=is_significant,
        p_adjusted=p_value,
        n_family=family_size(family),
    )
    if isinstance(sentence, IdentifiedEffect):
        sentence = replace(sentence, least_detectable=NAN if is_significant else row.least_detectable)
    return replace(
        row,
        params=to_json(sentence),
        screen="none" if is_test and not is_significant else row.screen,
        decision=decision,
        p_adjusted=p_value,
        family=family,
        is_established=row.is_established and is_significant,
    )
