r"""Tables as text: Markdown, and LaTeX with the three rules of booktabs.

maketables and great_tables write LaTeX from a data frame, with one row of heads and no headings among rows,
and let characters that LaTeX reads as commands through; so this is written here.
"""

from __future__ import annotations

import functools
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from harness.language import pgettext, spaced, topic
from harness.record.manifest import StudyRecord
from harness.report.blocks import ReportTable, plain_words
from harness.text.plain_text import printable

gettext = topic("report.text")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under a head as a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(plain_markdown(cell) for cell in line) + " |" for line in lines)


def plain_table(table: ReportTable) -> str:
    """Return a table with its notes as lines of text for a terminal; a Chinese letter is two columns wide."""
    from rich.cells import cell_len

    body = [texts for texts, _ in table.body_rows]
    widths = [max(map(cell_len, column)) for column in zip(*table.texts, strict=True)]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    n_foot = len(table.foot)

    def line(texts: Sequence[str]) -> str:
        blanks = [" " * (width - cell_len(text)) for width, text in zip(widths, texts, strict=True)]
        cells = [texts[0] + blanks[0], *(b + text for b, text in zip(blanks[1:], texts[1:], strict=True))]
        return "  ".join(cells).rstrip()

    parts = [table.heads, body[: len(body) - n_foot], body[len(body) - n_foot :]]
    lines = [plain_words(table.caption)]
    for rows in filter(None, parts):
        lines += [rule, *map(line, rows)]
    return spaced("\n".join([*lines, rule, *map(plain_words, table.notes)]))


def markdown_of(table: ReportTable) -> str:
    """Return a table with its notes in Markdown; the heads of a column are one."""
    heads = [" ".join(filter(None, texts)) for texts in zip(*table.heads, strict=True)]
    grid = markdown_table(heads, [texts for texts, _ in table.body_rows])
    notes = " ".join(plain_markdown(plain_words(note)) for note in table.notes)
    return spaced(f"{grid}\n\n{notes}\n")


def plain_markdown(text: str) -> str:
    """Return text on one line without characters that Markdown or HTML would read."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
    return " ".join(escaped.replace("*", "\\*").replace("[", "\\[").split())


def _commands(characters: str, names: str, form: str) -> dict[str, str]:
    """Return what stands for each character, by the name of its command."""
    return {letter: form.format(name) for letter, name in zip(characters, names.split(), strict=True)}


# What stands for each character; brackets and stars would be options of ``\\``.
LATEX = {
    **{letter: rf"\{letter}" for letter in "&%$#_{}"},
    **{letter: f"{{{letter}}}" for letter in "[]*"},
    **dict(zip("−–—×\u00a0“”‘’", ("$-$", "--", "---", r"$\times$", "~", "``", "''", "`", "'"), strict=True)),
    **_commands("\\~^<>|", "backslash asciitilde asciicircum less greater bar", r"\text{}{{}}"),
    **_commands("†‡°·€", "textdagger textdaggerdbl textdegree textperiodcentered texteuro", r"\{}{{}}"),
    **_commands("…§£ßæÆøØłŁı", "ldots S pounds ss ae AE o O l L i", r"\{}{{}}"),
    **_commands("≤≥≠≈±∞→∆ΔΣΩ", "leq geq neq approx pm infty to Delta Delta Sigma Omega", r"$\{}$"),
    **_commands("αβγδεηθλ", "alpha beta gamma delta varepsilon eta theta lambda", r"$\{}$"),
    **_commands("μµπρστφχω", "mu mu pi rho sigma tau varphi chi omega", r"$\{}$"),
}

# Accents as Unicode combines them with a letter, and the commands that set them.
ACCENTS = dict(
    zip(map(chr, (0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308)), "`'^~=u.\"", strict=True)
) | dict(zip(map(chr, (0x30A, 0x30B, 0x30C, 0x327, 0x328)), "rHvck", strict=True))

RAISED, SUNKEN = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "₋₀₁₂₃₄₅₆₇₈₉"
DIGITS = str.maketrans(RAISED + SUNKEN, 2 * "-0123456789")
# A power of ten, or another raised or sunken number, in text that is LaTeX but for these, which fonts lack.
POWER = re.compile(
    rf"\$\\times\$[ ~]?10(?P<power>[{RAISED}]+)|(?P<raised>[{RAISED}]+)|(?P<sunken>[{SUNKEN}]+)"
)


def latex(text: str) -> str:
    """Return printable `text` as LaTeX sets it.

    What is left beyond ASCII, such as Chinese, needs XeLaTeX.
    """
    return POWER.sub(_number, "".join(map(_in_latex, printable(text))))


@functools.cache
def _in_latex(letter: str) -> str:
    base, *accents = tuple(unicodedata.normalize("NFD", letter))
    if letter not in LATEX and len(accents) == 1 and accents[0] in ACCENTS:
        return rf"\{ACCENTS[accents[0]]}{{{base}}}"
    return LATEX.get(letter, letter)


def _number(found: re.Match[str]) -> str:
    if found["power"]:
        return rf"$\times 10^{{{found['power'].translate(DIGITS)}}}$"
    return f"${'^' if found['raised'] else '_'}{{{found[0].translate(DIGITS)}}}$"


def latex_tabular(table: ReportTable) -> str:
    """Return a ``tabular`` environment."""
    return spaced("\n".join(_tabular(table, f"l{'r' * (table.width - 1)}", latex)) + "\n")


def latex_table(table: ReportTable, study: StudyRecord) -> str:
    r"""Return a ``table`` environment with caption, label and notes; it needs ``\usepackage{booktabs}``."""
    return spaced("\n".join(_table(table, study)) + "\n")


# Tables larger than the page are scaled to it; the files of tables themselves know of no page.
FITTED = r"""\usepackage{booktabs,graphicx,etoolbox}
\usepackage[margin=2cm]{geometry}
\newsavebox{\fittedtable}
\newcommand{\fitted}{%
  \ifdim\wd\fittedtable>\textwidth
    \sbox{\fittedtable}{\resizebox{\textwidth}{!}{\usebox{\fittedtable}}}\fi
  \ifdim\dimexpr\ht\fittedtable+\dp\fittedtable\relax>.85\textheight
    \resizebox*{!}{.85\textheight}{\usebox{\fittedtable}}%
  \else\usebox{\fittedtable}\fi}
