"""A run whose tables for a paper lie in a folder, in each format."""

import pytest
from ruamel.yaml import YAML

import harness
from harness.findings.run import read_run
from harness.report.paper.tables import paper_files
from harness.running.folder import RunFolder
from small_run import SPEC, grunfeld


@pytest.fixture(scope="package")
def finished(tmp_path_factory):
    """A run with two estimators, and the folder that its tables for a paper are written to."""
    labels = {"invest": {"label": "Investment"}, "value": {"label": "Market value (USD)"}}
    spec = {
        **{key: SPEC[key] for key in ("spec_version", "study", "title", "seed", "roles")},
        "variables": labels,
        "estimators": [
            {"id": "ols", "use": "pooled_ols", "label": "Pooled OLS"},
            {"id": "fe", "use": "fixed_effects", "label": "Within", "effects": ["entity"]},
        ],
        "evaluation": {"reference": "ols", "protocols": ["in_sample"]},
        "report": {"formats": []},
    }
    folder = tmp_path_factory.mktemp("printed")
    with (folder / "study.yaml").open("w", encoding="utf-8") as file:
        YAML().dump({**spec, "data": {"dataset": "grunfeld"}}, file)
    data = grunfeld()
    harness.run(spec, data=data, out=folder / "run", progress=False)
    run = read_run(RunFolder.open(folder / "run"))
    for made in paper_files(run, ("latex", "docx")):
        content = made.content if isinstance(made.content, bytes) else made.content.encode()
        (folder / made.path.rpartition("/")[2]).write_bytes(content)
    return folder
