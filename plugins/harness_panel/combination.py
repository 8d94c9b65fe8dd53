"""The combination that makes a column superfluous, in words a user can check."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness import Floats
from harness_panel.screening import Dependence

_NOTHING = 1e-9


def describe(dependence: Dependence, X: Floats, names: Sequence[str], effects: str) -> str:
    """Return the combination, such as ``z = 2*x - w + 3``.

    Parameters
    ----------
    X : (n_obs, n_columns), raw columns
    names : (n_columns,)
    effects : what else the combination may take, such as ``entity effects``; empty without effects
    """
    column, on = X[:, dependence.column], X[:, dependence.on]
    rest = column - on @ np.array(dependence.coefficients)
    on_names = [names[position] for position in dependence.on]
    terms = [_term(*pair) for pair in zip(dependence.coefficients, on_names, strict=True)]
    level = float(rest.mean())
    if effects and np.ptp(rest) > _NOTHING * np.ptp(column):
        terms.append(f"+ {effects}")
    elif abs(level) > _NOTHING * max(np.abs(column).max(), np.abs(on).max()):
        terms.append(f"{'-' if level < 0 else '+'} {abs(level):.6g}")
    signed = " ".join(terms)
    return f"{names[dependence.column]} = {signed[2:] if signed.startswith('+') else f'-{signed[2:]}'}"


def _term(coefficient: float, name: str) -> str:
    size = f"{abs(coefficient):.6g}"
    return f"{'-' if coefficient < 0 else '+'} {name if size == '1' else f'{size}*{name}'}"
