"""The list of documents: what SQLite finds, orders and cuts into pages is what the same done by hand gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from citewell import KnowledgeBase
from citewell.listing import ListedDocument
from citewell.status import DocumentRow
from kb.store.listing import Order, Wanted

ORDERS: dict[Order, Any] = {
    "name": lambda row: row.name.casefold(),
    "state": lambda row: row.state,
    "type": lambda row: row.media_type,
    "bytes": lambda row: row.bytes,
    "passages": lambda row: row.passages,
    "ingested": lambda row: row.ingested,
    "modified": lambda row: row.changed,
}
WORDS = ("tea", "TEA", "maße", "MASSE", "a", "md", "log", "%", "_", "#", "ordner/", "über")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """Documents of several kinds and folders, a file that cannot be read, one that is not, a message with parts."""
    folder = tmp_path_factory.mktemp("Documents")
    (folder / "Ordner").mkdir()
    names = ("Tea.md", "tea log.txt", "Ordner/tea.md", "Ordner/Maße.md", "ÜBER_100%.txt", "b.md")
    for number, name in enumerate(names):
        text = "Green tea is brewed gently. " * (1 + 90 * number)
        (folder / name).write_text(f"# The tea of cup {number}\n\n{text}")
    (folder / "Ordner" / "table.csv").write_text("cup,degrees\na,80\nb,90\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (folder / "Tea.bin").write_bytes(bytes(range(256)))
    (folder / "letter.eml").write_text(
        "From: a@example.org\nSubject: Tea\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Type: text/plain\n\nThe tea is here.\n"
        "--x\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=broken.pdf\n\n%PDF-1.4 nothing\n"
        "--x--\n"
    )
    with KnowledgeBase.open(home=tmp_path_factory.mktemp("home"), create=True) as opened:
        opened.ingest([folder]).wait()
        opened.ingest([folder / "Ordner" / "Maße.md"], again=True).wait()
        yield opened


def by_hand(rows: list[ListedDocument], wanted: Wanted) -> list[ListedDocument]:
    found = [
        row
        for row in rows
        if all(word in row.name.casefold() or word in row.title.casefold() for word in wanted.words.casefold().split())
        and (not wanted.states or row.state in wanted.states)
        and (not wanted.media_types or row.media_type in wanted.media_types)
    ]
    found.sort(key=lambda row: (row.source, row.file))
    return sorted(found, key=ORDERS[wanted.order], reverse=wanted.descending)


@given(strategies.data())
@settings(max_examples=200, deadline=None)
def test_a_page_is_that_of_the_whole_list_made_by_hand(base: KnowledgeBase, data: strategies.DataObject) -> None:
    everything = list(base.catalogue.page(Wanted(limit=1000)).rows)
    kinds = base.catalogue.kinds()
    wanted = Wanted(
        words=" ".join(data.draw(strategies.lists(strategies.sampled_from(WORDS), max_size=2))),
        states=tuple(data.draw(strategies.sets(strategies.sampled_from(sorted(kinds.states))))),
        media_types=tuple(data.draw(strategies.sets(strategies.sampled_from(kinds.media_types)))),
        order=data.draw(strategies.sampled_from(sorted(ORDERS))),
        offset=data.draw(strategies.integers(0, 12)),
        limit=data.draw(strategies.integers(1, 12)),
    )
    expected = by_hand(everything, wanted)
    page = base.catalogue.page(wanted)
    assert page.total == len(expected)
    assert list(page.rows) == expected[wanted.offset : wanted.offset + wanted.limit]


def _facts(row: ListedDocument | DocumentRow, passages: int) -> tuple[object, ...]:
    return row.source, row.file, row.name, row.title, row.state, row.reason, row.media_type, passages, row.bytes


def test_the_whole_list_is_what_the_base_holds(base: KnowledgeBase) -> None:
    page = base.catalogue.page(Wanted(limit=1000))
    listed = {_facts(row, row.passages) for row in page.rows}
    assert listed == {_facts(row, row.chunks) for row in base.documents()}
    assert page.total == len(base.documents()) == sum(base.catalogue.kinds().states.values())
    assert {row.state for row in page.rows} == {"ready", "failed", "skipped"}


def test_the_other_way_round_is_the_same_list_reversed_but_for_ties(base: KnowledgeBase) -> None:
    sizes = [row.bytes for row in base.catalogue.page(Wanted(order="bytes", descending=True, limit=1000)).rows]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) > 5


def test_a_document_is_dated_by_its_file(base: KnowledgeBase) -> None:
    (row,) = base.catalogue.page(Wanted(words="maße")).rows
    assert row.changed == datetime.fromtimestamp(Path(row.file).stat().st_mtime_ns / 1e9, UTC)
    assert timedelta(0) <= datetime.now(UTC) - row.ingested < timedelta(hours=1)


def test_files_below_a_folder_are_those_in_it_and_no_others(base: KnowledgeBase) -> None:
    (folder,) = {str(Path(row.file).parent) for row in base.catalogue.page(Wanted(words="ordner/")).rows}
    assert [Path(file).name for file in base.catalogue.below(folder)] == ["Maße.md", "table.csv", "tea.md"]
    assert base.catalogue.below(folder[:-1]) == []
    assert base.catalogue.below(f"{folder}/tea.md") == [f"{folder}/tea.md"]


def test_the_list_follows_every_change(base: KnowledgeBase, tmp_path: Path) -> None:
    wanted = Wanted(words="new cup")
    assert base.catalogue.page(wanted).total == 0
    (tmp_path / "new cup.md").write_text("A new cup.\n")
    base.ingest([tmp_path]).wait()
    assert [row.name for row in base.catalogue.page(wanted).rows] == ["new cup.md"]
    base.remove([str(tmp_path / "new cup.md")])
    assert base.catalogue.page(wanted).total == 0
