"""Panels and numbers of the R reference, `reference/r/r_reference.json`."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness import Panel
from harness.plugin import Floats
from panels import panel_from_frame

R_FOLDER = Path(__file__).parent / "reference" / "r"

PANELS = ("grunfeld", "produc", "empluk", "wage", "edge")


@functools.cache
def reference() -> dict[str, Any]:
    """Return all numbers, as R wrote them."""
    numbers: dict[str, Any] = json.loads((R_FOLDER / "r_reference.json").read_text(encoding="utf-8"))
    return numbers


@functools.cache
def r_panel(name: str) -> Panel:
    """Return one of the five panels; its first regressor is the exposure."""
    spec = reference()[name]["spec"]
    frame = pd.read_csv(R_FOLDER / spec["csv"])
    return panel_from_frame(
        frame,
        entity=spec["entity"],
        time=spec["time"],
        outcome=spec["y"],
        exposure=spec["x"][0],
        controls=spec["x"][1:],
    )


def in_order(numbers: dict[str, float], terms: tuple[str, ...]) -> Floats:
    """Return R's numbers in the order of terms; R writes the constant as ``(Intercept)``."""
    return np.array([numbers["(Intercept)" if term == "const" else term] for term in terms], dtype=np.float64)
