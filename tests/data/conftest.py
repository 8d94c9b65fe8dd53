"""Fixtures that read a table from what a test writes into a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Roles
from harness.data.read.source import Table
from spec_tables import table_of

ROLES = Roles(entity="id", time="year", outcomes=("y",), exposure="x")

ReadBytes = Callable[..., Table]
BuildText = Callable[..., PanelBuilder]


@pytest.fixture
def read_bytes(tmp_path: Path) -> ReadBytes:
    """Write a file into an empty folder and read it as a spec's data."""

    def read(content: bytes, *, name: str = "panel.csv", spec: DataSpec | None = None) -> Table:
        (tmp_path / name).write_bytes(content)
        spec = spec or DataSpec(path=name)
        return table_of(spec, tmp_path)

    return read


@pytest.fixture
def build_text(read_bytes: ReadBytes) -> BuildText:
    """Build the panel of a csv text whose columns are id, year, y and x, unless the roles say otherwise."""

    def build(text: str, *, roles: Roles = ROLES, spec: DataSpec | None = None) -> PanelBuilder:
        spec = spec or DataSpec(path="panel.csv")
        return PanelBuilder.build(read_bytes(text.encode(), spec=spec), spec, roles)

    return build
