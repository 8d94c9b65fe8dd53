"""What the files of a run folder are called."""

from __future__ import annotations

import hashlib

MARKER = ".harness-run"
"""File that tells a run folder from any other; only a folder that has it is written into again."""

MARK = b"written by harness; this folder may be overwritten by another run\n"
"""What it holds."""

MANIFEST = "manifest.json"
MANIFEST_SUM = "manifest.sha256"
"""The SHA-256 of the manifest, as ``sha256sum -c`` reads it; the manifest has those of all other files."""

SIGNATURE = "manifest.json.sig"
"""Signature of the manifest, where somebody signed it."""

WRITTEN = ".harness-files"
"""Names of the files that a run wrote so far, a line each; there while no manifest lists them."""

NEW = ".new"
"""Folder within a run folder in which the next run is built."""

SPEC = "spec.yaml"
MESSAGES = "messages.json"
"""Texts of tables and manifest that were composed, each with its message and what was filled in."""

CHECKPOINTS = "checkpoints"
"""Folder of finished tasks, there while a run is not whole."""

REPORTED = (
    "*.csv",
    "*.parquet",
    SPEC,
    MESSAGES,
    "gain_report.json",
    "report.html",
    "brief.html",
    "surfaces.html",
    "calibration.html",
    "calibration.json",
    "figures/*",
    "tables/**/*",
    "details/*",
)
"""What a run reports, the manifest apart."""


def sum_line(manifest: bytes) -> bytes:
    """Return what `MANIFEST_SUM` holds for a manifest of these bytes."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()
