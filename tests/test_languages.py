"""Words in every language: what an inflected, unaccented or differently spelled word of a question finds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from citewell import KnowledgeBase
from kb.text.compounds import spellings
from kb.text.language import language_of
from kb.text.terms import terms

TEXTS = {
    "en": "The committee has agreed that the old houses by the harbour are to be sold before the end of this year.",
    "de": "Der Bürgermeister ließ das alte Haus am Hafen verkaufen, weil die Stadt dafür kein Geld mehr hatte.",
    "fr": "Le fermier prépare le repas de son cheval pendant que ses enfants jouent derrière la maison.",
    "es": "El gobierno acordó ayer una nueva ley sobre la pesca, y los pescadores de la región protestaron.",
    "it": "Il ragazzo ha mangiato una mela nella piazza principale della città, mentre suo fratello leggeva.",
    "pt": "O pescador vendeu o seu barco azul no mercado da cidade, porque já não conseguia trabalhar todos os dias.",
    "nl": "De burgemeester heeft het oude huis aan de haven verkocht, omdat niemand er nog in wilde wonen.",
    "sv": "Flickan såg en gammal båt vid stranden och undrade vem som hade lämnat den där under vintern.",
    "da": "Pigen så en gammel cykel ved stranden og undrede sig over, hvem der havde efterladt den hele vinteren.",
    "no": "Jenta så et gammelt fjell i det fjerne og lurte på hvem som hadde gått dit opp tidligere på vinteren.",
    "fi": "Tyttö näki vanhan talon järven rannalla ja mietti, kuka siinä oli asunut ennen sotaa.",
    "pl": "Dziewczyna zobaczyła stary kościół nad rzeką i zastanawiała się, kto go zbudował przed wojną.",
    "cs": "Dívka uviděla starý hrad nad řekou a přemýšlela, kdo ho postavil a proč ho lidé opustili.",
    "hu": "A lány meglátott egy régi várat a folyó felett, és azon gondolkodott, hogy ki építette.",
    "ro": "Fata a văzut o biserică veche lângă râu și s-a întrebat cine a construit-o înainte de război.",
    "tr": "Kız nehrin kıyısında eski bir köprü gördü ve savaştan önce onu kimin yaptığını merak etti.",
    "ru": "Девочка увидела старую мельницу у реки и подумала о том, кто её построил до войны.",
    "uk": "Дівчинка побачила стару дзвіницю біля річки і подумала про те, хто її збудував до війни.",
    "el": "Το κορίτσι είδε έναν παλιό φάρο δίπλα στη θάλασσα και αναρωτήθηκε ποιος τον έχτισε.",
    "ar": "رأت الفتاة المكتبة القديمة بجانب النهر وتساءلت من الذي بناها قبل الحرب بسنوات طويلة.",
    "hi": "लड़की ने नदी के किनारे एक पुराना मंदिर देखा और सोचा कि इसे युद्ध से पहले किसने बनाया था।",
    "th": "เด็กผู้หญิงเห็นสะพานเก่าใกล้แม่น้ำและสงสัยว่าใครเป็นคนสร้างมันก่อนสงคราม",
    "zh": "女孩在河邊看到一座古老的燈塔，她想知道是誰在戰爭之前建造了它。",
    "ja": "少女は川のそばで古い水車を見て、だれが戦争の前にそれを建てたのだろうと思った。",
    "ko": "소녀는 강가에서 오래된 방앗간을 보고 전쟁 전에 누가 지었는지 궁금해했다.",
}
FILL = "The part is kept in the store until the pump needs another one, as the list of spares for this year says."
NEAR = {
    "AB-1234/5": "AB-1234/6 and AB-1235/5",
    "1,234.5": "1,234.6",
    "2024-01-31": "2024-01-30 to 2024-02-31",
    "31.01.2025": "31.01.2026",
    "§ 12(3)": "§ 12(4) and § 13(3)",
    "C++": "C",
    "C#": "C",
    ".NET": "net",
    "v1.2.3": "v1.2.4 and v1.3.3",
    "foo_bar": "foo and a bar",
    "jane.doe@example.com": "jane.roe@example.com or doe@example.com",
    "https://example.com/a/b?x=1": "https://example.com/b/a?x=2",
    "192.168.0.1": "192.168.0.2",
    "U.S.A.": "U and S and A",
    "10:30": "10:45 and 11:30",
}
"""Identifiers, each with what looks like it."""
SPELLED = {"e-mail": "It is sent by", "camelCase": "It is written in", "Zürich": "It comes from", "naïve": "It is"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """A document in each language, and in English one for each identifier and for what looks like it."""
    folder = tmp_path_factory.mktemp("documents")
    written = {name: TEXTS[name] for name in TEXTS}
    for number, (exact, near) in enumerate(NEAR.items()):
        written[f"exact{number}"] = f"Item {exact}: {FILL} {FILL}"
        written[f"near{number}"] = f"{near}, and again {near}, are short of parts."
    for number, (word, said) in enumerate(SPELLED.items()):
        written[f"spelled{number}"] = f"{said} {word}. {FILL}"
    for name, text in written.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    with KnowledgeBase.open(home=tmp_path_factory.mktemp("home"), create=True) as filled:
        filled.ingest([folder]).wait()
        yield filled


def found(base: KnowledgeBase, query: str) -> list[str]:
    return [Path(hit.chunk.source).stem for hit in base.search(query, 5, mode="lexical")]


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_tells_its_language(language: str) -> None:
    assert language_of(TEXTS[language]) == language


@pytest.mark.parametrize(
    "text",
    ["", "12.5 13.4", "Total", "John Smith, Maria Gonzalez", "x = foo(1)\ny = [bar, baz]", "\ud800"],
)
def test_what_is_no_sentence_has_no_language(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ("house", "en"),
        ("Häuser", "de"),
        ("haeuser", "de"),
        ("chevaux", "fr"),
        ("prepare", "fr"),
        ("gobiernos", "es"),
        ("region", "es"),
        ("ragazzi", "it"),
        ("barcos", "pt"),
        ("huizen", "nl"),
        ("båtar", "sv"),
        ("batar", "sv"),
        ("pigerne", "da"),
        ("fjellet", "no"),
        ("talossa", "fi"),
        ("kościoły", "pl"),
        ("kosciol", "pl"),
        ("hrady", "cs"),
        ("várak", "hu"),
        ("biserica", "ro"),
        ("köprüler", "tr"),
        ("мельницы", "ru"),
        ("дзвіницю", "uk"),
        ("φάροι", "el"),
        ("φαρος", "el"),
        ("مكتبة", "ar"),
        ("मंदिरों", "hi"),
        ("สะพาน", "th"),
        ("燈塔", "zh"),
        ("水車", "ja"),
        ("방앗간", "ko"),
    ],
)
def test_another_form_of_a_word_finds_it(base: KnowledgeBase, query: str, language: str) -> None:
    assert found(base, query)[:1] == [language]


def test_a_question_may_mix_languages(base: KnowledgeBase) -> None:
    assert set(found(base, "huizen, Häuser, houses")) >= {"nl", "de", "en"}


@pytest.mark.parametrize(("number", "identifier"), list(enumerate(NEAR)))
def test_an_identifier_comes_before_what_looks_like_it(base: KnowledgeBase, number: int, identifier: str) -> None:
    assert found(base, identifier)[0] == f"exact{number}"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("email", "spelled0"),
        ("emails", "spelled0"),
        ("e-mails", "spelled0"),
        ("e‑mail", "spelled0"),
        ("camel", "spelled1"),
        ("camel_case", "spelled1"),
        ("camelcase", "spelled1"),
        ("Zurich", "spelled2"),
        ("ZÜRICH", "spelled2"),
        ("naive", "spelled3"),
        ("AB1234/5", "exact0"),
        ("1234.5", "exact1"),
        ("20240131", "exact2"),
        ("section 12(3)", "exact4"),
        ("c++", "exact5"),
        ("fooBar", "exact9"),
        ("foobar", "exact9"),
        ("USA", "exact13"),
    ],
)
def test_a_word_is_found_in_another_spelling(base: KnowledgeBase, query: str, name: str) -> None:
    assert found(base, query)[:1] == [name]


def test_an_answer_is_found_by_another_form_of_its_words(base: KnowledgeBase) -> None:
    answer = base.ask("Häuser am Hafen, die der Bürgermeister verkauft").answer()
    assert [Path(one.source).stem for one in answer.citations][:1] == ["de"]


def test_a_base_of_english_alone_is_asked_in_english_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXTS["en"])
    with KnowledgeBase.open(create=True) as base:
        base.ingest([tmp_path / "a.txt"]).wait()
        assert found(base, "Hause") == []
        (tmp_path / "b.txt").write_text(TEXTS["de"])
        base.ingest([tmp_path / "b.txt"]).wait()
        assert found(base, "Hause") == ["b"]


def test_words_of_an_older_version_are_indexed_anew(tmp_path: Path, home: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXTS["de"])
    with KnowledgeBase.open(create=True) as base:
        base.ingest([tmp_path / "a.txt"]).wait()
    with sqlite3.connect(home / "default" / "manifest.sqlite") as manifest:
        manifest.execute("UPDATE documents SET language = NULL")
        manifest.execute("DELETE FROM meta WHERE key IN ('terms', 'languages')")
    manifest.close()
    with KnowledgeBase.open() as base:
        assert found(base, "Hause") == ["a"]
        assert base.search("Hause", mode="lexical")[0].chunk.language == "de"
        assert base.verify().problems == ()
    assert [folder.name for folder in (home / "default").glob("lexical-*")] == ["lexical-1"]


def test_english_words_are_the_terms_they_always_were() -> None:
    text = "The runner's 3,400 houses cost 1,234.5 in the 1990s; O’Neil can't agree."
    assert terms(text) == terms(text, "en") == [
        "the", "runner", "3400", "hous", "cost", "1234.5", "in", "the", "1990s", "o'neil", "can't", "agre",
    ]  # fmt: skip


def test_vowel_signs_do_not_cut_a_word() -> None:
    assert len(terms("प्रधानमंत्री का घर।", "hi")) == 3
    assert terms("שָׁלוֹם", "he") == terms("שלום", "he")
    assert terms("ประเทศ") == ["ปร", "ระ", "ะเ", "เท", "ทศ"]


def test_prose_has_no_compounds() -> None:
    assert spellings("Well, it costs 3.5 or 1,000.25 (see below). The end - or not.") == []
    assert spellings("型號AB-1234/5在這裡") == ["ab1234/5"]
    assert spellings("state-of-the-art e‑mail, and\u00adso on") == ["stateoftheart", "email"]
