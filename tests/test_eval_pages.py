"""The page of a run and of two: everything in it, nothing from elsewhere, and what it says is what the runs say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from app.cli.main import main
from eval.answers import evaluate_answers
from eval.comparison import compare_runs
from eval.pages.comparison import comparison_page
from eval.pages.formats import FORMATS, page_json
from eval.pages.html import page_html
from eval.pages.markdown import inline, literal, page_markdown
from eval.pages.page import Figure, Page
from eval.pages.run import run_page
from eval.retrieval import evaluate_retrieval
from eval.runs import load_run
from kb.errors import UserError

TOPICS = {
    "whale": "The blue whale reaches thirty metres. It feeds on krill in cold seas.",
    "lamp": "A tungsten filament glows at about 2,500 degrees. Argon keeps it from burning.",
    "bread": "Rye dough needs a sour starter. The loaf bakes for an hour.",
    "clock": "A pendulum clock keeps time by gravity. Its escapement ticks twice a swing.",
}
HOSTILE = "<img src=x onerror=alert(1)> [here](javascript:alert(1)) | `code` **bold** & <b>tags</b>"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "things"
    (folder / "documents").mkdir(parents=True)
    rows = []
    for name, text in TOPICS.items():
        (folder / "documents" / f"{name}.md").write_text(f"# {name}\n\n{text}\n", encoding="utf-8")
        quote = text.split(". ")[0] + "."
        evidence = [{"source": f"{name}.md", "page": None, "quote": quote}]
        rows.append({"id": name, "question": f"What of the <b>{name}</b>?", "answers": [quote], "evidence": evidence})
    unanswerable = {"answerable": False, "answers": []}
    rows += [{"id": f"n{number}", "question": f"Who sang aria {number}?", **unanswerable} for number in range(3)]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def searched(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluate_retrieval(dataset, home=tmp_path_factory.mktemp("cache")).run


@pytest.fixture(scope="module")
def answered(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluate_answers(dataset, home=tmp_path_factory.mktemp("cache")).run


def changed(run: Path, to: Path, change: Callable[[dict[str, object]], None]) -> Path:
    """A copy of a run with something else in it."""
    kept = json.loads(run.read_text(encoding="utf-8"))
    change(kept)
    to.write_text(json.dumps(kept), encoding="utf-8")
    return to


def page_of(run: Path) -> Page:
    return run_page(load_run(run))


def page_of_two(a: Path, b: Path) -> Page:
    return comparison_page(compare_runs(load_run(a), load_run(b)))


def figure(page: Page, kind: str) -> Figure:
    (found,) = (one for one in page.figures if one.kind == kind)
    return found


def addresses(page: str) -> set[str]:
    """What a browser might open; the names of XML's vocabularies are none of it."""
    return {one for one in re.findall(r"(?:https?:)?//[\w.][^\s\"'<>]*", page) if "www.w3.org" not in one}


