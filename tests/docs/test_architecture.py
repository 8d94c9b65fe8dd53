"""The page on the architecture names files and folders that are there, and all of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
WALKS = PAGE[PAGE.index("## Three walks") :]


def found(name):
    """Return whether a path as the page writes it is there, below the core, a plugin or the root."""
    parts = name.rstrip("/")
    places = [ROOT / "harness" / parts, ROOT / "plugins" / parts, ROOT / parts]
    places += [folder / parts for folder in (ROOT / "plugins").iterdir()]
    places += [folder / parts for folder in (ROOT / "harness").iterdir() if folder.is_dir()]
    return any(place.exists() or place.with_suffix(".py").exists() for place in places)


def test_every_file_of_the_walks_is_there():
    names = re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", WALKS)
    assert len(names) > 20
    assert [name for name in names if not found(name)] == []


def test_every_folder_of_the_core_is_on_the_map():
    table = PAGE[PAGE.index("## The map of folders") : PAGE.index("## Where new code goes")]
    folders = [folder.name for folder in (ROOT / "harness").iterdir() if (folder / "__init__.py").exists()]
    assert [name for name in folders if f"`{name}/`" not in table] == []
