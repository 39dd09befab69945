"""The extractive answerer on hand-written passages, with the packaged embedder: what it quotes and when it declines."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import pytest

from generation.answerer import Draft
from generation.confidence import THRESHOLD
from generation.extractive import ABSTENTION, ExtractiveAnswerer
from generation.question import read_question
from generation.quotes import WORDS, citation, shortened
from kb.identity import chunk_id, document_id
from kb.protocols import Embedder
from kb.text.passages import indexed_text
from kb.text.terms import terms
from kb.types import Answer, Chunk, Context, Hit, Span


class PassageTerms:
    """Statistics of a handful of passages, counted as the lexical index counts them."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._held = [set(terms(indexed_text(chunk.context, chunk.text))) for chunk in chunks]

    def passage_count(self) -> int:
        return len(self._held)

    def passages_with(self, term: str) -> int:
        return sum(term in held for held in self._held)


def passage(text: str, *, source: str = "notes.md", start: int = 0, context: Context = Context()) -> Chunk:  # noqa: B008
    document = document_id(source)
    end = start + len(text)
    return Chunk(
        id=chunk_id(document, start, end, text),
        document_id=document,
        source=source,
        text=text,
        start=start,
        end=end,
        context=context,
    )


LIGHTHOUSE = passage(
    "The lighthouse at Korsnes was built in 1869 by the engineer Ole Lund. It stands on a bare rock. "
    "Its light is seen from nineteen miles away. The keeper's house burned down in the winter of 1902.",
    source="lighthouse.md",
    start=120,
    context=Context(title="Korsnes light"),
)
BREAD = passage(
    "Rye dough needs a sour starter. Bake the loaf at 230 degrees for the first ten minutes. "
    "Let it cool for a day before cutting.",
    source="bread.md",
    context=Context(title="Rye bread"),
)
FERRY = passage(
    "The ferry to the island leaves at noon. Dogs travel free of charge. Bicycles cost four euros each way.",
    source="ferry.md",
    context=Context(title="Island ferry"),
)
SHELF = (LIGHTHOUSE, BREAD, FERRY)
WINTER = "In 1902 the light of Korsnes was seen from nineteen miles away."


def ask(embedder: Embedder, question: str, *chunks: Chunk, quotes: int = 3) -> Answer:
    """Asks of passages that were found in the order given, in an index that also holds the shelf."""
    index = list(dict.fromkeys((*chunks, *SHELF)))
    hits = [Hit(chunk, 1.0 - 0.1 * place) for place, chunk in enumerate(chunks)]
    return ExtractiveAnswerer(embedder, PassageTerms(index), quotes=quotes).answer(question, hits)


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        (
            "When was the lighthouse at Korsnes built?",
            "The lighthouse at Korsnes was built in 1869 by the engineer Ole Lund.",
        ),
        ("How far away can the light be seen?", "Its light is seen from nineteen miles away."),
        ("How hot must the oven be to bake rye bread?", "Bake the loaf at 230 degrees for the first ten minutes."),
        ("What does it cost to take a bicycle on the ferry?", "Bicycles cost four euros each way."),
    ],
)
def test_the_sentence_that_answers_is_quoted_first(embedder: Embedder, question: str, quote: str) -> None:
    answer = ask(embedder, question, *SHELF)

    assert not answer.abstained
    assert answer.citations[0].quote == quote
    assert answer.text.startswith(f'"{quote}" [1]')
    assert answer.generator == "extractive"
    assert answer.question == question
    assert [hit.chunk for hit in answer.hits] == list(SHELF)


def test_a_citation_gives_the_offsets_in_the_document(embedder: Embedder) -> None:
    cited = ask(embedder, "Who built the lighthouse at Korsnes?", *SHELF).citations[0]

    (span,) = cited.spans
    assert (span.start, span.end) == (
        120,
        120 + len("The lighthouse at Korsnes was built in 1869 by the engineer Ole Lund."),
    )
    assert LIGHTHOUSE.text[span.start - LIGHTHOUSE.start : span.end - LIGHTHOUSE.start] == cited.quote
    assert (cited.chunk_id, cited.source, cited.title) == (LIGHTHOUSE.id, "lighthouse.md", "Korsnes light")
    assert cited.verified


