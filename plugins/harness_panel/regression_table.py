"""Coefficient tables of several fits side by side, for HTML, LaTeX and Word."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness_panel.linear_fit import LinearFit
from harness_panel.presentation import STATISTICS

if TYPE_CHECKING:
    import maketables

Escape = Callable[[str], str]

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{character: rf"\{character}" for character in "&%$#_{}"},
    }
)


@dataclass(frozen=True, eq=False)
class RegressionTable:
    r"""Fits of one or more outcomes, a column each, with notes on covariance and effects.

    Attributes
    ----------
    fits : by the label of their column
    labels : of terms and outcomes, by name; others keep their names
    decimals : >= 0, of coefficients and standard errors
    """

    fits: Mapping[str, LinearFit]
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
