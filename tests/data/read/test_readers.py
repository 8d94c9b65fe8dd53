"""A format of files that a plugin reads."""

import json

from click.testing import CliRunner

from harness.cli import cli

READER = """\
import io

import pandas as pd
from harness.plugin import FileReader, Reading, hookimpl


def read(source):
    with source.read_as("JSON lines"):
        frame = pd.read_json(io.BytesIO(source.content), orient="records", lines=True)
    return Reading(frame)


@hookimpl
def harness_readers():
    return [FileReader("json_lines", (".jsonl",), read)]
"""


def test_a_plugins_format_is_read_as_any_other_by_the_spec_and_by_init(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/lines.py").write_text(READER, encoding="utf-8")
    rows = [
        {"id": i, "year": 2000 + t, "y": i * 1.5 + t * t, "x": f"{i - t}%"}
        for i in range(4)
        for t in range(3)
    ]
    (tmp_path / "panel.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    words = ["--plugins-folder", str(tmp_path / "plugins")]
    draft = ["init", str(tmp_path / "panel.jsonl"), "--outcome", "y", "--exposure", "x"]
    done = CliRunner().invoke(cli, [*words, *draft], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "percent: number" in (tmp_path / "panel.yaml").read_text(encoding="utf-8")
    done = CliRunner().invoke(cli, [*words, "validate", str(tmp_path / "panel.yaml")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(cli, ["validate", str(tmp_path / "panel.yaml")])
    assert "files ending in '.jsonl' are not read" in str(done.exception)
