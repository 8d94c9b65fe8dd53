"""A spec that is right, catalogs of small fakes, and a loader of texts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field
from ruamel.yaml import YAML

from harness.errors import SpecError
from harness.installed import KINDS, installed
from harness.registry.catalog import Catalog, Choose
from harness.study.spec import load as loader
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.load import load_study

GOOD = Path(__file__).with_name("good.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Classical:
    """Equal variances.

    Attributes
    ----------
    use : the classical covariance
    """

    use: Literal["classical"] = "classical"


@dataclass(frozen=True)
class Clustered:
    """Equal entities.

    Attributes
    ----------
    by : keys that rows are grouped by
    use : the clustered covariance
    """

    by: Annotated[tuple[Literal["entity", "time"], ...], Field(min_length=1)]
    use: Literal["clustered"] = "clustered"


@dataclass(frozen=True)
class Ols:
    """Least squares.

    Attributes
    ----------
    covariance : how standard errors are
        computed
    """

    name: ClassVar[str] = "ols"
    covariance: Annotated[Classical | Clustered, Field(discriminator="use")] = Classical()


@dataclass(frozen=True)
class Net:
    """A network.

    Attributes
    ----------
    hidden : units
    activation : of the units
    """

    name: ClassVar[str] = "net"
    hidden: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    activation: Literal["tanh", "sigmoid"] = "tanh"


@dataclass(frozen=True)
class Bag:
    """An ensemble.

    Attributes
    ----------
    base : what is fitted
    draws : how often
    """

    name: ClassVar[str] = "bag"
    base: Annotated[Any, Choose("estimator")]
    draws: Annotated[int, Field(ge=2)] = 200


@dataclass(frozen=True)
class Rows:
    """Random rows.

    Attributes
    ----------
    share : held out
    """

    name: ClassVar[str] = "rows"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.1


@dataclass(frozen=True)
class Groups:
    """Whole entities.

    Attributes
    ----------
    folds : groups
    """

    name: ClassVar[str] = "groups"
    folds: Annotated[int, Field(ge=2)] = 5


@dataclass(frozen=True)
class Curve:
    """A curve.

    Attributes
    ----------
    grid : points
    """

    name: ClassVar[str] = "curve"
    grid: Annotated[int, Field(ge=2)] = 40


@pytest.fixture(scope="session")
def catalogs():
    offered = {"estimator": (Ols, Net, Bag), "protocol": (Rows, Groups), "scenario": (Curve,)}
    absent = "broken plugins: far (ImportError: no module named far)"
    kinds = {kind.name: kind for kind in KINDS}
    fakes = {
        name: Catalog(kinds[name], {cls.name: cls for cls in classes}, absent)
        for name, classes in offered.items()
    }
    whole = {name: replace(catalog, absent="") for name, catalog in installed().catalogs.items()}
    return {**whole, **fakes}


@pytest.fixture
def good():
    return GOOD


@pytest.fixture
def spec_file(tmp_path, monkeypatch):
    """Write a text or bytes as ``x.yaml`` in the current directory and return its path."""
    monkeypatch.chdir(tmp_path)

    def write(content):
        path = tmp_path / "x.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path.relative_to(tmp_path)

    return write


@pytest.fixture
def load(spec_file, catalogs):
    def load_text(text, *overrides):
        return load_study(spec_file(text), catalogs=catalogs, overrides=overrides)

    return load_text


def told(part):
    """Return a part of ``mistakes.yaml``: what is wrong, and what is told of it."""
    return YAML(typ="safe").load(Path(__file__).with_name("mistakes.yaml"))[part]


@pytest.fixture
def untold(load, catalogs, monkeypatch):
    """Return what is told otherwise than ``mistakes.yaml`` has it, of a text with each mistake of a part."""

    schema = spec_schema(catalogs)
    monkeypatch.setattr(loader, "spec_schema", lambda _: schema)

    def differences(part, text):
        cases = told(part)
        found = {}
        for name, case in cases.items():
            assert text.count(case["written"]) == 1, name
            with pytest.raises(SpecError) as caught:
                load(text.replace(case["written"], case["instead"]))
            found[name] = str(caught.value)
        assert len(found) > 15
        return {name: told for name, told in found.items() if told != cases[name]["told"]}

    return differences


@pytest.fixture
def told_of():
    return told