def test_a_passage_whose_offsets_do_not_fit_its_text_is_not_called_verified() -> None:
    broken = Chunk(id="0" * 16, document_id="0" * 16, source="a.md", text="Four words stand here.", start=0, end=99)

    assert not citation(1, broken, Span(0, 22)).verified


@pytest.mark.parametrize(
    "question",
    [
        "Who won the chess championship in Reykjavik?",
        "What is the capital of Mongolia?",
        "How do vaccines train the immune system?",
        "谁是第一任总统？",
    ],
)
def test_questions_about_something_else_are_declined(embedder: Embedder, question: str) -> None:
    answer = ask(embedder, question, *SHELF)

    assert answer.abstained
    assert answer.text == ABSTENTION
    assert answer.citations == ()
    assert len(answer.hits) == 3
    assert answer.confidence is not None
    assert 0.0 <= answer.confidence < THRESHOLD


@pytest.mark.parametrize("question", ["Who built the lighthouse?", "what is it", "?"])
def test_nothing_found_is_declined(embedder: Embedder, question: str) -> None:
    answer = ask(embedder, question)

    assert answer.abstained
    assert answer.confidence == 0.0
    assert answer.citations == ()
    assert answer.hits == ()


def test_confidence_falls_as_the_question_leaves_the_passage(embedder: Embedder) -> None:
    on_it = ask(embedder, "When was the lighthouse at Korsnes built?", *SHELF)
    other_name = ask(embedder, "When was the lighthouse at Hammerfest built?", *SHELF)
    denied = ask(embedder, "Why was the lighthouse at Korsnes never built?", *SHELF)
    off_it = ask(embedder, "When was penicillin discovered?", *SHELF)

    assert on_it.confidence is not None
    assert other_name.confidence is not None
    assert denied.confidence is not None
    assert off_it.confidence is not None
    assert on_it.confidence > other_name.confidence > off_it.confidence
    assert on_it.confidence > denied.confidence


def test_headings_and_questions_in_the_text_are_not_quoted(embedder: Embedder) -> None:
    faq = passage(
        "## Refund deadline\n\nWhat is the refund deadline?\n\nMoney is returned within fourteen days of the purchase.",
        context=Context(title="Shop", headings=("Refund deadline",)),
    )
    answer = ask(embedder, "What is the refund deadline?", faq)

    assert [cited.quote for cited in answer.citations] == ["Money is returned within fourteen days of the purchase."]


QUESTIONS = {
    "bold": "**How do I cancel a visit**\n\nCall the front desk a day ahead.\n\n**Can I park here**\n\nOnly at night.",
    "headings": "## How to park\n\nSee below.\n\n## How do I cancel a visit\n\nCall the front desk a day ahead.",
    "labels": "Q. I cannot come after all. How do I cancel a visit,\nand when?\n\nA. Call the front desk a day ahead.",
    "lines": "Q: How do I cancel a visit?\nCall the front desk a day ahead.\nQ: Can I park here?\nOnly at night.",
    "bold labels": "**Q: How do I cancel a visit?**\n\n**A:** Call the front desk a day ahead.\n\nThe park is shut.",
}


