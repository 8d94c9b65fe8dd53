"""The format of run folders: other ones are refused in words, and it is raised with what it stands for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass

import pytest

from harness import ArtifactError
from harness.record import manifest, study
from harness.record.manifest import FORMAT, Manifest
from harness.tables.registry import PARQUET_TABLES, TABLES

# SHA-256 of what each format holds: keys of the manifest, tables and their columns.
FORMATS = {
    2: "6f067758ccfb09c0d5e1252aa78a4de0676354317e888f0138055884db2df633",
    3: "c57161e779e4a70fb11ddf026fc85b18a126ac06c01ae69f0d55ffa0d86298af",
    4: "d10d03b216eda346837f0f5102ab22272f1f2c3f5760eed03194b76fc2612efe",
    5: "99c1db81f8cf05a07d4fafff322529fe5d727263532a15fb8bd904380e6c1436",
    6: "81d2b926cabe7229cbdc7e1cd7a3576397e70cd7072bca379450073a1475d7b5",
    7: "0e64263abc69c9198a0d867e49a3e57d10906bfc5c84639b231bb912a283250f",
    8: "fdc19b141d521e264743fe1b277ae2f8167c308953c77b61ad16836a3b69f1b8",
    9: "973e1271f03e1a9894558bf66c54785bf7427f90150a08ad256fd12ad6512778",
    10: "f47add5efcbfef89caa3bf7743204ab4cb7969ff44bef73db07c6957b0d969c2",
}


@pytest.mark.parametrize("version", [1, FORMAT + 1, "two", None])
def test_a_folder_of_another_format_is_refused_with_both_versions(version):
    with pytest.raises(ArtifactError) as raised:
        Manifest.from_json(json.dumps({"manifest_version": version}))
    (problem,) = raised.value.problems
    assert repr(version) in problem.what
    assert f"format {FORMAT}" in problem.expected
    assert "run the study again" in problem.hint


def test_a_manifest_that_is_damaged_otherwise_names_the_damage():
    for text in ("", "[]", "{}", json.dumps({"manifest_version": FORMAT})):
        with pytest.raises(ArtifactError, match=r"manifest\.json"):
            Manifest.from_json(text)


def test_the_format_is_raised_with_what_it_holds():
    tables = [
        [table.name, table.columns, table.key, table.suffix] for table in (*TABLES.values(), *PARQUET_TABLES)
    ]
    records = {
        name: [[one.name, one.type] for one in fields(record)]
        for module in (manifest, study)
        for name, record in vars(module).items()
        if is_dataclass(record) and record.__module__ == module.__name__
    }
    held = json.dumps([tables, records], sort_keys=True)
    assert hashlib.sha256(held.encode()).hexdigest() == FORMATS[FORMAT], "raise FORMAT, run store_format.py"
