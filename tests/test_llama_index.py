"""LlamaIndex's query engines over a base, and its retrievers and postprocessors inside a search."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode
from scripted_llm import ScriptedLLM, logged

from app.cli.main import main
from citewell import KnowledgeBase, Settings
from citewell.llama_index import as_retriever, nodes
from kb.errors import SettingsError, UserError
from kb.settings import ModeSettings, PostprocessorSettings, RetrieverSettings, changed, load_settings
from kb.types import Chunk, Hit

POSTPROCESSORS = "llama_index.core.postprocessor"
QUERY = "How long are the tusks of a walrus?"


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    for topic in ("walrus tusks", "steam engines", "bread ovens"):
        paragraphs = [
            f"Paragraph {index} speaks at some length about {topic}.\nIts number is {index * 7}, and it is written so "
            "that a splitter which wants short passages must put a border before the next one begins."
            for index in range(9)
        ]
        (folder / f"{topic.split()[0]}.md").write_text(f"# {topic.title()}\n\n" + "\n\n".join(paragraphs))
    return folder


@pytest.fixture(scope="module")
def folder(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a base with the documents."""
    home = tmp_path_factory.mktemp("home")
    with KnowledgeBase.open(home=home, settings=Settings(chunking={"target_tokens": 64}), create=True) as base:  # type: ignore[arg-type]
        base.ingest(documents).wait()
    return home


