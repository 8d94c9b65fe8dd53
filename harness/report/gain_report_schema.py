"""The JSON Schema of the accuracy-gain report, as it is shipped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

FILE = "gain_report.schema.json"


def gain_report_schema() -> Mapping[str, Any]:
    """Return the JSON Schema, draft 2020-12, that ``gain_report.json`` of every run follows."""
    read: Mapping[str, Any] = json.loads((files(__package__) / FILE).read_text(encoding="utf-8"))
    return read
