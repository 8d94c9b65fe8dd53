r"""Tables in the text of LaTeX: cells, heads that span columns, stars; commands are read, and none is run.

pylatexenc turns LaTeX into text as well, but knows no cells, and its macros would have to be told to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from harness.printed.table import PrintedTable
from harness.report.render.text import ACCENTS, LATEX, RAISED, SUNKEN

# Braces within braces that are read; more is a table that nobody wrote.
DEEPEST = 40

ENVIRONMENTS = r"tabular\*?|tabularx|tabulary|longtable\*?|tabu|xltabular|array"
BEGIN = re.compile(rf"\\begin\s*\{{(?P<name>{ENVIRONMENTS})\}}")
COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*\n?[ \t]*")

# A command, a group's end or beginning, what separates cells and rows, or any other sign.
TOKEN = re.compile(r"\\[a-zA-Z@]+\*?|\\.|[{}&$^_~]|[^\\{}&$^_~]+", re.DOTALL)

# Letters by the commands that set them, and accents.
LETTERS = {
    match[1]: letter
    for letter, written in LATEX.items()
    if (match := re.fullmatch(r"\$?\{?\\(?:text\{\}\{\})?([a-zA-Z]+)(?:\{\})?\}?\$?", written))
}
LETTERS |= {
    "Delta": "Δ",
    "mu": "μ",
    "textminus": "−",
    "textendash": "–",
    "quad": " ",
    "qquad": " ",
    "newline": " ",
    "checkmark": "✓",
}
MARKS = {command: accent for accent, command in ACCENTS.items()}

# Commands by how many of their arguments are no text; those not listed have none, or are not known.
DROPPED = {
    **dict.fromkeys(("hspace", "vspace", "label", "cline", "cmidrule", "addlinespace", "rule", "color"), 1),
    **dict.fromkeys(
        ("rowcolor", "cellcolor", "tablefootnote", "footnote", "setlength", "includegraphics"), 1
    ),
    **dict.fromkeys(("textcolor", "raisebox", "parbox", "makebox", "fontsize", "cite", "citep", "ref"), 1),
    "multirow": 2,
    "resizebox": 2,
}

# Commands without text of their own: rules and looks, whose arguments are read as what stands there.
SILENT = frozenset(
    " ".join(
        (
            "toprule midrule bottomrule hline hhline centering raggedright noindent par hfill left right",
            "small footnotesize scriptsize tiny large bfseries itshape rmfamily sffamily bf it rm em",
            "endhead endfirsthead endfoot endlastfoot tabularnewline relax displaystyle arraybackslash",
            "textit textbf emph text textrm textsf texttt textsc mathrm mathbf mathit mbox underline",
            "rlap llap phantom sym textsuperscript shortstack makecell thead num boldmath unboldmath",
        )
    ).split()
)


@dataclass(frozen=True)
class _Cell:
    """The text of a cell, and how many columns it spans."""

    text: str
    span: int
    unknown: tuple[str, ...]


def latex_tables(text: str) -> Iterator[PrintedTable]:
    """Yield the tables of a document, in their order, with what stands before and behind each."""
    text = COMMENT.sub(r"\1", text.replace("\r\n", "\n"))
    begins = list(BEGIN.finditer(text))
    ends = [text.find(rf"\end{{{match['name']}}}", match.end()) for match in begins]
    before = 0
    for number, (match, end) in enumerate(zip(begins, ends, strict=True)):
        if match.start() < before:  # within another
            continue
        stop = end if end >= 0 else len(text)
        following = next((one.start() for one in begins[number + 1 :] if one.start() > stop), len(text))
        around = text[before : match.start()], text[stop:following]
        caption = next(filter(None, map(_caption, around)), "")
        body = text[_after_arguments(text, match.end(), n=2 if match["name"][-1] in "*xy" else 1) : stop]
        body, notes = re.sub(r"\\caption\s*", r"\\label", body), _plain(around[1])[:2000]
        yield _table(body, caption or _caption(text[match.end() : stop]), notes)
        before = stop


def _caption(text: str) -> str:
    match = re.search(r"\\caption\*?\s*(?:\[[^]]*\])?\s*\{", text)
    return _plain(text[match.end() - 1 : _closing(text, match.end() - 1)]) if match else ""


def _after_arguments(text: str, start: int, *, n: int) -> int:
    """Return where the arguments of an environment end: optional ones, and up to `n` in braces."""
    while match := re.compile(r"\s*([\[{])").match(text, start):
        if match[1] == "[":
            start = text.find("]", match.end()) + 1 or len(text)
        elif n:
            start, n = _closing(text, match.end() - 1), n - 1
        else:
            break
    return start


def _closing(text: str, start: int) -> int:
    """Return the position behind the brace that closes the one at `start`; the end where none does."""
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return len(text)


def _table(body: str, caption: str, notes: str) -> PrintedTable:
    rows, unknown = list[tuple[tuple[str, int], ...]](), dict[tuple[int, int], tuple[str, ...]]()
    for written in _split(body, r"\\", r"\tabularnewline"):
        cells = [_cell(part) for part in _split(re.sub(r"^\s*(\*?\s*\[[^]]*\])", "", written), "&")]
        if not any(cell.text for cell in cells):
            continue
        rows.append(tuple((cell.text, cell.span) for cell in cells))
        unknown |= {(len(rows) - 1, at): cell.unknown for at, cell in enumerate(cells) if cell.unknown}
    reasons = {
        key: f"commands that are not known: {', '.join(sorted(set(names)))}" for key, names in unknown.items()
    }
    return PrintedTable.of(rows, caption=caption, notes=notes, unread=reasons)


def _split(text: str, *separators: str) -> list[str]:
    """Return the parts of a text between separators that stand in no braces and no inner environment."""
    parts, depth, inner, start = [], 0, 0, 0
    for match in re.compile(r"\\begin\b|\\end\b|\\[a-zA-Z]+|\\.|[{}&]", re.DOTALL).finditer(text):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        inner += {r"\begin": 1, r"\end": -1}.get(match[0], 0)
        if match[0] in separators and depth <= 0 and inner <= 0:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def _plain(text: str) -> str:
    return _cell(text).text


def _cell(written: str) -> _Cell:
    """Return the text of a cell."""
    match = re.match(
        r"\s*(?:\\[a-z]*rule\b\S*\s*|\\hline\s*)*\\multicolumn\s*\{\s*(\d{1,4})\s*\}\s*", written
    )
    span = 1
    if match:
        span, start = min(max(int(match[1]), 1), 500), _after_arguments(written, match.end(), n=1)
        written = written[start:]
    reader = _Text(TOKEN.findall(written))
    text = unicodedata.normalize("NFC", " ".join(reader.read().split()))
    return _Cell(text, span, tuple(reader.unknown))


class _Text:
    """Tokens as they are read, and the commands among them that are not known."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.position, self.unknown, self.is_math = tokens, 0, list[str](), False

    def read(self, depth: int = 0) -> str:
        """Return the text up to the end of the group."""
        parts: list[str] = []
        while self.position < len(self.tokens):
            sign = self.tokens[self.position]
            self.position += 1
            if sign == "}":
                break
            if sign == "{":
                parts.append(self._group(depth))
            elif sign in "^_":
                parts.append(_raised(self.argument(depth), RAISED if sign == "^" else SUNKEN))
            elif sign.startswith("\\"):
                parts.append(self._command(sign[1:].removesuffix("*") or "\\", depth))
            else:
                self.is_math ^= sign == "$"
                parts.append(_signs(sign).replace("-", "−") if self.is_math else _signs(sign))
        return "".join(parts)

    def _group(self, depth: int) -> str:
        if depth < DEEPEST:
            return self.read(depth + 1)
        self.unknown.append("braces")
        self.position = len(self.tokens)
        return ""

    def argument(self, depth: int) -> str:
        """Return the text of the next argument; empty at the end."""
        self._skip_blanks()
        if self.position == len(self.tokens):
            return ""
        sign = self.tokens[self.position]
        self.position += 1
        if sign == "{":
            return self._group(depth)
        if sign.startswith("\\"):
            return self._command(sign[1:], depth + 1) if depth < DEEPEST else ""
        if sign[1:]:
            self.position -= 1
            self.tokens[self.position] = sign[1:]
        return sign[:1]

    def _skip_blanks(self) -> None:
        while self.position < len(self.tokens) and self.tokens[self.position].isspace():
            self.position += 1

    def _command(self, name: str, depth: int) -> str:
        if name in LETTERS:
            self._skip_empty()
            return LETTERS[name]
        if name in MARKS and len(name) == 1:
            return self.argument(depth) + MARKS[name]
        if not name[0].isalpha():
            return {"\\": " ", ",": "", "!": "", ";": " ", ":": " ", " ": " ", "(": "", ")": ""}.get(
                name, name
            )
        if name in {"begin", "end"}:
            if self.argument(depth) in {"tabular", "array"} and name == "begin":
                self.argument(depth)
        elif name in DROPPED:
            self._skip_options()
            for _ in range(DROPPED[name]):
                self.argument(depth)
        elif name not in SILENT:
            self.unknown.append(f"\\{name}")
        return ""

    def _skip_empty(self) -> None:
        if self.tokens[self.position : self.position + 2] == ["{", "}"]:
            self.position += 2

    def _skip_options(self) -> None:
        """Skip ``[...]``, and ``(...)`` of rules, which stand at the start of a sign."""
        if self.position < len(self.tokens):
            rest = re.sub(r"^\s*(?:\[[^]]*\]|\([lr]*\))+", "", self.tokens[self.position])
            self.tokens[self.position] = rest
            self.position += not rest


def _signs(sign: str) -> str:
    """Return plain text: ties are blanks, and dashes and quotes what they set."""
    if sign in {"$", "~", "&"}:
        return {"$": "", "~": "\u00a0", "&": " "}[sign]
    for written, letter in (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("`", "‘"), ("'", "’")):
        sign = sign.replace(written, letter)
    return sign


def _raised(text: str, letters: str) -> str:
    """Return raised or sunken digits as Unicode has them; stars and other marks as they are."""
    if re.fullmatch(r"[-−]?\d+", text):
        return "".join(letters["-0123456789".index(letter)] for letter in text.replace("−", "-"))
    return text
