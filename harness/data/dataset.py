"""A named dataset, shipped with a library or a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from harness.registry.catalog import Kind, NamedObject

if TYPE_CHECKING:
    import pandas as pd


class Dataset(Protocol):
    """A named dataset, for ``data: {dataset: NAME}``.

    Attributes
    ----------
    name : as written in the spec
    title : one line for the report
    source : who published the data, for the report
    """

    @property
    def name(self) -> str:
        """Return the name written in the spec."""

    @property
    def title(self) -> str:
        """Return one line for the report."""

    @property
    def source(self) -> str:
        """Return who published the data."""

    def load(self) -> pd.DataFrame:
        """Return the raw table in long format."""


@runtime_checkable
class ComesWithPackage(Dataset, Protocol):
    """Capability of a dataset: it is in a package that may be missing, and knows whether it is.

    Attributes
    ----------
    package : by the name it is imported by
    is_installed : whether it is there
    """

    @property
    def package(self) -> str:
        """Return the package that ships the data."""

    @property
    def is_installed(self) -> bool:
        """Return whether it is there."""


# Datasets that a spec can choose.
DATASET: Kind[Dataset] = Kind("dataset", "datasets", NamedObject(("load",), ("title", "source")))
