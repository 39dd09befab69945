"""Bytes to text: which encoding a file is in, by its marks, by what its bytes can be, else by how the text reads.

What neither a mark nor UTF-8 decides is read in every encoding that people have used and scored by how common its
letters are in the languages that used it. That tells a dozen letters apart, where statistics of bytes need a page.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

_MARKS_OF_ORDER = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_MEANT = {
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    **dict.fromkeys(("big5", "cp950"), "big5hkscs"),
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
"""Encodings that are mostly declared where a larger one is meant, as WHATWG's Encoding Standard has it too."""
_SHIFTED = (
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
    (re.compile(rb"\x1b\$[@B]|\x1b\([JI]"), "iso2022_jp_ext"),
    (re.compile(rb"~\{(?:[!-w][!-~])+~\}"), "hz"),
)
"""Encodings within ASCII, by what switches to another alphabet in them."""
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_LINE_END = re.compile(rb"[\r\n]|\Z")
_LINES = re.compile(rb"[^\r\n]*[\r\n]*")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_LOOKED_AT, _SAMPLE = 1_000_000, 8_000
_SAMPLED_OF_LINE, _SAMPLED_BEFORE = 2_000, 200
"""Bytes of a line, and of those before its first character beyond ASCII."""
_PLAUSIBLE = 0.25
"""The least score at which a reading is taken; texts score about 0.5 to 1 in their own encoding."""
_BELIEVED, _BELIEVED_WITHIN = 0.25, 10
"""What the encoding that a text claims to be in has ahead of others, and characters within which it has 1 more."""
_MOST_CONTROLS, _MOST_CONTROLS_IN_DOUBT = 0.1, 0.01
"""Shares of control characters that a text may have, where it reads well in some encoding and where in none."""
_LINES_IN_UTF_8, _LEGAL_IN_UTF_8 = 0.25, 0.7
"""Shares of the bytes beyond ASCII, of lines that are UTF-8 and of characters that are: rare by chance."""

_LETTER, _FOREIGN = r"[^\W\d_]", r"[^\x00-\x7f\W\d_]"
_ODD = re.compile(rf"(?<={_LETTER})[^\x00-\x7f\w’‘´·\xad–—…](?={_LETTER})|{_FOREIGN}(?=\d)")
"""A sign in the middle of a word, a number at its end."""
_MIXED = re.compile(rf"[A-Za-z]{_FOREIGN}|{_FOREIGN}[A-Za-z]")
"""Letters of two scripts in one word."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_TYPOGRAPHY = {**dict.fromkeys("“”„–—…«»‘‚‹›•·§°€£©®¿¡º№\xa0\xad", 0.6), "’": 0.95}


@dataclass(frozen=True, slots=True)
class _Language:
    """A language's encodings and its letters beyond ASCII, the more frequent first; `least` weighs the last of them."""

    encodings: tuple[str, ...]
    letters: str
    least: float = 0.0

    def weights(self) -> dict[str, float]:
        step = (1 - self.least) / len(self.letters)
        return {letter: 1 - step * rank for rank, letter in enumerate(self.letters)}