@pytest.fixture(scope="module")
def plain(folder: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(home=folder, settings=Settings()) as base:
        yield base


def opened(folder: Path, **settings: Any) -> KnowledgeBase:
    return KnowledgeBase.open(home=folder, settings=Settings(**settings))


def asked(folder: Path, make: str, k: int = 10, **options: Any) -> list[Hit]:
    """What a search says whose mode is the retriever of that name."""
    chosen = RetrieverSettings(make=f"llama_index_parts:{make}", options=options)
    with opened(folder, retrievers={"mine": chosen}) as base:
        return base.search(QUERY, k, mode="mine")


def names(hits: Sequence[Hit]) -> list[str]:
    return [hit.chunk.id for hit in hits]


def test_a_query_engine_answers_from_the_passages_that_a_search_finds(plain: KnowledgeBase, tmp_path: Path) -> None:
    llm = ScriptedLLM(rules=(("tusks", "They are long."),), log=str(tmp_path / "log"))
    engine = RetrieverQueryEngine.from_args(as_retriever(plain, k=3), llm=llm)
    response = engine.query(QUERY)
    hits = plain.search(QUERY, 3)
    assert str(response) == "They are long."
    assert [(node.node.node_id, node.score) for node in response.source_nodes] == [
        (hit.chunk.id, hit.score) for hit in hits
    ]
    [prompt] = logged(tmp_path / "log")
    assert hits[0].chunk.text.splitlines()[0] in prompt
    assert "heading: Walrus Tusks" in prompt
    assert "file_name: walrus.md" in prompt
    assert str(Path(hits[0].chunk.source).parent) not in prompt


def test_what_a_citation_engine_cites_opens_the_passage(plain: KnowledgeBase, tmp_path: Path) -> None:
    llm = ScriptedLLM(rules=(("Source 2", "They are long [2]."),), log=str(tmp_path / "log"))
    engine = CitationQueryEngine.from_args(None, llm=llm, retriever=as_retriever(plain, mode="lexical", k=2))
    response = engine.query(QUERY)
    cited = response.source_nodes[1]
    hit = plain.search(QUERY, 2, mode="lexical")[1]
    metadata = cited.node.metadata
    document = plain.document(metadata["source"])
    assert document
    assert document.text[metadata["start"] : metadata["end"]] == hit.chunk.text
    assert metadata["chunk_id"] == hit.chunk.id
    assert cited.node.get_content().split() == ["Source", "2:", *hit.chunk.text.split()]


def test_it_is_asked_beside_other_work(plain: KnowledgeBase) -> None:
    async def both() -> list[list[NodeWithScore]]:
        retriever = as_retriever(plain, mode="dense", k=4)
        return await asyncio.gather(*(retriever.aretrieve(query) for query in (QUERY, "steam engines")))

    walrus, steam = asyncio.run(both())
    assert [node.node.node_id for node in walrus] == names(plain.search(QUERY, 4, mode="dense"))
    assert [node.node.node_id for node in steam] == names(plain.search("steam engines", 4, mode="dense"))


def test_an_unknown_mode_is_told_before_a_question_is_asked(plain: KnowledgeBase) -> None:
    with pytest.raises(UserError, match="no search mode"):
        as_retriever(plain, mode="magic")


def test_a_node_says_where_its_passage_stands(tmp_path: Path, folder: Path) -> None:
    sample = Path(__file__).resolve().parents[1] / "data" / "sample" / "documents" / "lexical-search-bm25.pdf"
    with KnowledgeBase.open("pages", home=tmp_path, create=True) as base:
        base.ingest(sample).wait()
        found = list(nodes(base))
        chunks = base.passages(str(sample))
    assert [node.node_id for node in found] == [chunk.id for chunk in chunks]
    node, chunk = found[-1], chunks[-1]
    assert node.text == chunk.text
    assert node.ref_doc_id == chunk.document_id
    assert chunk.anchor
    assert (node.metadata["page"], node.metadata["anchor"]) == (chunk.anchor.number, chunk.anchor.label)
    assert str(chunk.anchor.number) in node.metadata["anchor"]
    embedded = node.get_content(metadata_mode=MetadataMode.EMBED)
    assert embedded == f"heading: {node.metadata['heading']}\n\n{chunk.text}"


def test_a_vector_index_over_our_passages_finds_what_dense_search_finds(plain: KnowledgeBase, folder: Path) -> None:
    options = {"nodes": list(nodes(plain)), "embedder": plain.embedder, "top": 12}
    hits = asked(folder, "by_vectors", **options)
    dense = plain.search(QUERY, 100, mode="dense")
    cosines = {hit.chunk: hit.score for hit in dense}
    near = pytest.approx([hit.score for hit in dense[:10]], abs=2e-3)  # What it is embedded with matters that much.
    assert [hit.score for hit in hits] == near
    assert [cosines[hit.chunk] for hit in hits] == near


def test_nodes_that_others_read_and_cut_become_the_passages_that_they_hold(
    plain: KnowledgeBase, folder: Path, documents: Path
) -> None:
    chunks = {chunk.id: chunk for file in sorted(documents.iterdir()) for chunk in plain.passages(str(file))}
    for size in (60, 1000):  # Smaller than a passage, and as large as a document.
        hits = asked(folder, "everything", k=100, path=str(documents), size=size)
        assert {hit.chunk.id for hit in hits} == chunks.keys()
        assert all(hit.chunk == chunks[hit.chunk.id] for hit in hits)
        assert [hit.score for hit in hits] == [1 / rank for rank in range(1, len(hits) + 1)]


def test_what_is_not_in_the_base_is_left_out_and_said(
    folder: Path, documents: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = str(documents / "walrus.md")
    there = TextNode(text="Paragraph 3 speaks  at some length about\nwalrus tusks.", metadata={"file_path": own})
    found = [
        (there, 0.9),
        (TextNode(text="Paragraph 3 spoke of walruses.", metadata={"file_path": own}), 0.8),
        (TextNode(text="Paragraph 3", metadata={"file_path": "/no/such/file.md"}), 0.7),
        (TextNode(text="Paragraph 3"), 0.6),
        (TextNode(text=" ", metadata={"source": own}), 0.5),
        (TextNode(id_="7" * 16, text="Paragraph 3"), 0.4),
    ]
    chosen = RetrieverSettings(make="llama_index_parts:Fixed", options={"found": found})
    with opened(folder, retrievers={"mine": chosen}) as base, caplog.at_level(logging.WARNING):
        trace = base.explain(QUERY, mode="mine")
    [hit] = trace.hits
    assert "Paragraph 3 speaks at some length about walrus tusks" in hit.chunk.text
    assert hit.score == 0.9
    sentence = "5 of 6 nodes cannot be cited: what is searched has no such passages."
    assert trace.stages[0].notes == (sentence,)
    assert caplog.messages == [f"mine: {sentence}"]


def chunks_of(base: KnowledgeBase, documents: Path) -> list[Chunk]:
    return base.passages(str(documents / "steam.md"))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.5, 0.4, 0.4], [0.5, 0.4, 0.4]),  # An order that follows the scores.
        ([0.4, 0.5, 0.1], [1.0, 0.5, 1 / 3]),  # One that does not,
        ([0.4, None, 0.1], [1.0, 0.5, 1 / 3]),  # or of which it is not known,
        ([0.4, float("nan"), 0.1], [1.0, 0.5, 1 / 3]),
        ([1.0, 1.0, 1.0], [1.0, 0.5, 1 / 3]),  # or that says nothing.
    ],
)
def test_order_counts_where_scores_do_not_say_it(
    plain: KnowledgeBase, folder: Path, documents: Path, scores: list[float | None], expected: list[float]
) -> None:
    chunks = sorted(chunks_of(plain, documents)[:3], key=lambda chunk: chunk.id)
    found = [(TextNode(id_=chunk.id, text="?"), score) for chunk, score in zip(chunks, scores, strict=True)]
    again = [(TextNode(text="?", metadata={"chunk_id": chunks[0].id}), 0.0 if scores[-1] == 0.1 else scores[-1])]
    hits = asked(folder, "Fixed", found=[*found, *again])
    assert [(hit.chunk, hit.score) for hit in hits] == list(zip(chunks, expected, strict=True))


