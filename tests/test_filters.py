"""Filters: the answer is that of an unlimited search less what is not kept, in every mode and state of a base."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.cli.main import main
from citewell import Filter, KnowledgeBase, Settings
from ingest import kinds
from ingest.formats import READERS
from ingest.reading import read_path
from kb.errors import UserError
from kb.filters import first_moment, last_moment
from kb.media_types import is_named, plain_name
from kb.protocols import Vectors
from kb.settings import ChunkingSettings, ModeSettings
from kb.store import filtered, kept, lexical_searcher, publishing
from kb.store.lexical_searcher import LexicalSearcher
from kb.store.view import View
from kb.types import Chunk, Document, Hit

MODES = {
    "rank": ModeSettings(fuse=("dense", "lexical"), method="rrf"),
    "nested": ModeSettings(fuse=("hybrid", "lexical"), weights=(0.8, 0.2), depth=5),
}
SETTINGS = Settings(modes=MODES, chunking=ChunkingSettings(target_tokens=32))
QUERIES = ("What does the furnace cost?", "engine", "中文分詞 of the walrus", "report number 7")
TOPICS = ("walrus tusks", "steam engines", "copper mining", "bread ovens", "furnace costs", "中文分詞")
ALL = 10_000


def write(folder: Path, name: str, topic: str, *, tags: str = "", day: str = "2024-05-05", count: int = 6) -> Path:
    """A document of two sections on `topic`, in the form that its name says."""
    heads = (f"About {topic}", f"Straße  and {topic.title()}")
    parts = [[f"Report {name} number {n} says of {topic}: item {n * 7}." for n in range(i, i + count)] for i in (0, 50)]
    if name.endswith(".html"):
        sections = (
            "".join([f"<h2>{head}</h2>", *(f"<p>{p}</p>" for p in ps)]) for head, ps in zip(heads, parts, strict=True)
        )
        text = f"<html><title>{topic}</title><body>{''.join(sections)}</body></html>"
    elif name.endswith(".md"):
        sections = [f"## {head}\n\n" + "\n\n".join(each) for head, each in zip(heads, parts, strict=True)]
        text = (f"---\ntags: [{tags}]\n---\n" if tags else "") + "\n\n".join(sections) + "\n"
    else:
        text = "\n\n".join(parts[0] + parts[1]) + "\n"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    noon = datetime.fromisoformat(f"{day}T12:00:00").timestamp()
    os.utime(path, (noon, noon))
    return path


@dataclass(frozen=True)
class Filled:
    base: KnowledgeBase
    folder: Path


def fill(folder: Path, home: Path) -> Filled:
    """Published passages, later ones, replaced ones, removed ones, and a text that stands in two places."""
    for number, topic in enumerate(TOPICS):
        year = 2021 + number % 4
        write(folder, f"reports/{year}/{number}.md", topic, tags=f"Law, t{number % 3}", day=f"{year}-03-0{number + 1}")
        write(folder, f"notes/{number}.txt", topic, day=f"2024-02-2{number}")
    base = KnowledgeBase.open(home=home, settings=SETTINGS, create=True)
    base.ingest([folder]).wait()
    base.publish()
    for number, topic in enumerate(TOPICS):
        write(folder, f"web/{number}.html", topic, day=f"2025-0{number + 1}-01")
    write(folder, "notes/1.txt", "steam engines of another kind", day="2026-01-01")
    (folder / "web" / "copy.txt").write_text((folder / "notes" / "2.txt").read_text())
    base.ingest([folder]).wait()
    base.remove([str(folder / "reports" / "2022"), str(folder / "notes" / "3.txt")])
    return Filled(base, folder)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with pytest.MonkeyPatch.context() as patch:
        # So small a base would be published with every job.
        patch.setattr(publishing, "DUE_SHARE", 100.0)
        made = fill(tmp_path_factory.mktemp("documents"), tmp_path_factory.mktemp("home"))
    with made.base:
        yield made


def keeps(chosen: Filter, folder: Path, document: Document, chunk: Chunk) -> bool:
    """What a filter says, in other words than the product's; names are relative to `folder`."""
    name = str(Path(document.source).relative_to(folder))
    moment = document.modified or datetime(1, 1, 1, tzinfo=UTC)
    midnight = datetime.min.time()
    return (
        (not chosen.sources or any(f"{name}/".startswith(f"{one}/") for one in chosen.sources))
        and (not chosen.types or document.media_type.split("/")[1] in chosen.types)
        and (not chosen.since or moment >= datetime.combine(chosen.since, midnight).astimezone())
        and (not chosen.until or moment < datetime.combine(chosen.until + timedelta(days=1), midnight).astimezone())
        and (not chosen.tags or bool({tag.lower() for tag in chosen.tags} & {tag.lower() for tag in document.tags}))
        and (
            not chosen.headings
            or any(
                " ".join(text.casefold().split()) in " ".join(heading.casefold().split())
                for text in chosen.headings
                for block in document.blocks
                for heading in block.headings
                if block.start < chunk.end and chunk.start < block.end
            )
        )
    )


