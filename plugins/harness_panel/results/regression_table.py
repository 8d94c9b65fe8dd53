"""Coefficient tables of several fits side by side, for HTML, LaTeX and Word."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness import CoefficientTable, Correction, Panel, key_of
from harness_panel.resampling.effect import in_order
from harness_panel.resampling.regression import Regression

if TYPE_CHECKING:
    import maketables
    import pandas as pd


STATISTICS: Mapping[str, str] = {
    "N": "Observations",
    "r2": "R2 of the equation",
    "r2_within": "R2 within",
    "se_type": "Covariance",
}
"""Statistics that a table shows beneath the coefficients, with their labels."""


def coefficient_frame(table: CoefficientTable) -> pd.DataFrame:
    """Return a coefficient table in maketables' columns, indexed by term."""
    import pandas as pd

    limits = table.conf_int(0.95)
    columns = {
        "b": table.estimate,
        "se": table.std_error,
        "t": table.statistic,
        "p": table.p_value,
        "ci95l": limits[:, 0],
        "ci95u": limits[:, 1],
    }
    return pd.DataFrame(columns, index=pd.Index(table.terms, name="Coefficient"))


def effects_text(regression: Regression) -> str | None:
    """Return whose effects are absorbed, as ``entity+time``; None without any."""
    return "+".join(str(effect) for effect in in_order(regression.effects)) or None


def correction_text(correction: Correction) -> str:
    """Return how a covariance was computed, in one sentence."""
    parts = [f"{correction.n_obs} rows", f"{correction.n_coef} coefficients"]
    if correction.n_effects:
        parts.append(f"{correction.n_effects} effects counted")
    if correction.n_clusters:
        kind = "clusters" if correction.bandwidth is None else "periods"
        parts.append(f"{' and '.join(map(str, correction.n_clusters))} {kind}")
    if correction.bandwidth is not None:
        parts.append(f"bandwidth {correction.bandwidth}")
    parts.append(f"factor {correction.factor:.6g}")
    parts.append(f"{correction.df_resid:g} degrees of freedom")
    return f"{correction.kind} ({', '.join(parts)})"


def effects_note(regression: Regression, panel: Panel) -> str:
    """Return what was absorbed, in words."""
    if not regression.effects:
        return "no effects absorbed"
    of = " and ".join(key_of(panel, effect).name for effect in in_order(regression.effects))
    return f"effects of {of} absorbed, {regression.n_effects} of them independent"


Escape = Callable[[str], str]

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{character: rf"\{character}" for character in "&%$#_{}"},
    }
)


class TabulatedFit(Protocol):
    """What a column of a table is made of; the rest maketables asks of the fit itself."""

    @property
    def table(self) -> CoefficientTable:
        """Estimates with their covariance."""

    @property
    def rows(self) -> Panel:
        """What was fitted on."""

    @property
    def how(self) -> str:
        """Covariance, effects and weights, in words."""


@dataclass(frozen=True, eq=False)
class RegressionTable:
    r"""Fits of one or more outcomes, a column each, with notes on covariance and effects.

    Attributes
    ----------
    fits : by the label of their column
    labels : of terms and outcomes, by name; others keep their names
    decimals : >= 0, of coefficients and standard errors
    """

    fits: Mapping[str, TabulatedFit]
    labels: Mapping[str, str] = field(default_factory=dict)
    decimals: int = 3

    def html(self) -> str:
        """Return the table as HTML, the same for the same fits; maketables escapes what it is given."""
        page = str(self._table(str).make("html"))
        # great-tables draws the id at random; equal tables should be equal files.
        drawn = page.partition('id="')[2].partition('"')[0]
        named = hashlib.sha256(page.replace(drawn, "").encode()).hexdigest()
        return page.replace(drawn, f"table-{named[:12]}")

    def latex(self) -> str:
        r"""Return the table as LaTeX.

        It needs the packages booktabs, tabularx, makecell, threeparttable and array.
        """
        return str(self._table(escape_latex).make("tex"))

    def write_html(self, path: Path) -> None:
        """Write the table as an HTML file."""
        path.write_text(self.html(), encoding="utf-8")

    def write_latex(self, path: Path) -> None:
        """Write the table as a LaTeX file, to be read by the command input."""
        path.write_text(self.latex(), encoding="utf-8")

    def write_docx(self, path: Path) -> None:
        """Write the table as a Word file."""
        self._table(str).save("docx", str(path.absolute()), show=False)

    def _repr_html_(self) -> str:
        return self.html()

    def _table(self, escape: Escape) -> maketables.ETable:
        import maketables

        terms = {term for fit in self.fits.values() for term in fit.table.terms}
        outcomes = {fit.rows.outcome for fit in self.fits.values()}
        return maketables.ETable(
            list(self.fits.values()),
            coef_fmt=f"b:.{self.decimals}f* \n (se:.{self.decimals}f)",
            model_stats=list(STATISTICS),
            model_stats_labels=dict(STATISTICS),
            labels={name: escape(self.labels.get(name, name)) for name in terms | outcomes},
            felabels={"entity": "Entity effects", "time": "Time effects"},
            model_heads=[escape(label) for label in self.fits],
            notes=escape(self._notes()),
        )

    def _notes(self) -> str:
        lines = ["* p < 0.1, ** p < 0.05, *** p < 0.01. Standard errors in parentheses."]
        for at, fit in enumerate(self.fits.values(), start=1):
            lines.append(f"({at}) {fit.how}.")
        return " ".join(lines)


def escape_latex(text: str) -> str:
    """Return a text with the characters that LaTeX gives a meaning to escaped."""
    return text.translate(_LATEX)
