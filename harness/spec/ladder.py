"""The ladder that ``estimators: ladder`` stands for, from no regressor to bootstrapped networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORD = "ladder"

RUNGS: tuple[Mapping[str, Any], ...] = (
    {"use": "mean", "label": "Mean"},
    {"use": "entity_mean", "label": "Entity mean"},
    {"use": "last_value", "label": "Last value"},
    {"id": "ols", "use": "pooled_ols", "label": "Pooled OLS"},
    {"id": "fe", "use": "fixed_effects", "label": "Fixed effects (entity)", "effects": ["entity"]},
    {
        "id": "twfe",
        "use": "fixed_effects",
        "label": "Fixed effects (entity, time)",
        "effects": ["entity", "time"],
    },
    {"id": "curved", "use": "curved_effects", "label": "Fixed effects, cubic with interactions"},
    {"use": "mundlak", "label": "Correlated random effects"},
    {"id": "enet", "use": "elastic_net", "label": "Elastic net on pairwise terms"},
    {"use": "boosting", "label": "Boosted trees"},
    {"id": "forest", "use": "random_forest", "label": "Random forest"},
    {"use": "mlp", "label": "Neural network"},
    {
        "id": "mlp_effects",
        "use": "mlp",
        "label": "Neural network with entity and time effects",
        "effects": ["entity", "time"],
    },
    {"id": "ann", "use": "som_ann", "label": "SOM + ANN"},
    {"use": "rab", "label": "RAB (bootstrapped SOM + ANN)", "base": {"use": "som_ann"}},
)
"""The rungs, as they would be written in a spec; `reference` may be the id of any of them."""


def expand_ladder(estimators: object) -> object:
    """Return the rungs in the place of the word, and anything else as it is."""
    return [dict(rung) for rung in RUNGS] if estimators == WORD else estimators