@dataclass(frozen=True)
class Afterwards:
    """A view that looks for everything, and then leaves out what is not kept."""

    view: View
    is_kept: Callable[[Chunk], bool]

    def nearest(self, vector: Vectors, k: int) -> list[Hit]:
        return [hit for hit in self.view.nearest(vector, ALL) if self.is_kept(hit.chunk)][:k]

    def matching(self, query: str, k: int) -> list[Hit]:
        return [hit for hit in self.view.matching(query, ALL) if self.is_kept(hit.chunk)][:k]

    def vectors(self, passages: Sequence[Chunk]) -> Vectors:
        return self.view.vectors(passages)

    def sample(self) -> Vectors:
        return self.view.sample()

    @property
    def lexical(self) -> LexicalSearcher:
        return self.view.lexical


def expected(filled: Filled, chosen: Filter, query: str, k: int, mode: str) -> list[Hit]:
    documents = {row.source: filled.base.document(row.source) for row in filled.base.documents()}

    def is_kept(chunk: Chunk) -> bool:
        document = documents[chunk.source]
        return document is not None and keeps(chosen, filled.folder, document, chunk)

    with filled.base._store.view() as view:
        after = Afterwards(view, is_kept)
        return filled.base._composer.compose(mode, after).retrieve(query, k)  # type: ignore[arg-type]


def same(found: list[Hit], wanted: list[Hit]) -> bool:
    """The same passages in the same order; Chroma's cosines and ours differ in the seventh place, and fusion adds."""
    scores = [hit.score for hit in wanted]
    is_same = [hit.chunk for hit in found] == [hit.chunk for hit in wanted]
    return is_same and [hit.score for hit in found] == pytest.approx(scores, abs=1e-3)


def drawn(chance: random.Random) -> Filter:
    """A filter of one to three kinds of values."""

    def some(*values: str) -> tuple[str, ...]:
        return tuple(chance.sample(values, chance.choice((1, 1, 2))))

    days = [date(year, month, 1) for year in (2021, 2022, 2023, 2024, 2025) for month in (1, 2, 3)]
    values = {
        "sources": some("reports", "reports/2021", "notes", "web", "web/2.html", "notes/2.txt", "web/copy.txt"),
        "types": some("plain", "markdown", "html"),
        "since": chance.choice(days),
        "until": chance.choice([*days, date(2024, 2, 22)]),
        "headings": some("about", "STRASSE and  steam", "中文", "ENGINES", "costs"),
        "tags": some("law", "T0", "t1", "t2"),
    }
    return Filter(**{kind: values[kind] for kind in chance.sample(sorted(values), chance.choice((1, 1, 2, 3)))})  # type: ignore[arg-type]


def single_values(chosen: Filter) -> list[Filter]:
    """For each of its values, a filter of that alone."""
    several = ("sources", "types", "headings", "tags")
    return [Filter(**{kind: (value,)}) for kind in several for value in getattr(chosen, kind)]


def names_something(filled: Filled, chosen: Filter) -> bool:
    return bool(expected(filled, chosen, "anything", 1, "dense"))


