"""The table ``claims``: published, recomputed from the other claims, found here, and how it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.claims.checks import check_all
from harness.claims.finding import Finding
from harness.claims.run_values import Tables, here
from harness.claims.status import standing
from harness.claims.words import about
from harness.spec.claim import (
    AnyClaim,
    ChangeClaim,
    DirectionClaim,
    ErrorClaim,
    GainClaim,
    PrintedClaim,
)
from harness.spec.study import Study

if TYPE_CHECKING:
    import pandas as pd

HOLDS_THROUGHOUT = 1.0
"""Share of the way on which a published direction holds."""


def claims_table(study: Study, tables: Tables) -> pd.DataFrame:
    """Return one row for every claim of a study, in the order of the spec.

    Parameters
    ----------
    tables : of the run; those named in `harness.claims.run_values.SOURCES`
    """
    import pandas as pd

    gains = tables["gain"]
    own = gains[gains["reference"] == study.evaluation.reference] if len(gains) else gains
    return pd.DataFrame(list(_rows(study, {**tables, "gain": own})))


def _rows(study: Study, tables: Tables) -> Iterator[dict[str, Any]]:
    first_protocol = study.evaluation.protocols[0].id
    findings = check_all(
        study.claims,
        outcomes=study.roles.outcomes,
        identities=study.identities,
        reference=study.evaluation.reference,
        first_protocol=first_protocol,
    )
    for at, claim in enumerate(study.claims):
        found = here(claim, tables, first_protocol=first_protocol)
        finding = findings.get(at)
        stands = standing(claim, found, finding=finding, data_are_published=study.data_are_published)
        yield {
            **_place(claim, first_protocol=first_protocol),
            **_published(claim),
            **_recomputed(finding),
            "this_run": found.value,
            "status": stands.status,
            "reason": stands.reason,
            "about": about(claim),
        }


def _published(claim: AnyClaim) -> Mapping[str, Any]:
    if isinstance(claim, PrintedClaim):
        return {"published": claim.value, "digits": claim.n_decimals}
    return {"published": HOLDS_THROUGHOUT}


def _place(claim: AnyClaim, *, first_protocol: str) -> Mapping[str, Any]:
    """Return the keys that say what is claimed, with the protocol named and a way along the curve as ends."""
    keys = claim.model_dump(exclude={"value", "digits", "between"})
    if isinstance(claim, ErrorClaim | GainClaim):
        keys["protocol"] = claim.protocol or first_protocol
    if isinstance(claim, ChangeClaim | DirectionClaim):
        keys["at"], keys["to"] = claim.between
    return keys


def _recomputed(finding: Finding | None) -> Mapping[str, Any]:
    if finding is None:
        return {}
    found = {"check": finding.check, "recomputed": finding.recomputed}
    if finding.allowed is None:
        return found
    return found | {"recomputed_low": finding.allowed.low, "recomputed_high": finding.allowed.high}
