"""Bytes become the text that they were, whatever encoding they are in and whatever they say of it."""

from __future__ import annotations

import pytest

from ingest.readers.encoding import decode

WORDS = {
    "cp1252": "Die Straße ist naß, weil es früh geregnet hat.",
    "iso-8859-1": "El niño pidió más café y se fue a la playa.",
    "mac_roman": "Später erklärte er, daß größere Schäden vermieden wurden.",
    "cp850": "Für die Überprüfung müssen wir zwölf Stunden warten.",
    "cp1250": "Starý kapitán nechal vyklidit můstek, než loď proplula.",
    "iso-8859-2": "Stary kapitan kazał opróżnić mostek, zanim statek przepłynął.",
    "cp1254": "Yaşlı kaptan, gemi sığlığın üzerinden geçmeden önce uyardı.",
    "cp1257": "Prašau grąžinti pasirašytą egzempliorių iki mėnesio pabaigos.",
    "cp1251": "Старый капитан велел освободить мостик.",
    "koi8-r": "Позже он объяснил пассажирам, что всё обошлось.",
    "iso-8859-5": "Проверки руля придётся ждать десять часов.",
    "cp866": "Старый капитан велел освободить мостик.",
    "cp1253": "Ο γέρος καπετάνιος διέταξε να εκκενωθεί η γέφυρα.",
    "cp1255": "הקברניט הזקן ציווה לפנות את הגשר לפני שהאונייה עברה.",
    "cp1256": "أمر القبطان العجوز بإخلاء الجسر قبل أن تمر السفينة.",
    "cp874": "กัปตันเรือสั่งให้ทุกคนออกจากสะพานเดินเรือ",
    "gb18030": "老船长在船驶过浅滩之前下令清空舰桥。",
    "big5": "老船長在船駛過淺灘之前下令清空艦橋。",
    "hz": "老船长在船驶过浅滩之前下令清空舰桥。",
    "shift_jis": "老船長は、船が浅瀬の上を通過する前に退去させた。",
    "euc_jp": "後になって彼は乗客に、幸運のおかげだと説明した。",
    "iso2022_jp": "機関士は、十時間待たなければならないと言った。",
    "cp949": "늙은 선장은 배가 여울 위를 지나기 전에 선교를 비우게 했다.",
    "iso2022_kr": "기관사는 열 시간을 기다려야 한다고 말했다.",
}
WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", WORDS)
def test_one_sentence_tells_its_encoding(encoding: str) -> None:
    assert decode(WORDS[encoding].encode(encoding)) == WORDS[encoding]


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("words", [WORDS["cp1252"], WORDS["cp1251"], WORDS["cp1256"], WORDS["big5"], WORDS["cp949"]])
def test_wide_characters_need_no_mark(words: str, encoding: str) -> None:
    assert decode(f"{words}\n{words}\n".encode(encoding)) == f"{words}\n{words}\n"


@pytest.mark.parametrize("words", [*WORDS.values(), "यह एक परीक्षण है।", "მოხუცმა კაპიტანმა გემი გაატარა."])
def test_two_bad_bytes_spoil_two_characters(words: str) -> None:
    content = bytearray((words * 4).encode())
    high = [place for place, byte in enumerate(content) if byte > 0x7F]
    for place in (high[len(high) // 3], high[len(high) // 2]):
        content[place] = 0xFF
    assert decode(bytes(content)) == bytes(content).decode("utf-8", "replace")


def test_lines_in_another_encoding_are_read_in_theirs() -> None:
    lines = ["Überall übt man Geduld.", "Größe und Maß.", "Die Straße ist naß."]
    content = b"\n".join([lines[0].encode(), lines[1].encode("cp1252"), lines[2].encode()])
    assert decode(content) == "\n".join(lines)


@pytest.mark.parametrize(
    ("words", "encoding", "declared"),
    [
        ("caf\xe9", "cp1252", "iso-8859-1"),
        ("“Quoted” – €5", "cp1252", "us-ascii"),
        ("朱镕基", "gb18030", "gb2312"),
        ("Füchse", "utf-8", "cp1251"),
        ("Füchse", "utf-7", "utf-7"),
        (WORDS["cp1256"], "cp1256", "iso-8859-1"),
        ("Füchse am Fluß", "cp1252", "no-such-charset"),
        ("Füchse am Fluß", "cp1252", "base64"),
        ("Chữ", "cp1258", "windows-1258"),
    ],
)
def test_what_is_declared_is_believed_where_it_can_be_true(words: str, encoding: str, declared: str) -> None:
    content = words.encode(encoding) if encoding != "cp1258" else b"Ch\xfe\xcc\xfd"
    expected = words if encoding != "cp1258" else content.decode("cp1258")
    assert decode(content, declared) == expected


@pytest.mark.parametrize(
    "content", [bytes(range(256)) * 40, b"\x00\x01\x02\xff\xfe\xfd\x80" * 300, bytes(range(128, 256)) + bytes(128)]
)
def test_what_reads_like_no_text_is_none(content: bytes) -> None:
    assert decode(content) is None


def test_capitals_of_ascii_do_not_matter() -> None:
    words = "INSERT INTO TABLE CUSTOMERS VALUES ('Müller', 'KÖLN', 'someCamelCaseName');\n" * 20
    assert decode(words.encode("cp1252")) == words


def test_stray_controls_are_no_wide_characters() -> None:
    assert decode(b"a\x00b\x07c words and words and words") == "a\x00b\x07c words and words and words"
