"""The table that the data of a spec are, read from a folder."""

from __future__ import annotations

from pathlib import Path

from harness.data.read.files import DataFolder, read_table
from harness.data.shipped import harness_datasets

SHIPPED = {dataset.name: dataset for dataset in harness_datasets()}


def table_of(spec, root=Path(), *, given=None, datasets=SHIPPED, entity="id", time="year"):
    """Return the table of a spec whose files lie in a folder."""
    folder = DataFolder(root)
    return read_table(spec, folder=folder, given=given, datasets=datasets, entity=entity, time=time)