def texts(value: object) -> Iterator[str]:
    """All strings of a JSON document."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


def test_the_page_of_a_retrieval_run_needs_nothing_else(searched: Path, dataset: Path) -> None:
    page = page_of(searched)
    written = page_html(page)
    assert addresses(written) == set()
    assert not re.search(r"<script|<link|<img|@import|url\(", written)
    assert written.count("<svg") == len(page.figures) >= 4
    assert f"citewell eval retrieval {dataset}" in written
    assert {one.metric for one in page.comparisons} == {"quote_recall@5"}


def test_all_forms_say_the_same(searched: Path) -> None:
    page = page_of(searched)
    shown = html.fromstring(page_html(page)).text_content()
    marked = html.fromstring(MarkdownIt("commonmark").enable("table").render(page_markdown(page))).text_content()
    content = json.loads(page_json(page))
    for name, found in page.estimates.items():
        for metric, estimate in found.items():
            assert str(estimate) in shown and str(estimate) in marked
            assert content["measures"][name][metric]["mean"] == estimate.mean
    for comparison, verdict in zip(page.comparisons, content["verdicts"], strict=True):
        assert str(comparison.difference) in shown and str(comparison.difference) in marked
        assert verdict == comparison.as_json()
    for group in page.groups:
        for example in group.examples:
            assert example.question in shown and example.question in marked
            assert example.question in set(texts(content["examples"]))
    for one in page.figures:
        assert one.title in shown and one.title in marked
    for fact in (text for values in page.facts().values() for text in values):
        assert fact in shown and " ".join(fact.split()) in marked
    assert set(texts(content["runs"])) >= {str(searched), content["runs"][0]["command"]}


def test_json_has_the_keys_that_are_documented(searched: Path, answered: Path) -> None:
    for page in (page_of(searched), page_of(answered), page_of_two(searched, searched)):
        assert list(json.loads(page_json(page))) == [
            *("title", "about", "verdicts", "correction", "measures", "latency_ms", "figures", "examples"),
            *("differing", "runs"),
        ]


def test_questions_won_and_lost_stand_beside_each_other(searched: Path, tmp_path: Path) -> None:
    def lexical_loses(kept: dict[str, object]) -> None:
        kept["values"] = {
            name: {"whale": {"quote_recall@5": value}, "lamp": {"quote_recall@5": 1.0}}
            for name, value in (("dense", 1.0), ("lexical", 0.25))
        }

    page = page_of(changed(searched, tmp_path / "run.json", lexical_loses))
    (group,) = page.groups
    assert (group.title, group.count) == ("Where dense does better than lexical in quote_recall@5", 1)
    (example,) = group.examples
    assert (example.question, example.change) == ("What of the <b>whale</b>?", 0.75)
    assert [side.name for side in example.sides] == ["dense", "lexical"]
    assert "whale.md" in example.sides[0].passages[0].place


def test_relevant_passages_are_marked(searched: Path, tmp_path: Path) -> None:
    kept = json.loads(searched.read_text(encoding="utf-8"))
    # Each file is one passage, and its own question's only evidence.
    assert {query: len(found) for query, found in kept["relevant"].items()} == dict.fromkeys(TOPICS, 1)
    assert all(kept["passages"][kept["relevant"][name][0]]["place"].startswith(f"{name}.md") for name in TOPICS)

    def tell_apart(kept: dict[str, object]) -> None:
        kept["values"] = {name: {"whale": {"quote_recall@5": float(name == "dense")}} for name in ("dense", "lexical")}

    def forget(kept: dict[str, object]) -> None:
        tell_apart(kept)
        del kept["relevant"]

    new, old = (page_of(changed(searched, tmp_path / f"{one.__name__}.json", one)) for one in (tell_apart, forget))
    marks = {passage.place.split(",")[0]: passage.relevant for passage in new.groups[0].examples[0].sides[0].passages}
    assert marks == {f"{name}.md": name == "whale" for name in TOPICS}
    assert {passage.relevant for passage in old.groups[0].examples[0].sides[0].passages} == {None}
    assert ('class="relevant"' in page_html(new), 'class="relevant"' in page_html(old)) == (True, False)
    assert ("*relevant*: whale.md" in page_markdown(new), "*relevant*" in page_markdown(old)) == (True, False)


def test_stages_are_what_is_built_on_one_another(searched: Path, tmp_path: Path) -> None:
    def stages(kept: dict[str, object]) -> None:
        configs = kept["configs"]
        values, found = kept["values"], kept["found"]
        assert isinstance(configs, dict) and isinstance(values, dict) and isinstance(found, dict)
        for name, mean in (("dense", 0.2), ("lexical", 0.3), ("hybrid", 0.5)):
            configs[name]["quote_recall@5"]["mean"] = mean
        configs["hybrid+more"] = {**configs["hybrid"], "quote_recall@5": {"mean": 0.4, "low": 0, "high": 1}}
        values["hybrid+more"], found["hybrid+more"] = values["hybrid"], found["hybrid"]

    page = page_of(changed(searched, tmp_path / "run.json", stages))
    assert [row["stage"] for row in figure(page, "stages").rows] == ["lexical", "hybrid", "hybrid+more"]
    written = page_html(page)
    waterfall = written[written.index("What each stage adds") : written.index("Quality against time")]
    svg = waterfall[: waterfall.index("</svg>")]
    assert re.findall(r">(dense|lexical|hybrid[+a-z]*)</text>", svg) == ["lexical", "hybrid", "hybrid+more"]
    assert re.findall(r">([+−-]?0\.\d{3})</text>", svg) == ["0.300", "+0.200", "-0.100"]


def answer(name: str, **changes: object) -> dict[str, object]:
    told = {"id": name, "question": f"About {name}?", "answers": ["so"], "answerable": True, "answer": '"So." [1]'}
    return told | {"abstained": False, "confidence": 0.5, "quotes": ["So."], "withheld": [], "right": True} | changes


ANSWERS = [
    answer("right", confidence=0.9),
    answer("wrong", confidence=0.4, right=False),
    answer("surely wrong", confidence=1.0, right=False, answer="In my words: so.", quotes=["So."]),
    answer("made up", confidence=0.7, answerable=False, answers=[], right=False),
    answer("missed", confidence=0.1, abstained=True, quotes=[], withheld=["So it is."], right=True),
    answer("lost", confidence=0.05, abstained=True, quotes=[], withheld=["No."], right=False),
    answer("declined", confidence=0.0, answerable=False, answers=[], abstained=True, quotes=[], right=False),
]


def told(kept: dict[str, object]) -> None:
    kept["answers"] = ANSWERS


def test_answers_that_deserve_a_look(answered: Path, tmp_path: Path) -> None:
    page = page_of(changed(answered, tmp_path / "run.json", told))
    groups = {group.title: [one.question for one in group.examples] for group in page.groups}
    assert groups == {
        "Answered and wrong, the surest first": ["About surely wrong?", "About wrong?"],
        "Answered, although the documents do not say": ["About made up?"],
        "Abstained, although the documents say": ["About missed?", "About lost?"],
    }
    wrong, missed = page.groups[0].examples[0], page.groups[2].examples[0]
    assert (wrong.accepted, wrong.sides[0].status) == (("so",), "answered, wrong, confidence 1.00")
    assert wrong.sides[0].words == "In my words: so."
    assert page.groups[0].examples[1].sides[0].words == ""
    assert missed.sides[0].status == "abstained, what was withheld is right, confidence 0.10"
    assert [passage.text for passage in missed.sides[0].passages] == ["So it is."]
    for written in (page_html(page), page_markdown(page)):
        assert "So it is." in written and "confidence 0.10" in written


def test_confidence_is_counted_by_outcome(answered: Path, tmp_path: Path) -> None:
    rows = figure(page_of(changed(answered, tmp_path / "run.json", told)), "confidence").rows
    counts = {
        (row["confidence from"], name): row[name]
        for row in rows
        for name in ("right", "wrong", "the documents do not say")
        if row[name]
    }
    silent = "the documents do not say"
    assert counts == {
        (0.0, "wrong"): 1,
        (0.0, silent): 1,
        (0.1, "right"): 1,
        (0.4, "wrong"): 1,
        (0.7, silent): 1,
        (0.9, "right"): 1,
        (0.9, "wrong"): 1,
    }


def test_the_page_of_an_answers_run(answered: Path) -> None:
    page = page_of(answered)
    kept = json.loads(answered.read_text(encoding="utf-8"))
    assert page.title == "things: answers by extractive"
    assert [row["risk"] for row in figure(page, "risk").rows] == [point["risk"] for point in kept["risk_coverage"]]
    assert sum(row["right"] for row in figure(page, "confidence").rows) == sum(one["right"] for one in kept["answers"])
    assert page.about == ("7 questions, 4 answerable questions",)
    assert addresses(page_html(page)) == set()
    for written in (page_html(page), page_markdown(page)):
        (less,) = re.findall(r"Less is better in (.*?)\.", written)
        assert {"aurc", "abstained_on_answerable_fitted"} < set(less.split(", ")) and "auroc" not in less
        assert "given by --settings" not in written


def test_an_old_run_of_answers_is_shown_without_what_it_does_not_say(answered: Path, tmp_path: Path) -> None:
    def old(kept: dict[str, object]) -> None:
        kept["answers"] = [{name: value for name, value in one.items() if name != "right"} for one in ANSWERS]
        del kept["command"]

    page = page_of(changed(answered, tmp_path / "run.json", old))
    assert {one.kind for one in page.figures} == {"risk"}
    assert [group.count for group in page.groups] == [1, 2]
    assert all(write(page) for write in FORMATS.values())


def test_two_runs_of_answers_side_by_side(answered: Path, tmp_path: Path) -> None:
    def valued(kept: dict[str, object]) -> None:
        told(kept)
        right = {"right": 1.0, "wrong": 0.0, "surely wrong": 0.0, "missed": 0.0}
        rows = {name: {"answer_in_quotes": value} for name, value in right.items()}
        kept["values"] = {"extractive": {**rows, "made up": {"answered_on_unanswerable": 1.0}}}

    def silent(kept: dict[str, object]) -> None:
        valued(kept)
        kept["settings"], kept["command"] = {"answer": {"threshold": 0.95}}, "citewell eval answers things --mode dense"
        kept["values"]["extractive"]["right"] = {"answer_in_quotes": 0.0}  # type: ignore[index]
        kept["values"]["extractive"]["made up"] = {"answered_on_unanswerable": 0.0}  # type: ignore[index]
        kept["answers"] = [one | {"abstained": True, "quotes": [], "withheld": one["quotes"]} for one in ANSWERS]

    run_a, run_b = changed(answered, tmp_path / "a.json", valued), changed(answered, tmp_path / "b.json", silent)
    page = page_of_two(run_a, run_b)
    assert page.pairs() == (("A: extractive", "B: extractive"),)
    assert page.differing() == {
        "command": (page.sources[0].command, "citewell eval answers things --mode dense"),
        "settings.answer.threshold": ("the default", "0.95"),
    }
    assert [(source.name, source.path) for source in page.sources] == [("A", str(run_a)), ("B", str(run_b))]
    assert list(page.estimates) == ["A: extractive", "B: extractive"]
    lost, won = page.groups
    assert lost.title == "Where A: extractive does better than B: extractive in answer_in_quotes"
    assert won.title == "Where B: extractive does better than A: extractive in answered_on_unanswerable"
    (example,) = lost.examples
    assert (example.question, example.accepted, example.change) == ("About right?", ("so",), 1.0)
    assert [side.status for side in example.sides] == [
        "answered, right, confidence 0.90",
        "abstained, what was withheld is right, confidence 0.90",
    ]
    assert [side.status for side in won.examples[0].sides] == [
        "answered, wrong, confidence 0.70",
        "abstained, confidence 0.70",
    ]
    rows = {row["metric"]: row for row in figure(page, "differences").rows}
    (compared,) = (one for one in page.comparisons if one.metric == "answer_in_quotes")
    assert rows["answer_in_quotes"]["difference"] == compared.difference.mean == pytest.approx(-0.25)
    for written in (page_html(page), page_markdown(page)):
        assert "What differs" in written and written.count("citewell eval answers") == 4
        assert "given by --settings" in written


def test_two_runs_of_search_side_by_side(searched: Path, tmp_path: Path) -> None:
    def worse(kept: dict[str, object]) -> None:
        kept["values"]["hybrid"]["lamp"]["quote_recall@5"] = 0.0  # type: ignore[index]
        kept["found"]["hybrid"]["lamp"] = []  # type: ignore[index]

    page = page_of_two(searched, changed(searched, tmp_path / "b.json", worse))
    assert len(page.pairs()) == 3
    assert sum(one.kind == "differences" for one in page.figures) == 3
    (group,) = page.groups
    (example,) = group.examples
    assert [side.name for side in example.sides] == ["A: hybrid", "B: hybrid"]
    assert [len(side.passages) for side in example.sides] == [4, 0]
    assert addresses(page_html(page)) == set()


def test_what_documents_say_is_never_mark_up(answered: Path, tmp_path: Path) -> None:
    def hostile(kept: dict[str, object]) -> None:
        kept["dataset"], kept["command"] = HOSTILE, f"```\n{HOSTILE}\n\n</pre>"
        kept["settings"] = {HOSTILE: HOSTILE}
        kept["answers"] = [
            answer("x", question=HOSTILE, answers=[HOSTILE], quotes=[HOSTILE], answer=HOSTILE, right=False)
        ]

    page = page_of(changed(answered, tmp_path / "run.json", hostile))
    rendered = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(page_markdown(page))
    for written in (page_html(page), rendered):
        tree = html.fromstring(written)
        assert not tree.xpath("//img | //a | //script | //li//b[not(bdi)]")
        assert tree.text_content().count(HOSTILE) >= 5


@given(st.text(alphabet=st.sampled_from("ab1 .*_`[]()<>&!#-+=|~$\\:/@\n\"'{}^;é中"), max_size=40))
def test_literal_text_reads_as_it_stands(text: str) -> None:
    words = " ".join(text.split())
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for written, place in (
        (literal(text), "p"),
        (f"1. {literal(text)}", "ol/li"),
        (f"# {inline(text)}", "h1"),
        (f"| a |\n| --- |\n| {inline(text)} |", "table/tbody/tr/td"),
    ):
        (shown,) = html.fragment_fromstring(markdown.render(written), create_parent="div").xpath(place) or [None]
        assert (shown is None and not words) or (len(shown) == 0 and shown.text_content().strip() == words)


@pytest.mark.parametrize(
    ("name", "value"), [("found", 1), ("answers", [{"id": 1}]), ("latency_ms", {"p50": "fast"}), ("queries", ["q"])]
)
def test_what_is_no_run_is_told_in_one_sentence(answered: Path, tmp_path: Path, name: str, value: object) -> None:
    def broken(kept: dict[str, object]) -> None:
        kept[name] = value

    with pytest.raises(UserError, match=rf'is not a run as `citewell eval` writes it: its "{name}.*" is'):
        page_of(changed(answered, tmp_path / "run.json", broken))


def test_the_ending_of_the_name_decides(searched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["report", str(searched)], ["compare", str(searched), f"{searched}"]):
        for ending, begins in ((".html", "<!DOCTYPE html>"), (".md", "# things: "), (".json", "{"), (".MD", "# ")):
            file = tmp_path / f"page{ending}"
            assert main(["eval", *arguments, "--output", str(file)]) == 0
            assert file.read_text(encoding="utf-8").startswith(begins)
            assert capsys.readouterr().out == f"{file}\n"
        assert main(["--json", "eval", *arguments, "--output", str(tmp_path / "page.md")]) == 0
        assert json.loads(capsys.readouterr().out)["page"] == str(tmp_path / "page.md")
        for name, said in (("page.pdf", ".html, .md or .json"), ("page", ".html, .md or .json"), (".md", ".html")):
            assert main(["eval", *arguments, "--output", str(tmp_path / name)]) == 2
            out, err = capsys.readouterr()
            assert (out, err.count("\n"), said in err) == ("", 1, True)
        before = searched.read_bytes()
        assert main(["eval", *arguments, "--output", str(searched)]) == 2
        assert "would replace the run" in capsys.readouterr().err
        assert searched.read_bytes() == before
        assert main(["eval", *arguments, "--output", str(tmp_path / "nowhere" / "page.md")]) == 2
        assert "cannot be written" in capsys.readouterr().err
