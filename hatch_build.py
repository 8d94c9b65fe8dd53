"""What the build does to the metadata: the README as a package index shows it, without files to link to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# A link or picture of Markdown that leads to a file of this repository.
LINK = re.compile(r"(?P<picture>!?)\[(?P<words>[^\]]*)\]\((?![a-z]+:|#)(?P<target>[^)\s]+)\)")


def for_index(readme: str, source: str) -> str:
    """Return a README with absolute links into a repository; their words alone, and no pictures, without one.

    Parameters
    ----------
    source : address of the repository, such as ``https://github.com/OWNER/NAME``; empty where it has none
    """

    def linked(found: re.Match[str]) -> str:
        if not source:
            return "" if found["picture"] else found["words"]
        kind = "raw" if found["picture"] else "blob"
        return f"{found['picture']}[{found['words']}]({source}/{kind}/HEAD/{found['target']})"

    return LINK.sub(linked, readme)


class ReadmeForIndex(MetadataHookInterface):
    """Fills in the description, with links into the repository that ``project.urls`` calls ``Source``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the README."""
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_index(readme, source)}
