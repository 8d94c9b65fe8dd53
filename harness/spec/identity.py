"""An accounting identity between two outcomes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.data.name import ColumnName
from harness.spec.spec_model import SpecModel


class Identity(SpecModel):
    """An outcome that is the product of another one and of regressors: ``co2 = co2_pc * population``.

    With the regressors held fixed, both outcomes change by the same factor when the exposure changes.

    Attributes
    ----------
    product : an outcome
    of : its factors; one is an outcome, the others are moderators or controls
    """

    product: ColumnName
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]
