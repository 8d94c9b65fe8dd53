"""Workbooks that tests write, and the table that the data of a spec are."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl

from harness.data.read.files import DataFolder, read_table
from harness.data.shipped import harness_datasets

SHIPPED = {dataset.name: dataset for dataset in harness_datasets()}


def table_of(spec, root=Path(), *, given=None, datasets=SHIPPED, entity="id", time="year"):
    """Return the table of a spec whose files lie in a folder."""
    folder = DataFolder(root)
    return read_table(spec, folder=folder, given=given, datasets=datasets, entity=entity, time=time)


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
