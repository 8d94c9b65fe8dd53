"""The table ``claims``: published, recomputed from the other claims, found here, and how it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.claims.counterpart import counterpart_columns
from harness.claims.finding import Finding
from harness.claims.gain import ratio_findings
from harness.claims.identity import identity_findings, tied_outcomes
from harness.claims.kind import RunTables
from harness.claims.kinds import kind_of
from harness.claims.median import partition_findings
from harness.claims.status import status_of
from harness.claims.units import unit_findings
from harness.spec.any_claim import AnyClaim
from harness.spec.claim import Claim, Identity, PrintedClaim
from harness.spec.study import Study

if TYPE_CHECKING:
    import pandas as pd

HOLDS_THROUGHOUT = 1.0
"""Share of the way on which a published direction holds."""


def claims_table(study: Study, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row for every claim of a study, in the order of the spec.

    Parameters
    ----------
    tables : of the run; those named in `harness.claims.kinds.SOURCES`
    """
    import pandas as pd

    gains = tables["gain"]
    own = gains[gains["reference"] == study.evaluation.reference] if len(gains) else gains
    run = RunTables({**tables, "gain": own}, study.evaluation.protocols[0].id)
    return pd.DataFrame(list(_rows(study, run)))


def _rows(study: Study, run: RunTables) -> Iterator[dict[str, Any]]:
    findings = check_all(
        study.claims,
        outcomes=study.roles.outcomes,
        identities=study.identities,
        reference=study.evaluation.reference,
        first_protocol=run.first_protocol,
    )
    for at, claim in enumerate(study.claims):
        kind = kind_of(claim)
        found = kind.look_up(claim, run)
        finding = findings.get(at)
        stands = status_of(claim, found, finding=finding, data_are_published=study.data_are_published)
        yield {
            **kind.keys(claim, run),
            **_published(claim),
            **_recomputed(finding),
            "this_run": found.value,
            **counterpart_columns(claim, study.counterparts, run),
            "status": stands.status,
            "reason": stands.reason,
            "about": kind.describe(claim),
        }


def _published(claim: AnyClaim) -> Mapping[str, Any]:
    if isinstance(claim, PrintedClaim):
        return {"published": claim.value, "digits": claim.n_decimals}
    return {"published": HOLDS_THROUGHOUT}


def _recomputed(finding: Finding | None) -> Mapping[str, Any]:
    if finding is None:
        return {}
    found = {"check": finding.check, "recomputed": finding.recomputed, "assumption": finding.assumption}
    if finding.allowed is None:
        return found
    return found | {"recomputed_low": finding.allowed.low, "recomputed_high": finding.allowed.high}


def check_all(
    claims: Sequence[Claim],
    *,
    outcomes: Collection[str],
    identities: Sequence[Identity],
    reference: str,
    first_protocol: str,
) -> Mapping[int, Finding]:
    """Return what the checks say, by the position of the claim; a claim that none concerns is left out.

    Parameters
    ----------
    claims : of one study
    outcomes : of the study
    identities : products that tie outcomes to each other
    reference : estimator that gains are over
    first_protocol : protocol of claims that name none
    """
    ratios = ratio_findings(claims, reference=reference, first_protocol=first_protocol)
    ties = tied_outcomes(identities, frozenset(outcomes))
    units = unit_findings(claims, identities, frozenset(outcomes))
    return dict([*ratios, *partition_findings(claims), *identity_findings(claims, ties), *units])