@pytest.fixture(params=["few", "many", "many, looked up", "many, unlike the query", "many, too large for memory"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, filled: Filled) -> str:
    """All ways in which a filter is answered, on a base that is far too small for most of them."""
    if request.param.startswith("many"):
        monkeypatch.setattr(kept, "FEW", 3)
    if request.param != "many":
        monkeypatch.setattr(filtered, "LOOKS", 0)
        monkeypatch.setattr(filtered, "DEPTH_MAX", 0)
    if request.param == "many, unlike the query":
        monkeypatch.setattr(lexical_searcher, "LOOKED_UP_MAX", 0)
    if request.param == "many, too large for memory":
        monkeypatch.setattr(kept, "VECTOR_BYTES", 0)
    filled.base._store._filters = kept.Filters()
    return str(request.param)


def test_the_base_has_a_generation_and_more(filled: Filled) -> None:
    with filled.base._store.view() as view:
        assert view.generation is not None
        assert view.recent.at(view.snapshot)[0]
        assert view.snapshot.dropped_embeddings()
        texts = [chunk.text for chunk in view.snapshot.all_chunks()]
    assert len(set(texts)) < len(texts)
    assert len(texts) > 100


@pytest.mark.parametrize("mode", ["dense", "lexical", "hybrid", "rank", "nested"])
def test_a_filter_gives_what_filtering_everything_afterwards_gives(filled: Filled, way: str, mode: str) -> None:
    chance = random.Random(mode + way)  # noqa: S311
    kept_something = 0
    for _ in range(25):
        chosen, query, k = drawn(chance), chance.choice(QUERIES), chance.choice((1, 3, 10, 40, ALL))
        wanted = expected(filled, chosen, query, k, mode)
        try:
            found = filled.base.search(query, k, mode=mode, filter=chosen)
        except UserError:
            assert not all(names_something(filled, one) for one in (chosen, *single_values(chosen)))
            continue
        assert same(found, wanted), (chosen, query, k)
        kept_something += bool(wanted)
    assert kept_something > 5


def names(hits: list[Hit]) -> set[str]:
    return {Path(hit.chunk.source).name for hit in hits}


def test_a_text_that_stands_twice_is_found_only_where_it_is_kept(filled: Filled) -> None:
    for mode in ("dense", "lexical", "hybrid"):
        everywhere = filled.base.search("copper mining", ALL, mode=mode)
        assert names(everywhere) >= {"copy.txt", "2.txt"}
        assert names(filled.base.search("copper mining", ALL, mode=mode, filter=Filter(sources=("web/copy.txt",)))) == {
            "copy.txt"
        }


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            Filter(sources=("nowhere",)),
            '"nowhere" is no document or folder of this knowledge base; there: notes, reports, web',
        ),
        (Filter(sources=("reports/2022",)), "no document or folder"),
        (Filter(sources=(" ",)), "empty"),
        (Filter(types=("pdf", "md")), 'the type "pdf"; there: html, md, text.'),
        (Filter(tags=("law", "tax")), 'the tag "tax"; there: Law, t0, t1, t2.'),
        (Filter(since=date(2030, 1, 1)), "from 2030-01-01 or later; they are from 2021-03-01 to "),
        (Filter(since=date(2025, 1, 1), until=date(2024, 1, 1)), "2025-01-01 or later and from 2024-01-01 or before"),
        (Filter(headings=("about", "nothing of the kind")), 'under a heading with "nothing of the kind"'),
        (Filter(headings=("",)), "heading is empty"),
        (Filter(sources=("notes",), types=("html",)), "all of this at once: in notes, of the type html"),
        (Filter(sources=("notes",), headings=("about",)), "No passage of what else is asked for"),
    ],
)
def test_a_filter_that_names_nothing_is_told_in_one_sentence(filled: Filled, chosen: Filter, sentence: str) -> None:
    for search in (filled.base.search, filled.base.ask):
        with pytest.raises(UserError) as told:
            search("question", filter=chosen)
        assert sentence in str(told.value)
        assert str(told.value).endswith(".")