_WEST = ("cp1252", "mac_roman", "cp850")
_MIDDLE = ("cp1250", "iso8859_2", "cp852", "mac_latin2")
_CYRILLIC = ("cp1251", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic")
_CHINESE = (
    "的一是不了在有人我他这這中大来上國国个個说說们們为為子和你地出道也时時年得就那要下以生会會自着去之过過家学學对對可里裡后後"
    "小么麼心多天而能好都然没沒日于於起还還发發成事只作当當想看文无無开開手十用主行方又如前所本见見经經头頭面公同三已老从從"
    "动動两兩长長"
)
_JAPANESE = (
    "のいにるたをはしがとてでなっれかさらりまもすあこくきだうんよそけめどわつせちおみやえばろじぶへひほゆ"
    "ンスルトリアイラックシドレジタフロカテーメサコ一日人大年本中国出上生子分者時"
)
_KOREAN = "이다는의에을를고가하지로은한도기사대그아리어서자시나인해것정수들게일장라보과부제전주만있었여야오면스상"
_LANGUAGES = (
    _Language(_WEST, "üäößÜÄÖ", 0.5),
    _Language(_WEST, "éèàêçôâîûùœïëÉÀÊÇ", 0.5),
    _Language(_WEST, "óíáéñúüÁÉÍÓÚÑ", 0.5),
    _Language(_WEST, "ãçáéíóêõâúàôÁÉÍÓÚ", 0.5),
    _Language(_WEST, "àèùòìéÈÀ", 0.5),
    _Language(_WEST, "äåöéÄÅÖ", 0.5),
    _Language(_WEST, "øåæéØÅÆ", 0.5),
    _Language(_WEST, "íáðéþóöúæýÞÁÍÓÖÚ", 0.5),
    _Language(_MIDDLE, "łęąóżśćńźŁŻŚĆÓŹ", 0.4),
    _Language(_MIDDLE, "áíěéřýžčšůúťďňóŠČŽŘÚ", 0.4),
    _Language(_MIDDLE, "áíéčýžšúľťôňäďóĺŕŠČŽĽÚ", 0.4),
    _Language(_MIDDLE, "áéőöóíüúűÁÉÖÓÚŐÜ", 0.4),
    _Language(_MIDDLE, "ăîâșțşţŞŢÎÂĂ", 0.4),
    _Language(_MIDDLE, "čšžćđŠČŽĆĐ", 0.4),
    _Language(("cp1254",), "ıüşçğöİâÖÜŞÇ", 0.4),
    _Language(("cp1257",), "ėšųįąžūčęŠŽ", 0.4),
    _Language(("cp1257",), "āīēšūņļķģčžŠĀ", 0.4),
    _Language(_CYRILLIC, "оеаинтсрвлкмдпуяызьбгчйхжшюцщэфъё"),
    _Language(_CYRILLIC, "оанивтеіксрлудмпязьбгчйхцїжєюшщфґ"),
    _Language(_CYRILLIC, "аоитенрсвлпдкзмъугбчщцяжйхюшфь"),
    _Language(_CYRILLIC, "аоиенрстјувдкмлпзбгчшцњхжћђфљџ"),
    _Language(("cp1253", "iso8859_7"), "αοιετσνςρπκμληυγόίάδέήθχύφωώβξζψϊΐϋΰ"),
    _Language(("cp1255",), "יוהלאתרשבמםנדעחפקןכגטסזצךףץ"),
    _Language(("cp1256", "iso8859_6"), "اليمنوترهبةعدسفكحأقجىصشإخطضذثزغءئآظؤ،"),
    _Language(("cp1256",), "ایرنمدهوتبسشکزفگخعلجقپحصآچطضغءثذظژئ،"),
    _Language(("cp874",), "านรอกเงม่ยลวดท้สตะัปบคหแจพีิชขใไโผซญธศุูถณษภฟ็์ำึื"),
    _Language(("gb18030", "big5hkscs"), _CHINESE, 0.7),
    _Language(("cp932", "euc_jp"), _JAPANESE, 0.6),
    _Language(("cp949",), _KOREAN, 0.7),
)
_PREFERENCE = {
    "cp1252": 0.2, "cp1251": 0.15, "cp1250": 0.11, "cp1253": 0.12, "cp1255": 0.12, "cp1256": 0.12, "gb18030": 0.12,
    "cp932": 0.12, "cp949": 0.12, "big5hkscs": 0.1, "euc_jp": 0.1, "koi8_u": 0.1, "iso8859_2": 0.1, "cp874": 0.1,
    "cp1254": 0.08, "iso8859_7": 0.08, "cp1257": 0.05, "iso8859_6": 0.05, "mac_roman": 0.04, "cp866": 0.03,
    "iso8859_5": 0.02, "cp850": 0.0, "cp852": 0.0, "mac_cyrillic": 0.0, "mac_latin2": 0.0,
}  # fmt: skip
"""What counts for an encoding where there is little to go by: how usual it is."""
_PREFERRED_WITHIN = 3
"""Characters after which the text itself counts more than the preference."""
_UNUSED = frozenset({"Cc", "Cn", "Co", "Cs"})
_OF_EAST = frozenset({"gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"})
_EASTERN = re.compile(r"[\u4e00-\u9fff\u3041-\u30ff\uac00-\ud7a3。，、；：？！（）《》「」『』　・〜０-９]")
_WESTERN = re.compile(r"[\t\n\r\x20-\x7e\xa0-\u024f\u0370-\u06ff\u0900-\u0e7f\u2010-\u203a\u20ac\uff01-\uff5e]")
_UNPRINTED = re.compile(r"[\x00-\x08\x0e-\x1f\ud800-\uf8ff\ufffd-\uffff]")
_PLAUSIBLE_WIDE = 0.5


def decode(content: bytes, declared: str | None = None) -> str | None:
    """The text of `content`, None where it reads like none; `declared` is the encoding that it claims to be in."""
    for mark, encoding in _MARKS_OF_ORDER:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    shifted = "utf-7" if _meant(declared) == "utf-7" else _shifted(content)
    if shifted:
        return content.decode(shifted, "replace")
    is_utf_8 = _is_utf_8(content)
    wide = _wide(content, is_utf_8=is_utf_8)
    if is_utf_8 and not wide:
        return content.decode("utf-8")
    if not wide and _is_mostly_utf_8(content[:_LOOKED_AT]):
        return _mended(content)
    encoding = wide or _guessed(content, _meant(declared))
    return content.decode(encoding, "replace") if encoding else None


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _meant(declared: str | None) -> str:
    """Python's name of the encoding that `declared` stands for, "" where there is none."""
    try:
        b" ".decode(declared or "", "replace")
        name = codecs.lookup(declared or "").name
    except (LookupError, ValueError):
        return ""
    return _MEANT.get(name, name)


def _shifted(content: bytes) -> str:
    return next((encoding for sign, encoding in _SHIFTED if sign.search(content)), "")


def _wide(content: bytes, *, is_utf_8: bool) -> str:
    """UTF-16 or UTF-32 without a byte order mark, "" if it is neither: both are full of control characters."""
    head = content[:_SAMPLE]
    controls = len(_CONTROLS.findall(head))
    if len(head) < 2 or not controls or (is_utf_8 and controls * 4 < len(head)):
        return ""
    if head.count(0) * 2 > len(head) and not len(content) % 4:
        encoding = "utf-32-le" if head[0] else "utf-32-be"
        return "" if "\ufffd" in head.decode(encoding, "replace") else encoding
    quality, encoding = max((_wide_quality(head, first), f"utf-16-{'lb'[first]}e") for first in (0, 1))
    return encoding if quality > _PLAUSIBLE_WIDE else ""


def _wide_quality(head: bytes, first: int) -> float:
    """How much `head` reads like UTF-16, little-endian where the `first` half is 0: a share of characters.

    Of the two halves of a character the one that names its alphabet varies less. Letters of ASCII, two by two, would
    all be Chinese.
    """
    lower, upper = head[first::2], head[1 - first :: 2]
    text = head[: len(head) // 2 * 2].decode(f"utf-16-{'lb'[first]}e", "replace")
    eastern = len(_EASTERN.findall(text))
    if eastern * 2 > len(text) and len(_HIGH.findall(head)) * 8 < len(text):
        return 0.0
    usual = eastern + len(_WESTERN.findall(text)) - len(_UNPRINTED.findall(text))
    return usual / len(text) - 0.5 * len(set(upper)) / (len(set(upper)) + len(set(lower)))


def _is_mostly_utf_8(content: bytes) -> bool:
    high = len(_HIGH.findall(content))
    legal = sum(map(len, _UTF_8.findall(content)))
    if legal < high * _LINES_IN_UTF_8:
        return False
    good = sum(len(_HIGH.findall(line)) for line in _high_lines(content) if _is_utf_8(line))
    return legal >= high * _LEGAL_IN_UTF_8 or good >= high * _LINES_IN_UTF_8


def _mended(content: bytes) -> str:
    """UTF-8 with damaged lines, and lines in another encoding."""
    lines = _LINES.findall(content)
    foreign = b"".join(line for line in lines if _HIGH.search(line) and not _has_utf_8(line))
    encoding = _guessed(foreign, "") or "utf-8"
    return "".join(line.decode("utf-8" if _has_utf_8(line) else encoding, "replace") for line in lines)


def _has_utf_8(line: bytes) -> bool:
    """Whether a line is UTF-8, damaged perhaps; a line of ASCII is."""
    return sum(map(len, _UTF_8.findall(line))) * 2 >= len(_HIGH.findall(line))


def _guessed(content: bytes, declared: str) -> str:
    """The encoding in which the text reads best, "" where it reads like no text in any."""
    controls = len(_CONTROLS.findall(content[:_SAMPLE])) / len(content[:_SAMPLE] or b" ")
    if controls > _MOST_CONTROLS:
        return ""
    sample = b"\n".join(_sampled(content))
    scores = {encoding: _score(sample, encoding) for encoding in _PREFERENCE}
    if declared in scores:
        scores[declared] += _BELIEVED + _BELIEVED_WITHIN / (len(_HIGH.findall(sample)) + _BELIEVED_WITHIN)
    elif declared and not declared.startswith("utf") and "\ufffd" not in content.decode(declared, "replace"):
        return declared
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] >= _PLAUSIBLE:
        return best
    return "" if controls > _MOST_CONTROLS_IN_DOUBT else declared or "cp1252"


def _sampled(content: bytes) -> Iterator[bytes]:
    """The beginnings of the first lines with characters beyond ASCII."""
    size = 0
    for line in _high_lines(content):
        yield line[:_SAMPLED_OF_LINE]
        size += len(line)
        if size >= _SAMPLE:
            return


def _high_lines(content: bytes) -> Iterator[bytes]:
    """Lines with characters beyond ASCII, from shortly before the first of these on."""
    end = 0
    while found := _HIGH.search(content, end):
        begin = max(content.rfind(b"\n", end, found.start()), content.rfind(b"\r", end, found.start())) + 1
        line_end = _LINE_END.search(content, found.end())
        last, end = end, line_end.start() if line_end else len(content)
        yield content[max(begin, last, found.start() - _SAMPLED_BEFORE) : end]


def _score(sample: bytes, encoding: str) -> float:
    """How well `sample` reads in the language that suits it best among those that were written in `encoding`."""
    text = sample.decode(encoding, "replace")
    counts = Counter(_BEYOND_ASCII.findall(text))
    total = counts.total()
    if not total or counts["\ufffd"] * 20 > total:
        return 0.0
    odd = 0.0 if encoding in _OF_EAST else len(_ODD.findall(text)) + _miscased(text)
    best = max(
        sum(count * _weight(character, weights, encoding) for character, count in counts.items())
        - (len(_MIXED.findall(text)) if is_script else 0)
        for weights, is_script in _by_encoding()[encoding]
    )
    return (best - odd) / total + _PREFERENCE.get(encoding, 0.0) * _PREFERRED_WITHIN / (total + _PREFERRED_WITHIN)


def _miscased(text: str) -> float:
    """Capitals after small letters, and in part those after capitals: text in the wrong encoding is full of them."""
    pairs = Counter(
        (before.islower(), before.isupper())
        for before, after in pairwise(text)
        if after.isupper() and (before > "\x7f" or after > "\x7f")
    )
    return pairs[True, False] + 0.15 * pairs[False, True]


def _weight(character: str, weights: dict[str, float], encoding: str) -> float:
    weight = weights.get(character) or weights.get(character.lower()) or _TYPOGRAPHY.get(character)
    if weight is not None:
        return weight
    if encoding in _OF_EAST and _EASTERN.match(character):
        return 0.35
    return -2.0 if unicodedata.category(character) in _UNUSED else -0.3


@cache
def _by_encoding() -> dict[str, list[tuple[dict[str, float], bool]]]:
    """For each encoding its languages: the weights of their letters, and whether they have a script of their own."""
    found: dict[str, list[tuple[dict[str, float], bool]]] = {}
    for language in _LANGUAGES:
        for encoding in language.encodings:
            is_script = language.letters[0] > "\u024f" and encoding not in _OF_EAST
            found.setdefault(encoding, []).append((language.weights(), is_script))
    return found
