"""Archives without the time at which they were written, so that the same content is the same bytes."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can say."""


def undated(archive: bytes) -> bytes:
    """Return an archive with every file at the earliest time."""
    other = BytesIO()
    with ZipFile(BytesIO(archive)) as own, ZipFile(other, "w", ZIP_DEFLATED) as written:
        for name in own.namelist():
            written.writestr(ZipInfo(name, _NO_DATE), own.read(name), ZIP_DEFLATED)
    return other.getvalue()
