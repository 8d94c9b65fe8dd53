"""The table ``claims``: published, recomputed from the other claims, found here, and how it stands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.language import Message, in_series, marked
from harness.study.expectations.claim import Claim, ComparedClaim, Counterparts, PrintedClaim
from harness.study.expectations.consistency import (
    Finding,
    partition_findings,
    ratio_findings,
    unit_findings,
)
from harness.study.expectations.identity import identity_findings, tied_outcomes
from harness.study.expectations.lookup import RunTables, RunValue
from harness.study.spec.study import Study
from harness.tables.claims import CLAIMS

if TYPE_CHECKING:
    import pandas as pd

# Share of the way on which a published direction holds.
HOLDS_THROUGHOUT = 1.0

# The status of a claim, one of those of `harness.findings`, and why, in one or two sentences.
Standing = tuple[str, str]


def claims_table(study: Study, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row for every claim of a study, in the order of the spec.

    Parameters
    ----------
    tables : of the run; those named in `harness.study.expectations.moderated_claim.SOURCES`
    """
    import pandas as pd

    gains = tables["gain"]
    own = gains[gains["reference"] == study.evaluation.reference] if len(gains) else gains
    run = RunTables({**tables, "gain": own}, study.evaluation.protocols[0].id, column_labels(study))
    return pd.DataFrame(list(_rows(study, run)))


def _rows(study: Study, run: RunTables) -> Iterator[dict[str, Any]]:
    findings = check_all(study)
    for at, claim in enumerate(study.claims):
        found, finding = claim.look_up(run), findings.get(at)
        status, reason = status_of(claim, found, finding=finding, data_are_published=study.data_are_published)
        yield {
            **_keys(claim, run),
            "published": claim.value if isinstance(claim, PrintedClaim) else HOLDS_THROUGHOUT,
            "digits": claim.n_decimals if isinstance(claim, PrintedClaim) else None,
            **_recomputed(finding),
            "this_run": found.value,
            **counterpart_columns(claim, study.counterparts, run),
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
    labels, evaluation = column_labels(study), study.evaluation
    claims = [claim.labelled(labels) for claim in study.claims]
    outcomes = frozenset(labels.get(name, name) for name in study.roles.outcomes)
    ratios = ratio_findings(claims, reference=evaluation.reference, first_protocol=evaluation.protocols[0].id)
    known = [identity.labelled(labels) for identity in study.identities]
    identities = identity_findings(claims, tied_outcomes(known, outcomes))
    units = unit_findings(claims, known, outcomes)
    return dict([*ratios, *partition_findings(claims), *identities, *units])


def _keys(claim: Claim, run: RunTables) -> Mapping[str, Any]:
    """Return the columns that say what is claimed; a way is ``at`` and ``to``."""
    keys = claim.model_dump(exclude={"value", "digits"})
    start, end = keys.get("between") or (keys.get("at", keys.get("above")), keys.get("below"))
    groups = ", ".join(keys.get("groups", ())) or None
    placed = keys | {"at": start, "to": end, "group": keys.get("group", groups)}
    if isinstance(claim, ComparedClaim):
        placed["protocol"] = claim.protocol_in(run.first_protocol)
    return {key: value for key, value in placed.items() if key in CLAIMS.columns and value is not None}


def _recomputed(finding: Finding | None) -> Mapping[str, Any]:
    if finding is None:
        return {}
    found = {"check": finding.check, "recomputed": finding.recomputed, "assumption": finding.assumption}
    if finding.allowed is None:
        return found
    return found | {"recomputed_low": finding.allowed.low, "recomputed_high": finding.allowed.high}


def counterpart_of(claim: Claim, counterparts: Counterparts, *, first_protocol: str) -> Claim | None:
    """Return a claim with the counterparts of its estimator and protocol, or None where it has none.

    Parameters
    ----------
    first_protocol : of claims that name none
    """
    changed: dict[str, str] = {}
    if claim.estimator in counterparts.estimators:
        changed["estimator"] = counterparts.estimators[claim.estimator]
    if isinstance(claim, ComparedClaim):
        protocol = claim.protocol_in(first_protocol)
        if protocol in counterparts.protocols:
            changed["protocol"] = counterparts.protocols[protocol]
    return claim.model_copy(update=changed) if changed else None


def counterpart_columns(claim: Claim, counterparts: Counterparts, run: RunTables) -> Mapping[str, Any]:
    """Return the columns that say what the counterpart gives; none without one."""
    other = counterpart_of(claim, counterparts, first_protocol=run.first_protocol)
    if other is None:
        return {}
    found = other.look_up(run)
    return {
        "counterpart": found.value,
        "counterpart_reason": found.reason,
        "counterpart_estimator": other.estimator,
        "counterpart_protocol": _keys(other, run).get("protocol"),
    }


def status_of(
    claim: Claim, run_value: RunValue, *, finding: Finding | None, data_are_published: bool
) -> Standing:
    """Return how a claim stands against the other claims and against what a run gives.

    What cannot be right by arithmetic is inconsistent, whatever this run gives; what cannot be right if
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
        return "inconsistent" if finding.is_error else "inconsistent under assumption", checked
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
    where = f"{close.low:.6g} to {close.high:.6g}"
    if close.holds(run_value.value):
        return "reproduced", Message("this run's number lies within {where}", where=where)
    return "differs", Message("this run's number lies outside {where}", where=where)
