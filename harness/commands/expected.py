"""What a finished run says of the expected numbers of its spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.store.folder import RunFolder


def expected_line(folder: RunFolder) -> str:
    """Return one line on how many expected numbers a run reproduces; an empty text where it expects none."""
    found = folder.read_table("expectations")
    if found.empty:
        return ""
    n_reproduced = int((found["status"] == "reproduced").sum())
    told = f"expected numbers: {n_reproduced} of {len(found)} reproduced"
    if n_reproduced == len(found):
        return told
    return f"{told}, see {folder.path / 'expectations.csv'}; a difference fails under pytest, not here"