\BeforeBeginEnvironment{tabular}{\begin{lrbox}{\fittedtable}}
\AfterEndEnvironment{tabular}{\end{lrbox}\fitted}
"""


def latex_document(names: Sequence[str]) -> str:
    """Return a document that has the files of tables of these names, one a page; Chinese needs XeLaTeX."""
    kind = pgettext("language.facts", "article")
    inputs = "\n".join(rf"\input{{{name}.tex}}\clearpage" for name in names)
    return f"\\documentclass{{{kind}}}\n{FITTED}\\begin{{document}}\n{inputs}\n\\end{{document}}\n"


def _table(table: ReportTable, study: StudyRecord) -> Iterator[str]:
    needs = gettext("Needs {package}; names in Chinese need XeLaTeX.")
    yield "% " + needs.format(package=r"\usepackage{booktabs}")
    yield r"\begin{table}"
    yield r"\centering"
    yield rf"\caption{{{latex(plain_words(table.caption))}}}"
    yield rf"\label{{tab:{_key(table.name)}-{_key(study.id)}}}"
    yield from _tabular(table, rf"l*{{{table.width - 1}}}{{@{{\hspace{{2em}}}}r}}", _aligned)
    yield ""
    yield r"\par\smallskip\footnotesize"
    yield " ".join(latex(plain_words(note)) for note in table.notes)
    yield r"\end{table}"


# Letters of a head of a column on one line.
HEAD_WIDTH = 18

# A number with decimals, and what closes it: a bracket, stars and other marks.
DECIMAL = re.compile(r"(?P<number>\(?−?[\d,]*\.\d+)(?P<end>[)*†‡]*)")


def _aligned(text: str) -> str:
    """Return a cell of a column that is flush right: decimals under decimals, all else in the middle."""
    found = DECIMAL.fullmatch(text)
    if found:
        return latex(found["number"]) + (rf"\rlap{{{latex(found['end'])}}}" if found["end"] else "")
    return rf"\multicolumn{{1}}{{c}}{{{latex(text)}}}" if text else ""


def _tabular(table: ReportTable, columns: str, written: Callable[[str], str]) -> Iterator[str]:
    def line(texts: Sequence[str]) -> str:
        return " & ".join([latex(texts[0]), *map(written, texts[1:])]) + r" \\"

    def heads(texts: Sequence[str]) -> str:
        return " & ".join([latex(texts[0]), *(_head(text, written) for text in texts[1:])]) + r" \\"

    yield rf"\begin{{tabular}}{{{columns}}}"
    yield r"\toprule"
    yield from map(heads, table.heads)
    yield r"\midrule"
    for texts, is_heading in table.body_rows:
        yield _heading(texts[0], table.width) if is_heading else line(texts)
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _head(text: str, written: Callable[[str], str]) -> str:
    """Return the head of a column of numbers, a long one on lines of their own."""
    lines = textwrap.wrap(text, HEAD_WIDTH, break_long_words=False, break_on_hyphens=False)
    stacked = r"\\ ".join(map(latex, lines))
    return rf"\multicolumn{{1}}{{c}}{{\shortstack{{{stacked}}}}}" if len(lines) > 1 else written(text)


def _heading(text: str, width: int) -> str:
    return rf"\multicolumn{{{width}}}{{l}}{{\textit{{{latex(text)}}}}} \\"


def _key(name: str) -> str:
    """Return a name for a reference: everything but letters and digits of ASCII becomes a hyphen."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