def test_a_postprocessor_is_a_stage_on_any_mode(plain: KnowledgeBase, folder: Path) -> None:
    stages = {
        "close": PostprocessorSettings(
            make=f"{POSTPROCESSORS}:SimilarityPostprocessor", options={"similarity_cutoff": 0.4}
        ),
        "ends": PostprocessorSettings(make=f"{POSTPROCESSORS}:LongContextReorder", depth=5),
    }
    with opened(folder, postprocessors=stages) as base:
        close = base.search(QUERY, 100, mode="hybrid+close")
        all_of_them = plain.search(QUERY, 100)
        assert close == [hit for hit in all_of_them if hit.score >= 0.4]
        assert 1 < len(close) < len(all_of_them)
        first, second, third, fourth, fifth = names(plain.search(QUERY, 5, mode="dense"))
        ends = base.explain(QUERY, 10, mode="dense+ends")
        assert names(ends.hits) == [first, third, fifth, fourth, second]
        assert [stage.name for stage in ends.stages] == ["ends", "ends > dense"]
        assert names(base.search(QUERY, 2, mode="dense+ends")) == [first, third]
        assert names(base.search(QUERY, 2, mode="dense+ends+close")) == [first, third]


@pytest.mark.parametrize("mode", ["mine", "both", "hybrid+close", "mine+ends"])
@pytest.mark.parametrize("query", [QUERY, "steam engines", "中文"])
def test_modes_with_parts_of_llama_index_keep_the_contract(
    plain: KnowledgeBase, folder: Path, mode: str, query: str
) -> None:
    options = {"nodes": list(nodes(plain)), "embedder": plain.embedder, "top": 20}
    settings: dict[str, Any] = {
        "retrievers": {"mine": RetrieverSettings(make="llama_index_parts:by_vectors", options=options)},
        "postprocessors": {
            "close": {"make": f"{POSTPROCESSORS}:SimilarityPostprocessor", "options": {"similarity_cutoff": 0.3}},
            "ends": {"make": f"{POSTPROCESSORS}:LongContextReorder", "depth": 9},
        },
        "modes": {"both": ModeSettings(fuse=("lexical", "mine"))},
    }
    with opened(folder, **settings) as base:
        hits = base.retriever(mode).retrieve(query, 50)
        keys = [(-hit.score, hit.chunk.id) for hit in hits]
        assert keys == sorted(keys)
        assert len({hit.chunk.id for hit in hits}) == len(hits) <= 50
        assert base.retriever(mode).retrieve(query, 50) == hits
        assert [hit.chunk for hit in base.retriever(mode).retrieve(query, 3)] == [hit.chunk for hit in hits[:3]]
        assert base.retriever(mode).retrieve(query, 0) == []
        assert hits or mode.endswith("close")


