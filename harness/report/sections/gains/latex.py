"""The table of gains for a LaTeX document, in the style of booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.evaluation.gain_status import GainStatus
from harness.report.model.gains import GainCell, Gains
from harness.report.sections.gains.table import GainTable, gain_table
from harness.report.text.numbers import count, percent, plain
from harness.report.text.plain_text import latex

SIGNS = {
    GainStatus.BETTER: r"$^{+}$",
    GainStatus.WORSE: r"$^{-}$",
}


FORMULA = r"$1 - \mathrm{MSE}/\mathrm{MSE}_{\mathrm{reference}}$"


def latex_gains(gains: Gains) -> str:
    r"""Return a ``table`` environment for each reference; they need ``\usepackage{booktabs}``."""
    return "\n".join(_table(over) for over in (gains, *gains.further))


def _table(gains: Gains) -> str:
    """Return the gains over one reference, a panel for each outcome."""
    study = gains.run.manifest.study
    tables = [(study.label(outcome), gain_table(gains, outcome)) for outcome in study.outcomes]
    width = 1 + len(study.protocols)
    heads = [latex(protocol.title) for protocol in study.honest_first]
    lines = [
        r"% Needs \usepackage{booktabs}; names in Chinese need XeLaTeX and a font that has them.",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{Gain over {latex(gains.reference_label)}, per cent: {latex(study.title)}}}",
        rf"\label{{tab:gain-{latex_label(_key(gains))}}}",
        rf"\begin{{tabular}}{{l*{{{width - 1}}}{{c}}}}",
        r"\toprule",
        latex_row("", heads),
    ]
    for label, table in tables:
        lines += [
            r"\midrule",
            rf"\multicolumn{{{width}}}{{l}}{{\textit{{{latex(label)}}}}} \\",
            *_panel(table),
        ]
    lines += [
        r"\bottomrule",
        r"\end{tabular}",
        "",
        *_notes(gains, [table for _, table in tables]),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _key(gains: Gains) -> str:
    study = gains.run.manifest.study
    return f"{study.id}-over-{gains.over}" if gains.over else study.id


def latex_label(name: str) -> str:
    """Return `name` as a reference key: everything but letters and digits becomes a hyphen."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)


def latex_row(label: str, cells: Sequence[str]) -> str:
    """Return one row of a ``tabular``, from texts that LaTeX can read."""
    return " & ".join([label, *cells]) + r" \\"


def _panel(table: GainTable) -> list[str]:
    lines = []
    for row in table.rows:
        gains = [_gain(cell, mark=table.mark(cell)) for cell in row.cells]
        lines.append(latex_row(latex(row.estimator.label), gains))
        if any(cell.beneath for cell in row.cells):
            lines.append(latex_row("", [latex(cell.beneath) for cell in row.cells]))
    return lines


def _gain(cell: GainCell, *, mark: str) -> str:
    noted = rf"$^{{\mathrm{{{mark}}}}}$" if mark else ""
    return latex(cell.text.removesuffix("%")) + SIGNS.get(cell.status, "") + noted


def _notes(gains: Gains, tables: Sequence[GainTable]) -> list[str]:
    study = gains.run.manifest.study
    quick = "A quick run with few draws; not for publication. " if study.quick else ""
    lines = [
        r"\par\smallskip\footnotesize",
        f"{quick}Gain is {FORMULA} on the test rows; beneath, its {latex(percent(study.level, 0))} interval "
        f"from {count(study.draws)} bootstrap draws of whole entities. "
        "$^{+}$ better, $^{-}$ worse: the interval excludes zero, and the p-values that allow for many "
        f"comparisons are below {plain(1.0 - study.level)}.",
    ]
    for protocol in study.protocols:
        leaks = "; ".join(leak.text for leak in protocol.leaks) or "nothing known"
        lines.append(r"\par " + latex(f"{protocol.title}: {protocol.how} What it leaks: {leaks}."))
    for outcome, table in zip(study.outcomes, tables, strict=True):
        lines += [
            rf"\par $^{{\mathrm{{{mark}}}}}$ {latex(study.label(outcome))}: {latex(reason)}"
            for mark, reason in table.footnotes
        ]
    return lines
