"""Equations of office files (OMML, and the MathML of OpenDocument) as one line of text: (a + b)/2, x^2, √(y)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from lxml.etree import QName, _Element

_PROPERTY = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_ALONE = re.compile(r"\w*|.|[({\[].*[)}\]]", re.DOTALL)
"""What needs no brackets around it as a part of something."""
_OFF = frozenset({"0", "off", "false"})


def linear(equation: _Element) -> str:
    """What an equation says; blank where it says nothing."""
    return " ".join(_row(equation).split())


def _row(element: _Element | None) -> str:
    """The parts of an equation side by side; a blank ends a fraction or an exponent where it would seem to go on."""
    text, ends_structure = "", False
    for child in () if element is None else element:
        part = _part(child)
        name = QName(child).localname if part else ""
        if (ends_structure or name == "func") and text[-1:].isalnum() and part[:1].isalnum():
            text += " "
        text += part
        ends_structure = name in _STRUCTURES if part else ends_structure
    return text


def _part(element: _Element) -> str:
    if not isinstance(element.tag, str):
        return ""
    name = QName(element).localname
    if name in ("t", "mi", "mn", "mtext", "ms"):
        return element.text or ""
    if name == "mo":
        return _operator(element.text or "")
    if name in _SILENT:
        return ""
    return _WRITTEN.get(name, _row)(element)


def _operator(sign: str) -> str:
    sign = sign.strip()
    return f" {sign} " if sign in ("=", "+", "-", "−", "<", ">", "≤", "≥", "≠", "≈", "→", "±", "⋅", "×") else sign


def _grouped(text: str) -> str:
    text = text.strip()
    return text if _ALONE.fullmatch(text) else f"({text})"


def _child(element: _Element, name: str) -> str:
    return _row(element.find(f"{_PROPERTY}{name}"))


def _children(element: _Element, name: str) -> list[str]:
    return [_row(child) for child in element.iterfind(f"{_PROPERTY}{name}")]


def _setting(element: _Element, name: str, default: str) -> str:
    """A property of an OMML element, `default` where it is not set."""
    found = element.find(f"{_PROPERTY}{QName(element).localname}Pr/{_PROPERTY}{name}")
    return default if found is None else found.get(f"{_PROPERTY}val", default)


def _fraction(element: _Element) -> str:
    above, below = _child(element, "num"), _child(element, "den")
    return _over(above, below, has_bar=_setting(element, "type", "bar") != "noBar")


def _over(above: str, below: str, *, has_bar: bool = True) -> str:
    return f"{_grouped(above)}/{_grouped(below)}" if has_bar else f"{_grouped(above)} over {_grouped(below)}"


def _scripted(main: str, sub: str = "", sup: str = "") -> str:
    below = f"_{_grouped(sub)}" if sub.strip() else ""
    return _grouped(main) + below + (f"^{_grouped(sup)}" if sup.strip() else "")


def _large(element: _Element) -> str:
    """A sum, a product, an integral."""
    sign = _setting(element, "chr", "∫")
    return f"{_scripted(sign, _child(element, 'sub'), _child(element, 'sup'))} {_child(element, 'e')}"


def _root(of: str, degree: str) -> str:
    return f"√[{degree}]({of})" if degree.strip() else f"√({of})"


def _radical(element: _Element) -> str:
    hides = element.find(f"{_PROPERTY}radPr/{_PROPERTY}degHide")
    hidden = hides is not None and hides.get(f"{_PROPERTY}val", "1") not in _OFF
    return _root(_child(element, "e"), "" if hidden else _child(element, "deg"))


def _bracketed(element: _Element) -> str:
    inner = _setting(element, "sepChr", "|").join(_children(element, "e"))
    return f"{_setting(element, 'begChr', '(')}{inner}{_setting(element, 'endChr', ')')}"


def _matrix(element: _Element) -> str:
    rows = (", ".join(_children(row, "e")) for row in element.iterfind(f"{_PROPERTY}mr"))
    return f"[{'; '.join(rows)}]"


def _accented(element: _Element) -> str:
    return _grouped(_child(element, "e")) + _setting(element, "chr", "\u0302")


def _parts(element: _Element) -> list[str]:
    """The children of a MathML element, each as text; three at least."""
    return [*([_part(child) for child in element]), "", "", ""]


def _fenced(element: _Element) -> str:
    inner = ", ".join(_part(child) for child in element)
    return f"{element.get('open', '(')}{inner}{element.get('close', ')')}"


def _table(element: _Element) -> str:
    return f"[{'; '.join(_joined(row, ', ') for row in element)}]"


def _joined(parts: Iterable[_Element], separator: str) -> str:
    return separator.join(map(_part, parts))


_SILENT = frozenset({"rPr", "ctrlPr", "oMathParaPr", "annotation", "annotation-xml", "mspace"})
_STRUCTURES = frozenset({"f", "sSup", "sSub", "sSubSup", "func", "mfrac", "msup", "msub", "msubsup"})
_WRITTEN: dict[str, Callable[[_Element], str]] = {
    "f": _fraction,
    "sSup": lambda element: _scripted(_child(element, "e"), "", _child(element, "sup")),
    "sSub": lambda element: _scripted(_child(element, "e"), _child(element, "sub")),
    "sSubSup": lambda element: _scripted(_child(element, "e"), _child(element, "sub"), _child(element, "sup")),
    "sPre": lambda element: _scripted("", _child(element, "sub"), _child(element, "sup")) + _child(element, "e"),
    "limLow": lambda element: _scripted(_child(element, "e"), _child(element, "lim")),
    "limUpp": lambda element: _scripted(_child(element, "e"), "", _child(element, "lim")),
    "func": lambda element: f"{_child(element, 'fName').strip()} {_child(element, 'e')}",
    "nary": _large,
    "rad": _radical,
    "d": _bracketed,
    "m": _matrix,
    "acc": _accented,
    "eqArr": lambda element: "; ".join(_children(element, "e")),
    "oMath": lambda element: f" {_row(element)} ",
    "mfrac": lambda element: _over(*_parts(element)[:2], has_bar=element.get("linethickness") not in ("0", "0pt")),
    "msup": lambda element: _scripted(_parts(element)[0], "", _parts(element)[1]),
    "msub": lambda element: _scripted(*_parts(element)[:2]),
    "msubsup": lambda element: _scripted(*_parts(element)[:3]),
    "mover": lambda element: _scripted(_parts(element)[0], "", _parts(element)[1]),
    "munder": lambda element: _scripted(*_parts(element)[:2]),
    "munderover": lambda element: _scripted(*_parts(element)[:3]),
    "msqrt": lambda element: _root(_row(element), ""),
    "mroot": lambda element: _root(*_parts(element)[:2]),
    "mfenced": _fenced,
    "mtable": _table,
    "mtr": lambda element: _joined(element, ", "),
    "mlabeledtr": lambda element: _joined(element, ", "),
}
