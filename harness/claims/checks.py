"""All checks on the claims of a study: which numbers can be right together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.claims.finding import Finding
from harness.claims.identity import identity_findings
from harness.claims.partition import partition_findings
from harness.claims.ratio import ratio_findings
from harness.claims.ties import tied_outcomes
from harness.spec.claim import Claim, Identity


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
    return dict([*ratios, *partition_findings(claims), *identity_findings(claims, ties)])
