"""One row of the table of findings: its key, what it says, and what stands against it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from harness.findings.sentence import NO_ESTIMATE, Estimate, Sentence, plain_data, to_json
from harness.tables.decision import SIGNIFICANT, UNTESTED, Decision
from harness.tables.findings import FindingRow, Screen
from harness.tables.table import NAN

# Order of codes among those of one part of the first screen.
RANKS: Mapping[str, int] = {
    "gain_verdict": 10,
    "only_estimator": 20,
    "lowest_errors": 30,
    "identified_effect": 5,
    "no_identified_effect": 5,
    "debiased_effect": 10,
    "no_effect": 10,
    "indirect_effect": 15,
    "within_effect": 20,
    "other_method": 30,
    "no_within_effect": 40,
    "for_whom": 45,
    "signs_differ": 10,
    "fragile": 20,
    "weak_selection": 22,
    "instrument_strength": 24,
    "linearity": 25,
    "recognised": 30,
    "base_rate": 35,
    "pooled_differs": 40,
    "as_registered": 5,
    "not_as_registered": 5,
    "leaked_outcome": 10,
    "no_result": 20,
    "selected_on_test_rows": 30,
    "printed_contradict": 40,
    "printed_contradict_if": 50,
    "few_entities_in_all": 60,
    "few_periods": 70,
    "lost_rows": 72,
    "few_clusters": 75,
    "unit_roots": 76,
    "little_residual_variation": 80,
    "weak_instruments": 90,
    "skewed": 100,
}

# Fewest entities with which intervals of debiased slopes were found to hold as often as they say.
ENTITIES_FOR_INTERVALS = 30


@dataclass(frozen=True)
class Blocking(Sentence):
    """What keeps a finding from being established."""

    is_blocking: ClassVar[bool] = True


@dataclass(frozen=True)
class FewEntities(Blocking):
    """That there are fewer entities than intervals were found to hold with."""

    n_entities: int
    least: int


def few_entities(n_entities: int | None) -> list[FewEntities]:
    """Return that there are fewer entities than intervals were found to hold with; nothing of None."""
    is_few = n_entities is not None and n_entities < ENTITIES_FOR_INTERVALS
    return [FewEntities(n_entities or 0, ENTITIES_FOR_INTERVALS)] * is_few


# Characters that separate parts of a key, and what stands for them within one.
ESCAPES = str.maketrans({"%": "%25", "/": "%2F", "=": "%3D", ",": "%2C", "\n": "%0A"})


def finding_key(finding: str, outcome: str, subject: Mapping[str, str]) -> str:
    """Return ``effect/co2/method=within/form=line`` from ids, those that are empty left out."""
    ids = (f"{name}={one.translate(ESCAPES)}" for name, one in subject.items() if one)
    return "/".join([finding, outcome.translate(ESCAPES), *ids])


@dataclass(frozen=True)
class SourceNumbers:
    """What a finding rests on, as its source row has it; NaN for what that lacks."""

    estimate: Estimate = NO_ESTIMATE
    p_value: float = NAN
    p_adjusted: float = NAN
    df: float = NAN
    least_detectable: float = NAN


NO_NUMBERS = SourceNumbers()


def finding(
    kind: str,
    sentence: Sentence,
    *,
    outcome: str,
    subject: Mapping[str, str],
    about: str = "",
    decision: Decision = UNTESTED,
    numbers: SourceNumbers = NO_NUMBERS,
    estimator: str = "",
    family: str = "",
    screen: Screen = "none",
    caveats: Sequence[Sentence] = (),
) -> FindingRow:
    """Return a finding that is not put into words.

    Parameters
    ----------
    kind : of finding, such as ``gain``
    subject : ids that tell it from others of its kind and outcome, in the order of its key
    about : the same for a reader
    caveats : what stands against it; it may be taken for something that is there where it is above or
        below zero and none blocks
    """
    value, low, high = numbers.estimate
    row = FindingRow(
        key=finding_key(kind, outcome, subject),
        outcome=outcome,
        estimator=estimator,
        finding=kind,
        code=sentence.code(),
        about=about,
        params=to_json(sentence),
        screen=screen,
        rank=RANKS.get(sentence.code()),
        decision=decision,
        is_established=decision in SIGNIFICANT,
        estimate=value,
        conf_low=low,
        conf_high=high,
        p_value=numbers.p_value,
        p_adjusted=numbers.p_adjusted,
        df=numbers.df,
        least_detectable=numbers.least_detectable,
        family=family,
    )
    return with_caveats(row, caveats)


def with_caveats(row: FindingRow, caveats: Iterable[Sentence]) -> FindingRow:
    """Return a finding with more that stands against it."""
    more = [
        {"code": one.code(), "params": plain_data(one), "is_blocking": one.is_blocking} for one in caveats
    ]
    if not more:
        return row
    return replace(
        row,
        caveats=to_json([*json.loads(row.caveats), *more]),
        is_established=row.is_established and not any(one["is_blocking"] for one in more),
    )


def caveats_of(row: FindingRow) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield code and parameters of each sentence that stands against a finding."""
    for one in json.loads(row.caveats):
        yield one["code"], one["params"]
