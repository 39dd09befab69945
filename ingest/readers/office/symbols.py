"""Characters of the fonts whose letters are signs: what people see where Symbol or Wingdings stands in the file."""

from __future__ import annotations

_SYMBOL_AT_32 = " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
_SYMBOL_AT_160 = "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\ufffd⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"
_SIGNS = {
    "symbol": {
        **{32 + index: sign for index, sign in enumerate(_SYMBOL_AT_32)},
        **{160 + index: sign for index, sign in enumerate(_SYMBOL_AT_160)},
    },
    "wingdings": {
        0x4A: "☺", 0x6C: "●", 0x6E: "■", 0x6F: "□", 0x71: "❑", 0x72: "❒", 0x75: "◆", 0x76: "❖", 0x9F: "•",
        0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xF0: "⇨",
        0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
    },
    "wingdings 2": {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "☐"},
}  # fmt: skip


def is_of_signs(font: str) -> bool:
    return font.lower() in _SIGNS


def sign(font: str, code: int) -> str:
    """The sign at `code` of a font, there or in the private area where Word keeps it; "" for mere ornaments."""
    signs = _SIGNS.get(font.lower())
    if signs is not None and (code < 0x100 or 0xF000 <= code < 0xF100):
        return signs.get(code & 0xFF, "")
    return "" if 0xE000 <= code < 0xF900 or not 32 <= code < 0x11_0000 else chr(code)


def signs(font: str, text: str) -> str:
    """Text in a font of signs; in another font it is what it is."""
    return "".join(sign(font, ord(letter)) for letter in text) if is_of_signs(font) else text
