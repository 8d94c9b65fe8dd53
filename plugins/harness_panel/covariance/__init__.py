"""The covariances of coefficients that an estimator offers, as a spec names them under ``covariance:``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.plugin import effect_named
from harness_panel.covariance.clustered import Clustered, DriscollKraay, WildCluster
from harness_panel.covariance.conley import Conley
from harness_panel.covariance.independent import Classical, Robust

Covariance = Annotated[
    Classical | Robust | Clustered | DriscollKraay | Conley | WildCluster, Field(discriminator="use")
]
"""Any of them, told apart by ``use``; an option that belongs to another kind is refused."""

IndependentCovariance = Annotated[Classical | Robust, Field(discriminator="use")]
"""Those of rows that no key groups, as the means of entities are."""


def clusters_of(covariance: Covariance) -> tuple[str, ...]:
    """Return the keys and columns whose levels are the clusters; empty without clusters."""
    if isinstance(covariance, Clustered):
        return covariance.by
    return (covariance.by,) if isinstance(covariance, WildCluster) else ()


def columns_of(covariance: Covariance) -> tuple[str, ...]:
    """Return the columns of the data, beside the keys, that clusters are told by."""
    return tuple(name for name in clusters_of(covariance) if not isinstance(effect_named(name), str))
