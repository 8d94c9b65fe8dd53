"""Coefficient tables side by side, in the formats papers need."""

from __future__ import annotations

import re
from dataclasses import replace

import html5lib
import maketables
import pytest
from docx import Document

from harness import Panel, random_stream
from harness_panel import (
    Between,
    Classical,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PolynomialEffects,
    PooledOLS,
    RandomEffects,
    RegressionTable,
    WildCluster,
)
from harness_panel.results.regression_table import escape_latex
from panels import key_from, simulated_panel
from r_reference import r_panel

FITS = {
    "OLS & Co": PooledOLS(),
    "FE_firm": FixedEffects(covariance=Classical()),
    "two-way": FixedEffects(("entity", "time"), DriscollKraay(2)),
    "RE": RandomEffects(),
    "between": Between(),
}


@pytest.fixture(scope="module")
def table() -> RegressionTable:
    panel = r_panel("grunfeld")
    fits = {label: estimator.fit(panel, rng=random_stream(0)) for label, estimator in FITS.items()}
    return RegressionTable(fits, labels={"value": "Value < 5%", "inv": "Investment"}, decimals=4)


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.removesuffix(r" \\").split("&")]


def test_latex_has_every_estimate_under_its_estimator(table):
    lines = table.latex().splitlines()
    (capital,) = [line for line in lines if line.startswith("capital")]
    shown = [re.search(r"makecell\{(-?[\d.]+)\**\s*\\\\ \(([\d.]+)\)", cell) for cell in cells(capital)[1:]]
    for found, fit in zip(shown, table.fits.values(), strict=True):
        at = fit.table.terms.index("capital")
        assert float(found[1]) == pytest.approx(fit.table.estimate[at], abs=5.1e-5)
        assert float(found[2]) == pytest.approx(fit.table.std_error[at], abs=5.1e-5)


def test_latex_says_effects_and_covariance_and_escapes_names(table):
    latex = table.latex()
    assert r"OLS \& Co" in latex
    assert r"FE\_firm" in latex
    assert r"Value < 5\%" in latex
    (entity,) = [line for line in latex.splitlines() if line.startswith("Entity effects")]
    assert cells(entity)[1:] == ["-", "x", "x", "-", "-"]
    assert "clustered by entity (200 rows, 3 coefficients, 10 clusters, factor" in latex
    assert "Driscoll-Kraay (200 rows, 2 coefficients, 20 periods, bandwidth 2, factor 1, 19 degrees" in latex
    assert "effects of firm absorbed, 10 of them independent" in latex


def test_html_is_well_formed_and_escapes_names(table):
    page = table.html()
    html5lib.HTMLParser(strict=False).parseFragment(page)
    assert "Value &lt; 5%" in page
    assert "OLS &amp; Co" in page
    assert "Value < 5%" not in page
    assert table._repr_html_() == page


def test_word_has_the_same_cells(table, tmp_path):
    table.write_docx(tmp_path / "table.docx")
    (grid,) = Document(str(tmp_path / "table.docx")).tables
    text = [[cell.text for cell in row.cells] for row in grid.rows]
    (capital,) = [row for row in text if row[0] == "capital"]
    assert capital[2].startswith("0.3101")
    assert any(row[0] == "Covariance" and "classical" in row[2] for row in text)


def test_files_are_what_the_methods_return(table, tmp_path):
    table.write_latex(tmp_path / "table.tex")
    table.write_html(tmp_path / "table.html")
    assert (tmp_path / "table.tex").read_text(encoding="utf-8") == table.latex()
    assert (tmp_path / "table.html").read_text(encoding="utf-8") == table.html()


EVERY = {
    "Pooled OLS": PooledOLS(weighted=True),
    "Fixed effects": FixedEffects(("entity", "time"), DriscollKraay(2), absorb=("industry",)),
    "Fixed effects, polynomial": PolynomialEffects(("entity",), absorb=("industry",)),
    "Random effects": RandomEffects(),
    "Between": Between(),
    "First differences": FirstDifference(constant=True),
    "Correlated random effects": Mundlak(WildCluster(draws=99)),
}
"""Every estimator with a table, as a script uses it: options, panel, table."""


