"""All result tables, by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from harness.tables import accuracy, gain
from harness.tables.findings import FINDINGS
from harness.tables.table import DETAILS, ResultTable
from harness.tables.variations import VARIATION_GAINS

# Modules of this package that declare tables, in the order in which these are listed.
TOPICS = "gain accuracy coefficients curves heterogeneity effects variations claims preparation findings"

_DECLARED = [
    table
    for topic in TOPICS.split()
    for table in vars(import_module(f"harness.tables.{topic}")).values()
    if isinstance(table, ResultTable) and not table.name.startswith(DETAILS)
]

# The tables in CSV files that the harness itself writes, by name, topic by topic.
TABLES: Mapping[str, ResultTable] = {table.name: table for table in _DECLARED if table.suffix == ".csv"}

# The tables in parquet files.
PARQUET_TABLES = tuple(table for table in _DECLARED if table.suffix == ".parquet")

# Tables that are computed from predictions, and with these joined by their keys: a row a key.
JOINED = tuple(
    table
    for table in _DECLARED
    if table in (*vars(accuracy).values(), *vars(gain).values(), FINDINGS, VARIATION_GAINS)
)
