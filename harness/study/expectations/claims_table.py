"""The table ``claims``: published, recomputed from the other claims, found here, and how it stands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import pandas as pd

from harness.language import Coded, all_of, in_series, marked
from harness.study.expectations import consistency
from harness.study.expectations.claim import Claim, ComparedClaim, Counterparts, Identity, PrintedClaim
from harness.study.expectations.consistency import Finding, Numbered
from harness.study.expectations.curve_claim import DirectionClaim, LevelClaim
from harness.study.expectations.lookup import RunTables, RunValue, truth_of
from harness.study.spec.printed import Interval
from harness.study.spec.study import Study
from harness.tables.claims import ASSUMING, CLAIMS, FINDS, IF_ROUNDED, INCONSISTENT, INVENTS, MISSES, UNJUDGED
from harness.tables.table import coded

# How a curve goes, by its direction and by whether it is known how far.
COURSES = {
    ("falling", True): marked("{outcome} falls by {size} {where}"),
    ("falling", False): marked("{outcome} falls {where}"),
    ("rising", True): marked("{outcome} rises by {size} {where}"),
    ("rising", False): marked("{outcome} rises {where}"),
}


@dataclass(frozen=True)
class Tied:
    """Outcomes whose curves change by the same factors while the columns in `held` are held fixed."""

    outcomes: frozenset[str]
    held: frozenset[str]


def tied_outcomes(identities: Iterable[Identity], outcomes: frozenset[str]) -> Sequence[Tied]:
    """Return the groups of outcomes that are tied directly or through a third one.

    Parameters
    ----------
    outcomes : of the study; the other factors of an identity are held
    """
    groups: list[Tied] = []
    for identity in identities:
        factors = frozenset(identity.of)
        group = Tied(frozenset({identity.product}) | factors & outcomes, factors - outcomes)
        apart = [other for other in groups if not other.outcomes & group.outcomes]
        for other in groups:
            if other not in apart:
                group = Tied(group.outcomes | other.outcomes, group.held | other.held)
        groups = [*apart, group]
    return groups


@dataclass(frozen=True)
class Stretch:
    """Two published points of a curve, the lesser exposure first."""

    start: LevelClaim
    end: LevelClaim

    @property
    def ends(self) -> tuple[float, float]:
        """The exposures of the two points."""
        return self.start.at, self.end.at

    @property
    def factor(self) -> Interval:
        """What level at the end over level at the start can be; the start's level must be above zero."""
        start, end = self.start.meant, self.end.meant
        return Interval(end.low / start.high, end.high / start.low)

    @property
    def change(self) -> float:
        """Relative change, as printed."""
        return self.end.value / self.start.value - 1.0


@dataclass(frozen=True)
class PublishedCurve:
    """What was published about the net effect curve of one outcome, as one estimator gave it.

    Bounds ("at least 885") do not say how a curve goes, nor do levels that may be zero or less: a curve can
    change by a factor only where it is positive.

    Attributes
    ----------
    claims : that say how the curve goes, by their positions among those of the study
    """

    outcome: str
    estimator: str
    claims: dict[int, LevelClaim | DirectionClaim]

    @property
    def directions(self) -> list[DirectionClaim]:
        """Where it falls and rises."""
        return [claim for claim in self.claims.values() if isinstance(claim, DirectionClaim)]

    @property
    def stretches(self) -> list[Stretch]:
        """Every pair of points at different exposures."""
        levels = (claim for claim in self.claims.values() if isinstance(claim, LevelClaim))
        pairs = combinations(sorted(levels, key=lambda level: level.at), 2)
        return [Stretch(start, end) for start, end in pairs if start.at < end.at]

    def course(self, direction: DirectionClaim) -> str:
        """Return how the curve goes in a direction, in numbers where points lie at both ends."""
        known = next((stretch for stretch in self.stretches if stretch.ends == direction.between), None)
        size = "" if known is None else f"{100 * abs(known.change):.0f}%"
        message, where = COURSES[direction.kind, known is not None], _between(*direction.between)
        return Coded(message, outcome=self.outcome, size=size, where=where)


def _between(start: float, end: float) -> str:
    return Coded("between {start} and {end}", start=f"{start:g}", end=f"{end:g}")


def _published_curves(claims: Sequence[Claim]) -> list[PublishedCurve]:
    curves: dict[tuple[str, str], PublishedCurve] = {}
    for at, claim in enumerate(claims):
        if isinstance(claim, LevelClaim) and (claim.bound is not None or claim.meant.low <= 0):
            continue
        if isinstance(claim, LevelClaim | DirectionClaim):
            place = (claim.outcome, claim.estimator)
            curves.setdefault(place, PublishedCurve(*place, {})).claims[at] = claim
    return list(curves.values())