@pytest.mark.parametrize(
    ("make", "options", "told"),
    [
        ("no_such_module:Thing", {}, "cannot be imported: No module named 'no_such_module'"),
        ("llama_index_parts:NoSuchClass", {}, "cannot be imported: module 'llama_index_parts' has no attribute"),
        (".llama_index_parts:Fixed", {}, "cannot be imported: .*relative import"),
        ("llama_index_unset:Fixed", {}, "cannot be imported: no 'UNSET_KEY'; install"),
        ("llama_index_parts:NO_MAKER", {}, "is neither a class nor a function"),
        ("llama_index_parts:Fixed", {"wrong": 1}, "cannot be made: .*unexpected keyword argument 'wrong'"),
        ("llama_index_parts:from_folder", {"folder": "x"}, "is no .* of LlamaIndex's"),
    ],
)
def test_a_part_that_cannot_be_had_is_a_wrong_setting(
    folder: Path, make: str, options: dict[str, Any], told: str
) -> None:
    part = {"mine": {"make": make, "options": options}}
    for kind, mode in (("retriever", "mine"), ("postprocessor", "dense+mine")):
        with opened(folder, **{f"{kind}s": part}) as base, pytest.raises(SettingsError, match=told) as raised:
            base.search(QUERY, mode=mode)
        assert str(raised.value).startswith(f'The {kind} "{make}" ({kind}s.mine) ')
        assert "\n" not in str(raised.value)


def test_a_failure_is_told_in_one_sentence(folder: Path) -> None:
    with pytest.raises(UserError, match=r'The retriever "mine" does not answer: Connection refused; see to it'):
        asked(folder, "Fixed", found=[], fails=True)


def test_names_that_are_taken_are_refused(folder: Path) -> None:
    part = RetrieverSettings(make="a:B")
    for wrong, told in (
        ({"retrievers": {"hybrid": part}}, "built in"),
        ({"retrievers": {"a+b": part}}, "holds a +"),
        ({"postprocessors": {"a+b": {"make": "a:B"}}}, "holds a +"),
        ({"retrievers": {"mine": part}, "modes": {"mine": ModeSettings(fuse=("dense",))}}, "mode mine already"),
    ):
        with pytest.raises(ValueError, match=told.replace("+", r"\+")):
            Settings(**wrong)  # type: ignore[arg-type]


def test_a_part_without_a_maker_is_told_with_the_file_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[postprocessors.close]\ndepth = 3\n")
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    assert str(raised.value) == f'The key "postprocessors.close.make" in {file} is missing.'


def test_a_stage_that_there_is_not_is_told(folder: Path) -> None:
    base = opened(folder, postprocessors={"mine": {"make": "a:B"}})
    with base, pytest.raises(UserError, match=r'no stage "magic" of search; choose from .*mine'):
        base.search(QUERY, mode="dense+magic")


def test_a_postprocessor_must_not_hide_a_stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citewell.composition.STAGES", {"mine": lambda *_: None})
    base = opened(folder, postprocessors={"mine": {"make": "a:B"}})
    with base, pytest.raises(SettingsError, match=r"postprocessors\.mine\) is built in"):
        base.search(QUERY, mode="dense+mine")


def test_options_are_kept_when_settings_change_and_written_nowhere() -> None:
    options = {"api_key": "a secret"}
    settings = Settings(
        retrievers={"mine": RetrieverSettings(make="a:B", options=options)},
        postprocessors={"last": PostprocessorSettings(make="a:C", options=options)},
    )
    assert "a secret" not in settings.model_dump_json() + repr(settings)
    other = changed(settings, {"postprocessors.last.depth": 7})
    assert other.retrievers == settings.retrievers
    assert other.postprocessors["last"] == PostprocessorSettings(make="a:C", options=options, depth=7)


def test_the_command_line_searches_by_a_stage_of_the_settings_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        f'[postprocessors.close]\nmake = "{POSTPROCESSORS}:SimilarityPostprocessor"\n'
        "[postprocessors.close.options]\nsimilarity_cutoff = 0.4\n"
    )
    assert load_settings(file).postprocessors["close"].options == {"similarity_cutoff": 0.4}
    options = ["--home", str(folder), "--settings", str(file), "--json"]
    assert main([*options, "search", QUERY, "-k", "100", "--mode", "hybrid+close", "--explain"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows
    assert all(row["stages"]["close"]["score"] == row["stages"]["close > fusion"]["score"] >= 0.4 for row in rows)