@pytest.fixture(scope="module")
def panel() -> Panel:
    base = simulated_panel(random_stream(91), share=0.8)
    industry = key_from("industry", random_stream(93).integers(0, 3, size=base.n_obs))
    weights = random_stream(94).uniform(0.5, 2.0, size=base.n_obs)
    return replace(base, groups=(industry,), weights=weights)


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_shows_itself_in_a_notebook(panel, title):
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    page = fitted._repr_html_()
    html5lib.HTMLParser(strict=False).parseFragment(page)
    assert title in page
    for term, estimate, error in zip(
        fitted.table.terms, fitted.table.estimate, fitted.table.std_error, strict=True
    ):
        assert term in page
        assert f"{estimate:.3f}" in page
        assert f"({error:.3f})" in page
    assert fitted.table.correction.kind in page
    assert ("rows weighted" in page) == (title == "Pooled OLS")
    assert ("industry" in page) == title.startswith("Fixed")


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_shows_itself_in_a_terminal(panel, title):
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    first, *lines = repr(fitted).splitlines()
    assert first == f"{title} of outcome"
    assert len(lines) == len(fitted.table.terms) + 3
    exposure = next(line for line in lines if line.startswith("x0"))
    at = fitted.table.terms.index("x0")
    assert [f"{one:.6g}" for one in (fitted.table.estimate[at], fitted.table.std_error[at])] == (
        exposure.split()[1:3]
    )
    assert lines[-1] == fitted.how


@pytest.mark.parametrize("title", EVERY)
def test_a_fit_has_what_maketables_asks_for(panel, title, tmp_path):
    """The protocol of its documents, without a class of maketables' own."""
    fitted = EVERY[title].fit(panel, rng=random_stream(0))
    frame = fitted.__maketables_coef_table__
    assert {"b", "se", "t", "p", "ci95l", "ci95u"} <= set(frame.columns)
    assert tuple(frame.index) == fitted.table.terms
    assert fitted.__maketables_depvar__ == "outcome"
    assert fitted.__maketables_stat__("N") == fitted.regression.panel.n_obs
    assert 0.0 <= fitted.__maketables_stat__("r2") <= 1.0
    assert fitted.__maketables_stat__("no such statistic") is None
    alone = maketables.ETable([fitted])
    for kind in ("tex", "html"):
        assert f"{frame['b'].iloc[0]:.3f}" in str(alone.make(kind))
    RegressionTable({title: fitted}).write_docx(tmp_path / "one.docx")
    (grid,) = Document(str(tmp_path / "one.docx")).tables
    shown = [cell.text for row in grid.rows for cell in row.cells]
    assert any(f"{frame['b'].iloc[0]:.3f}" in text for text in shown)


def test_all_estimators_stand_side_by_side(panel):
    fits = {title: one.fit(panel, rng=random_stream(0)) for title, one in EVERY.items()}
    latex = RegressionTable(fits).latex()
    (exposure,) = [line for line in latex.splitlines() if line.startswith("x0 &")]
    assert len(cells(exposure)) == 1 + len(EVERY)
    (industry,) = [line for line in latex.splitlines() if line.startswith("industry &")]
    assert cells(industry)[1:] == ["-", "x", "x", "-", "-", "-", "-"]
    for at, fit in enumerate(fits.values(), start=1):
        assert escape_latex(f"({at}) {fit.how}.") in latex


def test_a_name_with_markup_stays_a_name():
    panel = simulated_panel(random_stream(92), n_columns=1)
    script = "<script>alert(1)</script>"
    entity = replace(panel.entity, name=script)
    hostile = replace(panel, exposure=script, outcome="<b>y</b>", entity=entity)
    page = FixedEffects().fit(hostile, rng=random_stream(0))._repr_html_()
    assert "<script>" not in page
    assert "<b>y</b>" not in page


def test_maketables_takes_a_fit_as_it_is():
    fits = [one.fit(r_panel("grunfeld"), rng=random_stream(0)) for one in FITS.values()]
    latex = maketables.ETable(fits).make("tex")
    assert "0.310" in latex
    assert "Observations" in latex


def test_latex_escapes_every_special_character():
    assert escape_latex(r"a_b^c~d\e{f}%$#&") == (
        r"a\_b\textasciicircum{}c\textasciitilde{}d\textbackslash{}e\{f\}\%\$\#\&"
    )
