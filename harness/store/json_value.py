"""Values as JSON has them."""

from __future__ import annotations

import math
from typing import Any


def json_value(value: Any) -> Any:  # noqa: ANN401 - JSON values are of any type
    """Return a value, None for a number that is not finite: JSON knows none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
