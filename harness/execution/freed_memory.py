"""Memory that was freed, on its way back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Give memory that was freed back to the system, where the C library keeps it for itself (GNU's does)."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
