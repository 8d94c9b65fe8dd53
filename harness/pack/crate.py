"""Metadata of a replication archive as RO-Crate 1.1 (Soiland-Reyes et al. 2022)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from harness.pack.readme import RUN, SPEC
from harness.record.manifest import Manifest

METADATA = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"
FORMATS = {
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "md": "text/markdown",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tex": "application/x-tex",
    "txt": "text/plain",
    "yaml": "application/yaml",
}
"""Media types by the ending of a file's name; others are not told."""


def metadata(manifest: Manifest, files: Mapping[str, bytes], *, data: tuple[str, ...]) -> str:
    """Return the metadata of an archive as JSON.

    Parameters
    ----------
    files : contents by their place in the archive
    data : those of them that the run was given
    """
    parts = [_file(name, content) for name, content in sorted(files.items())]
    study = manifest.study
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": study.title,
        "description": study.description or f"Replication archive of the study {study.id}",
        "datePublished": manifest.started,
        "license": "see the terms of the data and of the study",
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": {"@id": "#run"},
    }
    software = {
        "@id": "#panel-harness",
        "@type": "SoftwareApplication",
        "name": "panel-harness",
        "version": manifest.versions.get("panel-harness", ""),
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": manifest.command,
        "startTime": manifest.started,
        "instrument": {"@id": "#panel-harness"},
        "object": [{"@id": name} for name in (SPEC, *data)],
        "result": [{"@id": part["@id"]} for part in parts if part["@id"].startswith(f"{RUN}/")],
    }
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": PROFILE},
        "about": {"@id": "./"},
    }
    graph = [descriptor, root, software, action, *parts]
    crate = {"@context": f"{PROFILE}/context", "@graph": graph}
    return json.dumps(crate, indent=1, ensure_ascii=False) + "\n"


def _file(name: str, content: bytes) -> dict[str, Any]:
    known = FORMATS.get(name.rpartition(".")[2])
    return {
        "@id": name,
        "@type": "File",
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
        **({"encodingFormat": known} if known else {}),
    }
