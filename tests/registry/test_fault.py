"""In whose code an error was raised that nobody has words for."""

from __future__ import annotations

import pytest

from harness.conformance.panels import ordinary_panel
from harness.data.read.columnar import PARQUET
from harness.data.read.files import read_source
from harness.data.read.source import READER
from harness.evaluation.protocol import PROTOCOL
from harness.installed import registry_of
from harness.registry.fault import faulty_member
from harness.registry.sources import PluginChoice
from harness.rng import random_stream

ROUGH = """\
from dataclasses import dataclass
from harness.plugin import EvaluationProtocol, FileReader, hookimpl

@dataclass(frozen=True)
class ByRegion(EvaluationProtocol):
    name, title, leaks, stream, how = "by_region", "By region", (), "regions", "Region by region."

    def split(self, panel, *, rng):
        return panel.group("region")

    def quick(self):
        return self

def read(source):
    return 1 / 0

@hookimpl
def harness_protocols():
    return [ByRegion]

@hookimpl
def harness_readers():
    return [FileReader("rough", (".rough",), read)]
"""


def test_an_error_is_put_down_to_the_plugin_the_kind_the_member_and_the_method(tmp_path):
    (tmp_path / "rough_plugin.py").write_text(ROUGH, encoding="utf-8")
    registry = registry_of((), choice=PluginChoice(folder=tmp_path))
    # The innermost frame is the harness's, which was asked for what nobody named.
    with pytest.raises(LookupError, match="not grouped by the column 'region'") as caught:
        registry.of(PROTOCOL)["by_region"]().split(ordinary_panel(), rng=random_stream(1, "folds"))
    assert faulty_member(caught.value) == "plugin rough_plugin, protocol by_region, ByRegion.split"
    with pytest.raises(ZeroDivisionError) as caught:
        registry.of(READER)["rough"].read(None)
    assert faulty_member(caught.value) == "plugin rough_plugin, reader rough, read"


def test_an_error_of_the_harness_is_put_down_to_nobody():
    with pytest.raises(LookupError, match="no regressor 'region', only exposure") as caught:
        ordinary_panel().column("region")
    assert faulty_member(caught.value) == ""
    # Its own readers come through the hook of a plugin's.
    with pytest.raises(AttributeError) as caught:
        read_source(None, PARQUET)
    assert faulty_member(caught.value) == ""
