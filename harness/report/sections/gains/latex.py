"""The table of gains for a LaTeX document, in the style of booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.evaluation.gain_status import GainStatus
from harness.language import closed_up, gettext
from harness.report.model.gains import GainCell, Gains
from harness.report.sections.gains.table import GainTable, gain_table
from harness.report.text.numbers import count, percent, plain
from harness.report.text.plain_text import in_turn, latex
from harness.store.study_record import ProtocolRecord

SIGNS = {
    GainStatus.BETTER: r"$^{+}$",
    GainStatus.WORSE: r"$^{-}$",
}


FORMULA = r"$1 - \mathrm{MSE}/\mathrm{MSE}_{\mathrm{reference}}$"


def latex_gains(gains: Gains) -> str:
    r"""Return a ``table`` environment for each reference; they need ``\usepackage{booktabs}``."""
    return closed_up("\n".join(_table(over) for over in (gains, *gains.further)))


def _table(gains: Gains) -> str:
    """Return the gains over one reference, a panel for each outcome."""
    study = gains.run.manifest.study
    tables = [(study.label(outcome), gain_table(gains, outcome)) for outcome in study.outcomes]
    width = 1 + len(study.protocols)
    caption = gettext("Gain over {reference}, per cent: {title}").format(
        reference=gains.reference_label, title=study.title
    )
    heads = [latex(protocol.title) for protocol in study.honest_first]
    lines = [
        latex_needs(),
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex(caption)}}}",
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


def latex_needs() -> str:
    """Return the comment that says what a table needs."""
    words = gettext("Needs {package}; names in Chinese need XeLaTeX and a font that has them.")
    return "% " + words.format(package=r"\usepackage{booktabs}")


def latex_label(name: str) -> str:
    """Return `name` as a reference key: everything but letters and digits becomes a hyphen."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)


def latex_row(label: str, cells: Sequence[str]) -> str:
    """Return one row of a ``tabular``, from texts that LaTeX can read."""
    return " & ".join([label, *cells]) + r" \\"


def protocol_note(protocol: ProtocolRecord) -> str:
    """Return what a protocol does, and what the training rows know of the test rows."""
    leaks = in_turn(leak.text for leak in protocol.leaks) or gettext("nothing known")
    return gettext("{title}: {how} What it leaks: {leaks}.").format(
        title=protocol.title, how=protocol.how, leaks=leaks
    )


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
    quick = gettext("A quick run with few draws; not for publication. ") if study.quick else ""
    lines = [
        r"\par\smallskip\footnotesize",
        gettext(
            "{quick}Gain is {FORMULA} on the test rows; beneath, its {level} interval from {draws} "
            "bootstrap draws of whole entities. $^{{+}}$ better, $^{{-}}$ worse: the interval "
            "excludes zero, and the p-values that allow for many comparisons are below {level_2}."
        ).format(
            quick=quick,
            FORMULA=FORMULA,
            level=latex(percent(study.level, 0)),
            draws=count(study.draws),
            level_2=plain(1.0 - study.level),
        ),
    ]
    lines += [r"\par " + latex(protocol_note(protocol)) for protocol in study.protocols]
    for outcome, table in zip(study.outcomes, tables, strict=True):
        lines += [
            rf"\par $^{{\mathrm{{{mark}}}}}$ "
            + latex(gettext("{outcome}: {reason}").format(outcome=study.label(outcome), reason=reason))
            for mark, reason in table.footnotes
        ]
    return lines