@pytest.mark.parametrize("text", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_what_follows_a_question_answers_it(text: str, embedder: Embedder) -> None:
    first = ask(embedder, "How can I cancel my visit?", passage(text)).citations[0].quote

    assert first.endswith("Call the front desk a day ahead.")
    assert "cancel" not in first


def test_the_foot_of_a_letter_is_quoted_only_where_it_is_asked_for(embedder: Embedder) -> None:
    letter = passage(
        "The Linden Clinic treats children from the age of six.\n\n"
        "Linden Clinic, 40 Mill Road, Galway · Tel. 091 555 0199 · hello@linden.example"
    )

    assert ask(embedder, "From what age does the Linden Clinic treat?", letter).citations[0].quote.endswith("six.")
    assert "091" in ask(embedder, "What is the phone number of the Linden Clinic?", letter).citations[0].quote
    assert "091" not in ask(embedder, "Who does the Linden Clinic in Galway treat?", letter).citations[0].quote


def test_context_helps_to_find_and_is_never_quoted(embedder: Embedder) -> None:
    bare = passage(
        "It weighs 41 tonnes. It has eight wheels.",
        context=Context(title="Locomotives", headings=("Class 73 locomotive",)),
    )
    answer = ask(embedder, "How much does the Class 73 locomotive weigh?", bare, BREAD)

    assert answer.citations[0].quote == "It weighs 41 tonnes."
    assert "Class 73" not in answer.text


def test_a_long_sentence_is_cut_to_the_clauses_that_answer(embedder: Embedder) -> None:
    filler = ", ".join(f"the committee heard witness number {number} on the state of the roads" for number in range(12))
    long = passage(
        f"In its first session, {filler}, and finally the harbour tax was set at nine crowns a barrel, while "
        f"{filler.replace('roads', 'bridges')}.",
        start=7,
    )
    answer = ask(embedder, "At how many crowns a barrel was the harbour tax set?", long)

    quote, (span,) = answer.citations[0].quote, answer.citations[0].spans
    assert "the harbour tax was set at nine crowns a barrel" in quote
    assert len(quote.split()) <= WORDS
    assert long.text[span.start - 7 : span.end - 7] == quote
    assert quote.startswith("the committee heard")
    assert not quote.endswith(",")


def test_words_without_clauses_are_cut_between_words() -> None:
    text = " ".join(f"cell{number}" for number in range(200))
    span = shortened(text, Span(0, len(text)), {"cell150": 3.0, "cell151": 2.0})

    words = text[span.start : span.end].split(" ")
    assert len(words) == WORDS
    assert {"cell150", "cell151"} <= set(words)
    assert all(word.startswith("cell") for word in words)


def test_a_short_span_is_left_as_it_is() -> None:
    assert shortened("One. Two words, here.", Span(5, 21), {"word": 1.0}) == Span(5, 21)


@pytest.mark.parametrize(
    ("text", "asked", "quote"),
    [
        (
            "Ada Holm designed the bridge. She drew its arches in 1911. It opened in May.",
            "In which year were the arches drawn?",
            "Ada Holm designed the bridge. She drew its arches in 1911.",
        ),
        ("長江發源於青藏高原。它在上海注入東海。", "在哪裡注入東海？", "長江發源於青藏高原。它在上海注入東海。"),
        (
            "Ada Holm designed the bridge.\n\nShe drew its arches in 1911.",
            "In which year were the arches drawn?",
            "She drew its arches in 1911.",
        ),
        (
            "It spans the strait. Its arches were drawn in 1911.",
            "In which year were the arches drawn?",
            "Its arches were drawn in 1911.",
        ),
        (
            f"The bridge of Ada Holm{' and others' * 30} was praised. She drew its arches in 1911.",
            "In which year were the arches drawn?",
            "She drew its arches in 1911.",
        ),
    ],
    ids=["English", "Chinese", "another paragraph", "no antecedent either", "too long"],
)
def test_a_sentence_that_refers_is_quoted_with_the_one_before(
    embedder: Embedder, text: str, asked: str, quote: str
) -> None:
    chunk = passage(text, start=5)
    hits = [Hit(chunk, 1.0)]
    cited = ExtractiveAnswerer(embedder, PassageTerms([chunk, *SHELF]), threshold=0.0).answer(asked, hits).citations

    assert cited[0].quote == quote
    (span,) = cited[0].spans
    assert text[span.start - 5 : span.end - 5] == quote
    # What the first quote already says is not said again.
    assert all(other.quote not in quote for other in cited[1:])


def test_a_cosine_that_is_usual_in_a_base_says_little(embedder: Embedder) -> None:
    """As in a language that the embedder does not speak, where all texts look alike to it."""
    asked = "When was the lighthouse at Korsnes built?"
    usual = np.repeat(embedder.queries([asked]), 50, axis=0)
    hits = [Hit(LIGHTHOUSE, 1.0)]
    beliefs = [
        ExtractiveAnswerer(embedder, PassageTerms(SHELF), at_large=at_large).answer(asked, hits).confidence or 0.0
        for at_large in (embedder.passages([BREAD.text, FERRY.text]), usual)
    ]

    assert beliefs[0] > beliefs[1]


@pytest.mark.parametrize(
    ("asked", "lacking", "given"),
    [
        ("Who drew the arches?", "The arches were drawn in 1911.", "The arches were drawn by Ada Holm in 1911."),
        ("When were the arches drawn?", "The arches were drawn by Ada Holm.", "The arches were drawn in 1911."),
        ("In which year did 3 arches fall?", "In spring 3 arches fell.", "In 1911 all 3 arches fell."),
        ("How many arches fell in 1911?", "Arches fell in 1911.", "In 1911 seven arches fell."),
        ("多少人住在這裡？", "這裡很美。", "這裡住著300人。"),
        ("How long do the peels stay in?", "2. Peel them; it may be bitter.", "3. Leave them for 20 days."),
        ("How much does it add?", "37signals adds to it, see section 4.", "It adds thirty-five dollars."),
        ("How many were there at first?", "First, count them.", "There were 3-4 of them."),
    ],
)
def test_whether_a_sentence_gives_the_kind_of_thing_that_is_asked_for(asked: str, lacking: str, given: str) -> None:
    question = read_question(asked, PassageTerms(SHELF))

    assert not question.gives_kind(lacking)
    assert question.gives_kind(given)


@pytest.mark.parametrize(
    ("asked", "language", "lacking", "given"),
    [
        ("How long is the term?", "en", "The term was agreed in 2025.", "The term is eighteen months."),
        ("How long is it valid?", "en", "It is valid in 27 countries.", "It is valid until it is withdrawn."),
        ("How old is the ship?", "en", "The ship has 3 masts.", "The ship was built 90 years ago."),
        ("How far is the pier?", "en", "The pier has 2 bars.", "The pier is two miles away."),
        ("How often is the tank cleaned?", "en", "Tank 4 is cleaned.", "The tank is cleaned every Tuesday."),
        ("How much is the rent?", "en", "The rent is due on 1 April.", "The rent is £1,240."),
        ("How much memory does it need?", "en", "It needs 64 workers.", "It needs 2 GB."),
        ("What do they weigh?", "en", "There are 400 of them.", "Each has 12 grams."),
        ("How big is a plot?", "en", "It is the 84th plot.", "A plot has 300 square metres."),
        ("When does it open?", "en", "Version 4.2 opens 37% of $5.", "It opens on Saturdays."),
        ("Who published it?", "en", "It was published in 1979.", "It was published by Efron in 1979."),
        ("Who moved it?", "en", "It was moved.", "Nikhil moved it."),
        ("Who broke it?", "en", "It was broken on Monday 3 July.", "It was broken by Tom Hale."),
        ("How much does a tour cost?", "en", "A tour takes 75 minutes.", "A tour is free."),
        ("What does the pump cost?", "en", "The pump moves 500 litres.", "The pump costs EUR 500."),
        ("Wie lange darf man üben?", "de", "Üben dürfen 3 Leute.", "Man darf zwei Stunden üben."),
        ("Wie oft wird geleert?", "de", "Geleert werden 2 Tonnen.", "Geleert wird jeden Dienstag."),
        ("Was kostet die Abholung?", "de", "Die Abholung ist am 3. Mai.", "Die Abholung kostet 25 Euro."),
        ("Combien coûte la visite ?", "fr", "La visite dure 75 minutes.", "La visite est à 14 euros."),
        ("¿Cuánto tiempo dura?", "es", "Dura mucho en 2024.", "Dura tres meses."),
    ],
)
def test_an_amount_has_the_unit_that_is_asked_for(asked: str, language: str, lacking: str, given: str) -> None:
    question = read_question(asked, PassageTerms([]), language)

    assert not question.gives_kind(lacking)
    assert question.gives_kind(given)


def test_a_name_may_stand_in_quotes_or_bold() -> None:
    question = read_question("Who wrote the report?", PassageTerms([]), "en")

    assert question.gives_kind('author = "Jonas Ekdahl"')
    assert question.gives_kind("It is by **Priya Nandakumar**.")


def test_kinds_are_judged_only_where_they_are_asked_for_and_can_be_told() -> None:
    assert read_question("Why did the arches fall?", PassageTerms(SHELF)).gives_kind("They were old.")
    assert read_question("Who drew them?", PassageTerms(SHELF)).gives_kind("是他畫的。")
    assert read_question("What becomes of a text whose end is lost?", PassageTerms(SHELF)).gives_kind("It goes.")
    assert not read_question("In whose reign did it fall?", PassageTerms(SHELF)).gives_kind("It fell in spring.")
    assert read_question("What happens when I leave, and to people who stay?", PassageTerms(SHELF)).gives_kind(
        "Nothing."
    )


@pytest.mark.parametrize(
    ("asked", "language", "lacking", "given"),
    [
        (
            "Wie lange dauert die Probezeit?",
            "de",
            "Die Probezeit wird vereinbart.",
            "Sie dauert höchstens sechs Monate.",
        ),
        (
            "Combien de jours faut-il attendre ?",
            "fr",
            "Il faut attendre l'avis.",
            "Comptez une quinzaine, ou douze jours.",
        ),
        ("¿Cuántos días hay?", "es", "Los días se acuerdan.", "Hay treinta días."),
        ("Who chose the names?", None, "The names come from a film.", "The names were chosen by Bruce Perens."),
        (
            "What is coverage in selective prediction?",
            None,
            "It has coverage.",
            "- Coverage is the share that is answered.",
        ),
        ("Can it read both?", None, "It reads either of them.", "Yes, it can."),
    ],
)
def test_what_is_wanted_is_known_in_four_languages(asked: str, language: str | None, lacking: str, given: str) -> None:
    question = read_question(asked, PassageTerms(SHELF), language)

    assert not question.gives(lacking)
    assert question.gives(given)


def test_words_of_grammar_weigh_nothing_but_those_that_distinguish_and_names() -> None:
    def weighed(text: str, language: str | None = None) -> set[str]:
        return set(read_question(text, PassageTerms(SHELF), language).weights)

    assert weighed("How much may I take out of my account after a year?") == {"account", "after", "year"}
    assert weighed("Wie viele Tage stehen mir ohne Antrag zu?", "de") == {"tag", "steh", "ohn", "antrag"}
    assert weighed("When did the band play in Will County?") == {"band", "play", "will", "counti"}
    assert weighed("Why?") == {"whi"}


def test_why_not_is_answered_by_a_reason() -> None:
    assert not read_question("Why must the jar not be closed?", PassageTerms(SHELF)).denies
    assert read_question("Which jar must not be closed?", PassageTerms(SHELF)).denies


@pytest.mark.parametrize("typed", ["lihgthouse", "ligthouse", "lighthoouse", "lighthause"])
def test_a_slip_of_the_pen_is_what_it_stands_for(typed: str, embedder: Embedder) -> None:
    right, wrong, other = (
        ask(embedder, f"Who built the {word} at Korsnes?", *SHELF) for word in ("lighthouse", typed, "lightning")
    )

    assert wrong.citations[0] == right.citations[0] and "Ole Lund" in wrong.text
    assert (wrong.confidence or 0.0) > (other.confidence or 0.0)


def test_what_a_passage_says_as_its_own_heading_is_said_of_all_below_it(embedder: Embedder) -> None:
    below = "Ask the treasurer.\n\nIt takes three weeks.\n\nOne form is enough."
    with_heading, question_first, without = (
        ask(embedder, "How long does a refund of the deposit take?", passage(begin + below), *SHELF)
        for begin in ("## Refund of the deposit\n\n", "Will the deposit be refunded?\n\n", "")
    )

    assert with_heading.citations[0].quote == question_first.citations[0].quote == "It takes three weeks."
    assert (with_heading.confidence or 0.0) > (without.confidence or 0.0)


def test_where_a_link_leads_is_not_read(embedder: Embedder) -> None:
    link = passage("- Deposit refund [#1800](https://tracker.example/deposits/refund/1800)\n\nRefunds take a month.")
    answer = ask(embedder, "When will the deposit refund come?", link, *SHELF)

    assert answer.citations[0].quote == "Refunds take a month."


def test_a_number_of_the_question_that_is_not_there_costs_confidence(embedder: Embedder) -> None:
    same, other = (
        ask(embedder, f"How far away was the light of Korsnes seen in {year}?", passage(WINTER), *SHELF).confidence
        for year in (1902, 1964)
    )

    assert same is not None
    assert other is not None
    assert same > other


def test_chinese_is_answered_from_chinese(embedder: Embedder) -> None:
    river = passage(
        "長江發源於青藏高原。它流經十一個省份，全長6300公里。長江在上海注入東海。", source="river.md", start=3
    )
    mountain = passage("泰山位於山東省。泰山的主峰海拔1532公尺。", source="mountain.md")
    answer = ask(embedder, "長江在哪裡注入東海？", river, mountain)

    assert answer.citations[0].quote == "長江在上海注入東海。"
    assert answer.citations[0].spans == (Span(31, 41),)


def test_a_long_chinese_sentence_is_cut_too() -> None:
    text = (
        "，".join(
            ["委員會聽取了關於道路狀況的報告"] * 12 + ["港口稅定為九克朗"] + ["委員會聽取了關於橋樑狀況的報告"] * 12
        )
        + "。"
    )
    span = shortened(text, Span(0, len(text)), dict.fromkeys(terms("港口稅定為多少"), 1.0))

    quote = text[span.start : span.end]
    assert "港口稅定為九克朗" in quote
    assert len(quote) <= 3 * WORDS


def test_the_same_sentence_in_two_documents_is_quoted_once_and_cited_twice(embedder: Embedder) -> None:
    first = passage("The reactor runs at 310 degrees. It is cooled by water.", source="report.md")
    second = passage("Summary. The reactor runs at 310 degrees.", source="summary.md")
    answer = ask(embedder, "At how many degrees does the reactor run?", first, second)

    assert answer.text.startswith('"The reactor runs at 310 degrees." [1][2]')
    assert answer.text.count("310") == 1
    assert [(cited.marker, cited.source) for cited in answer.citations[:2]] == [(1, "report.md"), (2, "summary.md")]


def test_copies_of_a_sentence_do_not_crowd_out_another(embedder: Embedder) -> None:
    copies = [
        passage("The berth fee of the harbour is 9 crowns a night.", source=f"{number:02}.md") for number in range(12)
    ]
    other = passage("The berth fee of the harbour is 4 crowns a night in winter.", source="winter.md")
    answer = ask(embedder, "What is the berth fee of the harbour?", *copies, other)

    assert [cited.source for cited in answer.citations] == ["00.md", "01.md", "02.md", "winter.md"]


def test_overlapping_passages_give_one_citation_of_one_place(embedder: Embedder) -> None:
    text = "It is cooled by water. The reactor runs at 310 degrees. The plant opened in May."
    whole, tail = passage(text), passage(text[23:], start=23)
    answer = ask(embedder, "At how many degrees does the reactor run?", whole, tail)

    assert [cited.spans for cited in answer.citations].count((Span(23, 55),)) == 1


def test_a_row_of_a_table_is_quoted_whole_with_its_numbers(embedder: Embedder) -> None:
    table = passage(
        "| Revenue | 1,204 | 1,350 |\n| Cost of sales | 640 | 701 |\n| Net income | 212 | 260 |",
        start=40,
        context=Context(title="Annual report", headings=("Income statement",), table="| Item | 2022 | 2023 |"),
    )
    answer = ask(embedder, "What was the cost of sales in 2023?", table, BREAD)

    assert answer.citations[0].quote == "| Cost of sales | 640 | 701 |"
    assert table.text[answer.citations[0].spans[0].start - 40 :].startswith("| Cost of sales")


def test_the_names_of_a_tables_columns_are_not_quoted(embedder: Embedder) -> None:
    table = passage(
        "| Filter | Files that are kept |\n|---|:--|\n| `--type` | files of one type, as pdf |\n| `--in` | a folder |"
    )
    answer = ask(embedder, "Which filter keeps files of one type?", table, BREAD)

    quotes = [cited.quote for cited in answer.citations]
    assert quotes[0] == "| `--type` | files of one type, as pdf |"
    assert not any("Filter" in quote or "---" in quote for quote in quotes)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        (
            "Rainfall was 512 mm in 2021, a wet year.\n\n|  |  |\n|---|---|\n| Year | Note |",
            "Rainfall was 512 mm in 2021, a wet year.",
        ),
        (
            "| Item | 2021 |\n|---|---|\n| Rainfall in mm | 512 |\n| - | - |\n| Sun in hours | 90 |",
            "| Rainfall in mm | 512 |",
        ),
    ],
)
def test_what_stands_above_empty_cells_is_quoted(embedder: Embedder, text: str, quote: str) -> None:
    answer = ask(embedder, "How much rainfall was there in 2021?", passage(text), BREAD)
    assert answer.citations[0].quote == quote


