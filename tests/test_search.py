"""What `harness plugins WORDS` finds."""

import pytest
from click.testing import CliRunner

from harness.cli import cli


def searched(*words):
    return CliRunner().invoke(cli, ["plugins", *words])


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("lag", "step lag: "),
        ("缩尾", "step winsorise: "),
        ("cluster", "in a spec, use: clustered: "),
        ("turning points", "table turning_points.csv: "),
        ("time-limit", "harness run: "),
        ("GBM", "estimator boosting: "),
    ],
)
def test_what_is_called_so_comes_first(words, first):
    assert searched(*words.split()).output.startswith(first)


def test_all_words_are_needed_and_parts_that_have_one_are_listed():
    lines = searched("province", "clusters").output.splitlines()
    assert lines[0].startswith("in a spec, use: clustered: ")
    assert lines[1].startswith("  by: one or two of `entity`, `time` and further columns")
    assert not [line for line in lines if line.startswith(("step recode", "  flags"))]


def test_words_that_nothing_has_are_an_error_with_the_remedy():
    done = searched("zzz")
    assert done.exit_code != 0
    assert "nothing has the words 'zzz'" in str(done.exception)
