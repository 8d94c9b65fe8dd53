"""What a fit shows of itself in a notebook, and in tables of maketables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import CoefficientTable, Correction, Panel, key_of
from harness_panel.resampling.effect import in_order
from harness_panel.resampling.regression import Regression

if TYPE_CHECKING:
    import pandas as pd

STATISTICS: Mapping[str, str] = {
    "N": "Observations",
    "r2": "R2 of the equation",
    "r2_within": "R2 within",
    "se_type": "Covariance",
}
"""Statistics that a table shows beneath the coefficients, with their labels."""


def coefficient_frame(table: CoefficientTable) -> pd.DataFrame:
    """Return a coefficient table in maketables' columns, indexed by term."""
    import pandas as pd

    limits = table.conf_int(0.95)
    columns = {
        "b": table.estimate,
        "se": table.std_error,
        "t": table.statistic,
        "p": table.p_value,
        "ci95l": limits[:, 0],
        "ci95u": limits[:, 1],
    }
    return pd.DataFrame(columns, index=pd.Index(table.terms, name="Coefficient"))


def effects_text(regression: Regression) -> str | None:
    """Return whose effects are absorbed, as ``entity+time``; None without any."""
    return "+".join(str(effect) for effect in in_order(regression.effects)) or None


def correction_text(correction: Correction) -> str:
    """Return how a covariance was computed, in one sentence."""
    parts = [f"{correction.n_obs} rows", f"{correction.n_coef} coefficients"]
    if correction.n_effects:
        parts.append(f"{correction.n_effects} effects counted")
    if correction.n_clusters:
        kind = "clusters" if correction.bandwidth is None else "periods"
        parts.append(f"{' and '.join(map(str, correction.n_clusters))} {kind}")
    if correction.bandwidth is not None:
        parts.append(f"bandwidth {correction.bandwidth}")
    parts.append(f"factor {correction.factor:.6g}")
    parts.append(f"{correction.df_resid:g} degrees of freedom")
    return f"{correction.kind} ({', '.join(parts)})"


def effects_note(regression: Regression, panel: Panel) -> str:
    """Return what was absorbed, in words."""
    if not regression.effects:
        return "no effects absorbed"
    of = " and ".join(key_of(panel, effect).name for effect in in_order(regression.effects))
    return f"effects of {of} absorbed, {regression.n_effects} of them independent"
