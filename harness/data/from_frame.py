"""A script's table as a panel, by the laws of any other data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.expand import expand
from harness.data.read.files import read_bytes
from harness.data.read.frame_file import FRAME_FILE, frame_file

if TYPE_CHECKING:
    import pandas as pd

    from harness.data.panel import Panel
    from harness.data.roles import Roles


def panel_of(frame: pd.DataFrame, roles: Roles) -> Panel:
    """Return the panel of the first outcome of a table, see `harness.panel_from_frame`.

    Raises
    ------
    DataError
        With everything that is wrong with the table.
    """
    spec = DataSpec()
    content = frame_file(frame).content
    table = read_bytes(
        content, Path(FRAME_FILE), origin="the table", spec=spec, entity=roles.entity, time=roles.time
    )
    made = expand(table, spec, roles)
    return PanelBuilder.build(made.table, made.spec, made.roles).panel(roles.outcomes[0])