# Whether two curves agree on one thing, as far as their numbers were printed, and what each does there.
Comparison = tuple[bool, str]


def _comparisons(curve: PublishedCurve, other: PublishedCurve) -> Iterator[Comparison]:
    """Yield what two curves of one log-slope say about the same stretches of the exposure."""
    for direction, another in product(curve.directions, other.directions):
        low, high = zip(direction.between, another.between, strict=True)
        if max(low) < min(high):
            yield direction.kind == another.kind, _both(curve.course(direction), other.course(another))
    for stretch, along in product(curve.stretches, other.stretches):
        if stretch.ends == along.ends:
            where = _between(*stretch.ends)
            message = marked("{name} changes by {change} % {where}")
            courses = (
                Coded(message, name=one.outcome, change=f"{100 * own.change:+.1f}", where=where)
                for one, own in ((curve, stretch), (other, along))
            )
            yield stretch.factor.meets(along.factor), _both(*courses)


def _both(one: str, two: str) -> str:
    return Coded("{one}, while {two}", one=one, two=two)


def identity_findings(claims: Sequence[Claim], ties: Sequence[Tied]) -> Iterator[Numbered]:
    """Yield a finding for every claim that draws a curve which a tied curve can be compared with."""
    curves = _published_curves(claims)
    for curve, tied in product(curves, ties):
        others = [
            other
            for other in curves
            if other.estimator == curve.estimator
            and other.outcome != curve.outcome
            and {curve.outcome, other.outcome} <= tied.outcomes
        ]
        comparisons = [found for other in others for found in _comparisons(curve, other)]
        if comparisons:
            finding = _finding(comparisons, tied)
            yield from ((at, finding) for at in curve.claims)


def _finding(comparisons: Sequence[Comparison], tied: Tied) -> Finding:
    """Return the worst of several comparisons: all must hold."""
    agree, courses = min(comparisons, key=lambda comparison: comparison[0])
    held = all_of(sorted(tied.held))
    verdict = (
        marked("they do")
        if agree
        else marked("not under a single effect; possible if effects differ between entities")
    )
    rule = Coded(
        "holding {held} fixed and with one effect for all entities, both change by the same factor", held=held
    )
    reason = in_series((courses, Coded("{where}: {what}", where=rule, what=verdict)))
    return Finding("identity", agree, reason, assumption="one effect for all entities")


# Share of the way on which a published direction holds.
HOLDS_THROUGHOUT = 1.0

# The status of a claim, one of those of `harness.findings`, and why, in one or two sentences.
Standing = tuple[str, str]


