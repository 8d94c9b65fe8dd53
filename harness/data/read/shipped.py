"""The formats of data files that the harness reads by itself."""

from __future__ import annotations

from harness.data.read.excel import EXCEL
from harness.data.read.parquet import PARQUET
from harness.data.read.source import FileReader
from harness.data.read.stata import STATA
from harness.data.read.statistics_file import STATISTICS
from harness.data.read.text import TEXT
from harness.registry.hooks import hookimpl


@hookimpl
def harness_readers() -> tuple[FileReader, ...]:
    """Return the formats of files that come with the harness."""
    return (TEXT, PARQUET, STATA, EXCEL, STATISTICS)
