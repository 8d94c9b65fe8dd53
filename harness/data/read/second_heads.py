"""Labels and units of columns, from the rows next to their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.data.read.source import Labels

_SAID = re.compile(r"(?:计量)?单\s*位\s*[:：]\s*(.+)|units?\s*:\s*(.+)|[(（\[](.+)[)）\]]", re.IGNORECASE)
_NONE = {"没有单位", "无单位", "无", "-", "—", "n/a"}
_CHINESE = (
    r"[十百千万亿兆]*(?:公|平方|立方|毫)?"
    r"(?:美元|元|吨|人|户|米|里|瓦时|顷|亩|升|克|斤|焦耳?|度|台|辆|件|个|家|所|次|年|天|倍|点)(?:标准?煤|[/每].+)?"
)
_ENGLISH = (
    r"(?:(?:[0-9][0-9.,^]*|hundreds?|thousands?|millions?|billions?|mn|bn|current|constant)\s*(?:of\s+)?)*"
    r"(?:us\$|usd|eur|cny|rmb|gbp|yuan|dollars?|euros?|tonnes?|tons?|kt|mt|t|kg|km2?|m[23]?|ha|[kmgt]wh|[ptg]j|"
    r"toe|tce|persons?|people|per\s?cent|index|years?)(?:\s*(?:per|/)\s*.+)?"
)
_UNIT = re.compile(rf"[%％‰]|{_CHINESE}|{_ENGLISH}", re.IGNORECASE)
_HAN = re.compile("[㐀-鿿]")


def labels_beside(rows: Sequence[Sequence[object]], names: Sequence[str]) -> Labels:
    """Return what rows without data say of the columns next to whose names they stand.

    A row of units has one in most of its filled cells, or a text again and again; one that is called a unit,
    alone or next to a title, holds for all columns. Second names are Chinese, or those below names that are
    not, each once.

    Parameters
    ----------
    rows : above and below the names, a cell for each and perhaps more
    names : of the columns
    """
    labels, units = dict[str, str](), dict[str, str]()
    for row in rows:
        texts = [" ".join(str(cell).split()) if cell is not None else "" for cell in row]
        filled = [text for text in texts if text]
        said = dict(zip(names, texts, strict=False))
        of_all = [_unit(text) for text in filled if _UNIT.fullmatch(_unit(text)) and _SAID.fullmatch(text)]
        if len(of_all) == 1 and len(filled) < 3:
            units |= dict.fromkeys(names, of_all[0])
        elif 2 * sum(map(_is_unit, filled)) > len(filled) or 2 <= 2 * len(set(filled)) <= len(filled):
            units |= {name: _unit(text) for name, text in said.items()}
        elif len(set(filled)) == len(filled) >= max(3, len(names) / 2) and (
            _HAN.search("".join(filled)) or not _HAN.search("".join(names))
        ):
            labels |= {name: text for name, text in said.items() if text}
    return Labels(labels, {name: unit for name, unit in units.items() if unit})


def _is_unit(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (_SAID, _UNIT)) or text in _NONE


def _unit(text: str) -> str:
    """Return a unit without the word for it, or marks around it; empty where it says that there is none."""
    match = _SAID.fullmatch(text)
    inner = next(filter(None, match.groups())).strip() if match else text
    return "" if inner in _NONE else inner