def claims_table(study: Study, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row for every claim of a study, in the order of the spec.

    Parameters
    ----------
    tables : of the run; those named in `harness.study.expectations.curve_claim.SOURCES`
    """
    return pd.DataFrame(map(coded, _rows(study, RunTables(tables, column_labels(study)))))


def completed_claims(study: Study) -> list[Claim]:
    """Return the claims of a study, with its reference and first protocol where they name none."""
    reference, protocol = study.evaluation.reference, study.evaluation.protocols[0].id
    return [claim.completed(reference=reference, protocol=protocol) for claim in study.claims]


def _rows(study: Study, run: RunTables) -> Iterator[dict[str, Any]]:
    findings, truth = check_all(study), truth_of(run)
    for at, claim in enumerate(completed_claims(study)):
        found, finding, true = claim.look_up(run), findings.get(at), claim.look_up(truth)
        status, reason = status_of(claim, found, finding=finding, data_are_published=study.data_are_published)
        yield {
            **_keys(claim),
            "published": claim.value if isinstance(claim, PrintedClaim) else HOLDS_THROUGHOUT,
            "digits": claim.n_decimals if isinstance(claim, PrintedClaim) else None,
            **_recomputed(finding),
            "this_run": found.value,
            **counterpart_columns(claim, study.counterparts, run, true),
            "truth": true.value,
            "verdict": verdict_of(claim, found, true),
            "status": status,
            "reason": reason,
            "about": claim.labelled(run.labels).describe(),
        }


def column_labels(study: Study) -> Mapping[str, str]:
    """Return the labels of columns, of those whose label no other column has."""
    labels = {name: variable.label for name, variable in study.variables.items() if variable.label}
    counts = Counter(labels.values())
    return {name: label for name, label in labels.items() if counts[label] == 1}


def check_all(study: Study) -> Mapping[int, Finding]:
    """Return what the checks say, by the position of the claim; a claim that none concerns is left out."""
    labels = column_labels(study)
    claims = [claim.labelled(labels) for claim in completed_claims(study)]
    outcomes = frozenset(labels.get(name, name) for name in study.roles.outcomes)
    known = [identity.labelled(labels) for identity in study.identities]
    identities = identity_findings(claims, tied_outcomes(known, outcomes))
    units = consistency.unit_findings(claims, known, outcomes)
    return dict(
        [*consistency.ratio_findings(claims), *consistency.partition_findings(claims), *identities, *units]
    )


def _keys(claim: Claim) -> Mapping[str, Any]:
    """Return the columns that say what is claimed; a way is ``at`` and ``to``."""
    keys = claim.model_dump(exclude={"value", "digits"})
    start, end = keys.get("between") or (keys.get("at", keys.get("above")), keys.get("below"))
    groups = ", ".join(keys.get("groups", ())) or None
    placed = keys | {"at": start, "to": end, "group": keys.get("group", groups)}
    return {key: value for key, value in placed.items() if key in CLAIMS.columns and value is not None}


def _recomputed(finding: Finding | None) -> Mapping[str, Any]:
    if finding is None:
        return {}
    found = {"check": finding.check, "recomputed": finding.recomputed, "assumption": finding.assumption}
    if finding.allowed is None:
        return found
    return found | {"recomputed_low": finding.allowed.low, "recomputed_high": finding.allowed.high}


def counterpart_of(claim: Claim, counterparts: Counterparts) -> Claim | None:
    """Return a claim with the counterparts of its estimator and protocol, or None where it has none."""
    changed: dict[str, str] = {}
    if claim.estimator in counterparts.estimators:
        changed["estimator"] = counterparts.estimators[claim.estimator]
    if isinstance(claim, ComparedClaim) and str(claim.protocol) in counterparts.protocols:
        changed["protocol"] = counterparts.protocols[str(claim.protocol)]
    return claim.model_copy(update=changed) if changed else None


def counterpart_columns(
    claim: Claim, counterparts: Counterparts, run: RunTables, truth: RunValue
) -> Mapping[str, Any]:
    """Return the columns that say what the counterpart gives; none without one."""
    other = counterpart_of(claim, counterparts)
    if other is None:
        return {}
    found = other.look_up(run)
    return {
        "counterpart": found.value,
        "counterpart_reason": found.reason,
        "counterpart_verdict": verdict_of(other, found, truth),
        "counterpart_estimator": other.estimator,
        "counterpart_protocol": _keys(other).get("protocol"),
    }


def verdict_of(claim: Claim, here: RunValue, truth: RunValue) -> str:
    """Return what a method does with what is printed, by the truth of simulated data.

    It cannot be judged where the truth, or what is here, says nothing of it, nor where neither has it.
    """
    has, is_true = (
        False if one.is_absent else None if math.isnan(one.value) else claim.is_in(one.value)
        for one in (here, truth)
    )
    if has is None or is_true is None or not (has or is_true):
        return UNJUDGED
    if not is_true:
        return INVENTS
    return FINDS if has else MISSES


def status_of(
    claim: Claim, run_value: RunValue, *, finding: Finding | None, data_are_published: bool
) -> Standing:
    """Return how a claim stands against the other claims and against what a run gives.

    What cannot be right by arithmetic is inconsistent, whatever this run gives, unless digits that were cut
    off rather than rounded explain it; what cannot be right if
    something is assumed that the publication does not say is inconsistent under that assumption. A number
    is compared with this run's only where the data are the published ones; then it is reproduced where this
    run's number rounds to it, or lies within its declared tolerance. On other data all that can be said is
    what the checks say.

    Parameters
    ----------
    finding : what a check says about the claim; None where none concerns it
    data_are_published : as the spec says
    """
    checked = finding.reason if finding else ""
    if finding is not None and not finding.is_consistent:
        status = IF_ROUNDED if finding.assumption == "rounding" else ASSUMING
        return INCONSISTENT if finding.is_error else status, checked
    compared = _compared(claim, run_value) if data_are_published else None
    if compared is not None:
        return compared[0], in_series((compared[1], checked))
    if finding is not None:
        return "consistent", checked
    other = "" if data_are_published else marked("the spec does not state that these are the published data")
    return "not comparable", in_series((other, run_value.reason))


def _compared(claim: Claim, run_value: RunValue) -> Standing | None:
    """Return how a claim stands against this run, None where the run gives nothing to compare."""
    if run_value.is_absent:
        return "differs", run_value.reason
    if math.isnan(run_value.value):
        return None
    close = claim.meant.widened(claim.tolerance)
    limits = {"low": f"{close.low:.6g}", "high": f"{close.high:.6g}"}
    if close.holds(run_value.value):
        return "reproduced", Coded("this run's number lies within {low} to {high}", **limits)
    return "differs", Coded("this run's number lies outside {low} to {high}", **limits)