def test_a_file_is_named_by_path_by_source_or_as_people_see_it(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(filled.folder / "web")
    for name in ("2.html", "./2.html", "web/2.html", str(filled.folder / "web" / "2.html"), "web/2.html/"):
        assert names(filled.base.search("copper", ALL, filter=Filter(sources=(name,)))) == {"2.html"}
    assert len(names(filled.base.search("copper", ALL, filter=Filter(sources=(".",))))) == len(TOPICS) + 1
    assert names(filled.base.search("copper", ALL, filter=Filter(sources=("notes/2.txt", "web/1.html")))) == {
        "2.txt",
        "1.html",
    }


def test_any_number_of_files_may_be_named(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    both = Filter(sources=("notes/2.txt", "web"))
    joined = filled.base.search("copper", ALL, filter=both)
    listed = tuple(f"notes/{'./' * count}2.txt" for count in range(1_200))
    monkeypatch.chdir(filled.folder)
    assert filled.base.search("copper", ALL, filter=Filter(sources=(*listed, "web"))) == joined


def test_an_answer_stands_on_what_is_kept(filled: Filled) -> None:
    reply = filled.base.ask("What is said of steam engines?", threshold=0.0, filter=Filter(sources=("web",)))
    assert reply.hits
    assert {Path(hit.chunk.source).parent.name for hit in reply.hits} == {"web"}
    assert {Path(citation.source).parent.name for citation in reply.answer().citations} == {"web"}


def test_passages_are_looked_up_only_among_those_that_are_kept(filled: Filled, way: str) -> None:
    source = str(filled.folder / "reports" / "2023" / "2.md")
    with filled.base._store.view() as everything:
        chunks = list(everything.snapshot.all_chunks())
        text, whole = everything.document_passages(source)
    inside = Filter(sources=("reports",), headings=("about",))
    with filled.base._store.view(inside) as view:
        found = view.passages([chunk.id for chunk in chunks])
        about = [one for one in whole if "About copper mining" in " ".join((one.text, *one.context.headings))]
        assert 0 < len(about) < len(whole)
        assert view.document_passages(source) == (text, about)
    reports = [chunk for chunk in chunks if "/reports/" in chunk.source]
    wanted = [chunk for chunk in reports if "About" in " ".join((chunk.text, *chunk.context.headings))]
    assert 0 < len(wanted) < len(reports)
    assert set(found.values()) == set(wanted)


def test_a_passage_stands_under_the_headings_that_it_holds(tmp_path: Path) -> None:
    """Short sections share a passage with their headings, and with one another."""
    (tmp_path / "post.md").write_text("# Postmortem\n\nIt fell over.\n\n## Method\n\nWe read the logs.\n")
    (tmp_path / "other.md").write_text("# Other\n\nNothing of the method is told here.\n")
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([tmp_path / "post.md", tmp_path / "other.md"]).wait()
        for heading in ("method", "postmortem"):
            found = base.search("logs", filter=Filter(headings=(heading,)))
            assert {Path(hit.chunk.source).name for hit in found} == {"post.md"}
            assert found


def test_the_name_of_a_file_is_told_with_its_folder(filled: Filled) -> None:
    with pytest.raises(UserError, match=r'"2.html" is no document or folder.*there: web/2\.html'):
        filled.base.search("engine", filter=Filter(sources=("2.html",)))


def test_a_trace_and_a_context_are_of_what_is_kept(filled: Filled) -> None:
    chosen = Filter(sources=("web",))
    trace = filled.base.explain("steam engines", 7, mode="nested", filter=chosen)
    assert list(trace.hits) == filled.base.search("steam engines", 7, mode="nested", filter=chosen)
    assert {Path(hit.chunk.source).parent.name for stage in trace.stages for hit in stage.hits} == {"web"}
    context = filled.base.context("steam engines", filter=chosen)
    assert {Path(passage.source).parent.name for passage in context.passages} == {"web"}


def test_further_places_of_a_quote_are_named_only_where_they_are_kept(filled: Filled) -> None:
    def places(chosen: Filter | None) -> set[str]:
        citations = (
            filled.base.ask("What do the notes say of copper mining, number 3?", threshold=0.0, filter=chosen)
            .answer()
            .citations
        )
        return {other.source for citation in citations for other in citation.also} | {one.source for one in citations}

    kept, other = (str(filled.folder / name) for name in ("web/copy.txt", "notes/2.txt"))
    assert places(None) >= {kept, other}
    assert places(Filter(sources=("web/copy.txt",))) == {kept}


def test_a_filter_without_values_keeps_everything(filled: Filled) -> None:
    assert filled.base.search("engine", filter=Filter()) == filled.base.search("engine")


def test_what_a_filter_keeps_follows_the_base(tmp_path: Path, embedder: object) -> None:
    folder = tmp_path / "documents"
    write(folder, "notes/one.txt", "steam engines")
    (folder / "other.txt").write_text("Something else about steam engines.")
    with KnowledgeBase.open(home=tmp_path / "home", settings=SETTINGS, create=True) as base:
        base.ingest([folder]).wait()
        retrievers = [
            base.retriever(mode, filter=Filter(sources=("notes",))) for mode in ("dense", "lexical", "hybrid")
        ]

        def found() -> list[set[str]]:
            return [names(retriever.retrieve("steam engines", 50)) for retriever in retrievers]

        assert found() == [{"one.txt"}] * 3
        write(folder, "notes/two.txt", "steam engines")
        base.ingest([folder]).wait()
        assert found() == [{"one.txt", "two.txt"}] * 3
        base.remove([str(folder / "notes" / "one.txt")])
        assert found() == [{"two.txt"}] * 3
        (folder / "notes" / "one.txt").unlink()
        (folder / "notes" / "two.txt").write_text("Only walruses now.")
        base.ingest([folder]).wait()
        assert found() == [{"two.txt"}, set(), {"two.txt"}]
        base.remove([str(folder / "notes")])
        with pytest.raises(UserError, match='"notes" is no document'):
            found()


def test_days_are_whole_and_of_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert first_moment(date(2024, 3, 1)) == datetime(2024, 2, 29, 15, tzinfo=UTC)
        assert last_moment(date(2024, 2, 29)) < first_moment(date(2024, 3, 1))
        assert first_moment(date(2024, 3, 1)) - last_moment(date(2024, 2, 29)) == timedelta(milliseconds=1)
    finally:
        monkeypatch.undo()
        time.tzset()
    moment = datetime(2024, 3, 1, 12, 30, tzinfo=UTC)
    assert first_moment(moment) == last_moment(moment) == moment
    for day in (date.min, date.max):
        assert first_moment(day) < last_moment(day)


def test_a_single_text_is_no_list_of_texts() -> None:
    with pytest.raises(TypeError, match="tags is a tuple"):
        Filter(tags="law")  # type: ignore[arg-type]


@pytest.mark.parametrize("media_type", READERS)
def test_every_kind_of_file_that_is_read_has_a_plain_name(media_type: str) -> None:
    name = plain_name(media_type)
    assert name.isalnum()
    assert is_named(media_type, name)
    assert is_named(media_type, media_type)
    suffixes = [suffix for suffix, kind in kinds.BY_SUFFIX.items() if kind == media_type]
    assert not suffixes or media_type == kinds.SOURCE or any(is_named(media_type, suffix) for suffix in suffixes)


def test_names_stand_for_several_types() -> None:
    assert is_named(kinds.DOC, "word")
    assert is_named(kinds.DOCX, "word")
    assert is_named("image/png", "image")
    assert not is_named(kinds.PDF, "image")
    assert not is_named(kinds.MARKDOWN, "text")


def test_the_command_line_takes_filters(filled: Filled, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--home", str(filled.base.folder.parent), "--json"]

    def found(*options: str, command_name: str = "search") -> list[dict[str, object]]:
        capsys.readouterr()
        assert main([*command, command_name, "steam engines", *options]) == 0
        answer = json.loads(capsys.readouterr().out)
        return list(answer if command_name == "search" else answer["hits"])

    def sources(*options: str, command_name: str = "search") -> set[str]:
        hits = found(*options, command_name=command_name)
        return {str(Path(str(hit["source"])).relative_to(filled.folder)) for hit in hits}

    assert sources("--in", "web/1.html", "--in", "notes/1.txt", "-k", "50") == {"web/1.html", "notes/1.txt"}
    assert {name[-3:] for name in sources("--type", "md")} == {".md"}
    assert sources("--since", "2025-06-01", "--until", "2025-06-30") == {"web/5.html"}
    assert sources("--tag", "T2", "--heading", "copper") == {"reports/2023/2.md"}
    assert sources("--in", "web/1.html", command_name="ask") == {"web/1.html"}
    for wrong in (["--in", "nowhere"], ["--since", "yesterday"], ["--type", ""], ["--heading", "nonesuch"]):
        for name in ("search", "ask"):
            capsys.readouterr()
            assert main([*command, name, "steam engines", *wrong]) == 2
            told = capsys.readouterr()
            assert told.out == ""
            assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("front", "tags"),
    [
        ('tags: [law, "tax law", law]', ("law", "tax law")),
        ("tags:\n  - law\n  - 'tax'\nauthor: x", ("law", "tax")),
        ("tags: law, #tax", ("law", "tax")),
        ("tags:\nauthor: x", ()),
        ("tags: []", ()),
        ("title: tags", ()),
    ],
)
def test_tags_are_those_of_the_front_matter(tmp_path: Path, front: str, tags: tuple[str, ...]) -> None:
    file = tmp_path / "a.md"
    file.write_text(f"---\n{front}\n---\n\nText.\n")
    (document,) = read_path(file)
    assert isinstance(document, Document)
    assert document.tags == tags
