"""Mappings of scalars as YAML in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from harness.spec.scalars import read_scalar

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]*")
"""Texts that need no quotes, unless they are words of YAML such as ``true``."""


def flow(value: Any) -> str:  # noqa: ANN401 - a scalar, or a mapping of such
    """Return a mapping in braces; texts are quoted where YAML would read them as anything else.

    What is quoted is quoted as in JSON, of which YAML 1.2 is a superset.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(one)}" for key, one in value.items()) + "}"
    is_plain = isinstance(value, str) and PLAIN.fullmatch(value) and value == value.rstrip()
    if is_plain and read_scalar(value) == value:
        return str(value)
    return json.dumps(value, ensure_ascii=False)
