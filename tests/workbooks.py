"""Workbooks that tests write."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import openpyxl


def as_workbook(sheets: Mapping[str, Sequence[Sequence[object]]], *, hidden: Sequence[str] = ()) -> bytes:
    """Return a workbook with these sheets, each a list of rows."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    sink = io.BytesIO()
    workbook.save(sink)
    return sink.getvalue()