def test_markers_are_the_numbers_of_the_citations(embedder: Embedder) -> None:
    first = passage("Ospreys eat fish. Ospreys nest on tall poles.", source="a.md")
    second = passage("Ospreys eat mostly fresh fish.", source="b.md")
    third = passage("In summer ospreys eat fish from the lake.", source="c.md")
    answer = ask(embedder, "What do ospreys eat?", first, second, third)

    assert len(answer.citations) >= 2
    assert [cited.marker for cited in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert answer.text == "\n\n".join(f'"{cited.quote}" [{cited.marker}]' for cited in answer.citations)


def test_no_more_sentences_are_quoted_than_allowed(embedder: Embedder) -> None:
    chunks = [passage(f"Ospreys eat fish {place}.", source=f"{place}.md") for place in ("here", "there", "daily")]

    assert len(ask(embedder, "What do ospreys eat?", *chunks, quotes=1).citations) == 1
    assert ask(embedder, "What do ospreys eat?", *chunks, quotes=2).text.count('"') == 4


def test_the_same_question_gets_the_same_answer(embedder: Embedder) -> None:
    question = "How far away can the light be seen?"

    assert ask(embedder, question, *SHELF) == ask(embedder, question, *SHELF)


def test_scores_of_any_scale_rank_alike(embedder: Embedder) -> None:
    question = "What does it cost to take a bicycle on the ferry?"
    answerer = ExtractiveAnswerer(embedder, PassageTerms(SHELF))
    answers = [
        answerer.answer(question, [Hit(chunk, scale * (3 - place) - 40) for place, chunk in enumerate(SHELF)])
        for scale in (0.01, 1.0, 50.0)
    ]

    assert len({answer.text for answer in answers}) == 1
    assert len({answer.confidence for answer in answers}) == 1


def test_a_draft_gives_the_text_in_pieces_and_then_the_answer(embedder: Embedder) -> None:
    answerer = ExtractiveAnswerer(embedder, PassageTerms(SHELF))
    hits = [Hit(chunk, 1.0) for chunk in SHELF]
    draft = answerer.draft("Who built the lighthouse at Korsnes?", hits)

    assert "".join(draft) == draft.answer().text
    assert draft.answer() == answerer.answer("Who built the lighthouse at Korsnes?", hits)
    assert list(draft) == []


def test_a_closed_draft_stops_its_writer_and_has_no_answer() -> None:
    stopped: list[bool] = []

    def writing() -> Generator[str, None, Answer]:
        try:
            yield "one "
            yield "two"
        finally:
            stopped.append(True)
        return Answer("?", "one two", abstained=False)

    draft = Draft(writing())
    assert next(iter(draft)) == "one "
    draft.close()

    assert stopped == [True]
    with pytest.raises(ValueError, match="closed"):
        draft.answer()
