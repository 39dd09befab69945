"""What an ingest does with a folder that changes: each file ends in a state, and the base agrees with the folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from citewell import IngestReport, KnowledgeBase, Settings
from kb.errors import StoreError, UserError
from kb.settings import IngestSettings

WALRUS = "# Walrus\n\nThe tusks of a walrus grow to about one metre in length.\n"
FAILING = '''
import errno
import time
from pathlib import Path
from types import SimpleNamespace
from ingest.readers.source_file import Refusal, make_document


class Flaky:
    def load_data(self, file):
        if (Path(__file__).parent.parent / "fails").exists():
            raise OSError(errno.EIO, "Input/output error")
        return [SimpleNamespace(text=file.read_text(), metadata={})]


class Nothing:
    def load_data(self, file):
        return []


class Pages:
    """Two documents, of the first of which a page is missing unless `whole` is there; waits while `waits` is."""

    def read(self, file):
        there = Path(__file__).parent.parent
        yield file.part("b.txt", file.read())
        while (there / "waits").exists():
            time.sleep(0.1)
            file.step()
        page, whole = file.part("a.txt", b"The same."), (there / "whole").exists()
        yield make_document(page, text="First page." + whole * " Second page.", title="", media_type="text/plain")
        if not whole:
            yield Refusal(f"{page.source}#page 2", "Page 2 is left out.")
'''
STEAM = "# Steam\n\nJames Watt patented the separate condenser in 1769.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "deep").mkdir(parents=True)
    (folder / "walrus.md").write_text(WALRUS)
    (folder / "deep" / "steam.md").write_text(STEAM)
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as opened:
        yield opened


def states(report: IngestReport) -> dict[str, int]:
    counts = {name: getattr(report, name) for name in ("added", "updated", "unchanged", "moved", "removed")} | {
        "skipped": len(report.skipped),
        "failed": len(report.failed),
    }
    return {name: count for name, count in counts.items() if count}


def names(base: KnowledgeBase) -> list[str]:
    return [row.name for row in base.documents() if row.state == "ready"]


def found(base: KnowledgeBase, query: str) -> list[str]:
    return [hit.chunk.text for hit in base.search(query, 10, mode="lexical")]


def test_new_files_are_added_and_unchanged_ones_are_not_read_again(base: KnowledgeBase, folder: Path) -> None:
    report = base.ingest([folder]).wait()
    assert states(report) == {"added": 2}
    assert (report.documents, report.chunks) == (2, 2)
    assert names(base) == ["deep/steam.md", "walrus.md"]
    again = base.ingest([folder]).wait()
    assert states(again) == {"unchanged": 2}
    assert (again.documents, again.chunks) == (0, 0)
    assert base.verify().consistent


def test_a_run_that_finds_nothing_new_loads_no_model(base: KnowledgeBase, folder: Path, tmp_path: Path) -> None:
    base.ingest([folder]).wait()
    script = (
        "import sys; from pathlib import Path; from citewell import KnowledgeBase\n"
        f"with KnowledgeBase.open(home=Path({str(tmp_path / 'home')!r})) as base:\n"
        f"    print(base.ingest([{str(folder)!r}]).wait().unchanged, {{'chromadb', 'openvino'}} & sys.modules.keys())"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output == "2 set()\n"


def test_chroma_is_loaded_meanwhile_where_a_first_generation_will_be_published(
    base: KnowledgeBase, folder: Path, tmp_path: Path
) -> None:
    script = (
        "import sys, threading; from pathlib import Path; from kb.store.store import Store\n"
        f"store = Store.open(Path({str(tmp_path / 'home' / 'default')!r}), create=False)\n"
        "store.prepare_publishing()\n"
        "for each in threading.enumerate():\n"
        "    each is threading.main_thread() or each.join()\n"
        "print('chromadb' in sys.modules)"
    )
    command = [sys.executable, "-c", script]
    outputs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout]
    base.ingest([folder]).wait()
    outputs.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert outputs == ["True\n", "False\n"]


def test_a_file_that_was_only_touched_is_unchanged(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    os.utime(folder / "walrus.md", (1, 1))
    assert states(base.ingest([folder]).wait()) == {"unchanged": 2}


def test_a_changed_file_replaces_what_it_was(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    (folder / "walrus.md").write_text(WALRUS.replace("one metre", "forty inches"))
    assert states(base.ingest([folder]).wait()) == {"updated": 1, "unchanged": 1}
    assert found(base, "metre") == []
    assert len(found(base, "forty inches")) == 1
    assert base.verify().consistent


def test_a_moved_file_is_moved_and_not_embedded_again(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    embeddings = base.status().embeddings
    (folder / "walrus.md").rename(folder / "deep" / "walrus.md")
    assert states(base.ingest([folder]).wait()) == {"moved": 1, "unchanged": 1}
    assert names(base) == ["deep/steam.md", "deep/walrus.md"]
    assert base.status().embeddings == embeddings
    assert base.verify().consistent


def test_a_copy_is_a_document_of_its_own_that_shares_its_vectors(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    shutil.copy(folder / "walrus.md", folder / "copy.md")
    assert states(base.ingest([folder]).wait()) == {"added": 1, "unchanged": 2}
    assert len(found(base, "tusks")) == 2
    status = base.status()
    assert (status.documents, status.chunks, status.embeddings) == (3, 3, 2)


def test_the_same_file_reached_by_another_way_is_one_document(
    base: KnowledgeBase, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.ingest([folder]).wait()
    monkeypatch.chdir(folder / "deep")
    (folder / "link.md").symlink_to(folder / "walrus.md")
    assert states(base.ingest(["steam.md", "../walrus.md", "../link.md"]).wait()) == {"unchanged": 2}


def test_what_cannot_be_read_fails_alone_and_with_a_reason(base: KnowledgeBase, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of a PDF follows")
    (folder / "empty.txt").write_text(" \n")
    (folder / "tune.mid").write_bytes(b"MThd\x00\x00\x00\x06")
    report = base.ingest([folder]).wait()
    assert states(report) == {"added": 2, "skipped": 2, "failed": 1}
    reasons = {Path(entry.source).name: entry.reason for entry in (*report.failed, *report.skipped)}
    assert "damaged" in reasons["broken.pdf"]
    assert "no text" in reasons["empty.txt"]
    assert "a sound recording" in reasons["tune.mid"]
    rows = {row.name: row for row in base.documents() if row.state != "ready"}
    assert {name: row.reason for name, row in rows.items()} == reasons
    assert [rows[name].state for name in sorted(rows)] == ["failed", "skipped", "skipped"]


def test_a_file_that_cannot_be_read_any_more_is_not_answered_from(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    (folder / "walrus.md").write_text("\n")
    assert states(base.ingest([folder]).wait()) == {"skipped": 1, "unchanged": 1}
    assert found(base, "tusks") == []
    (folder / "walrus.md").write_text(WALRUS)
    assert states(base.ingest([folder]).wait()) == {"added": 1, "unchanged": 1}
    assert len(found(base, "tusks")) == 1
    assert base.verify().consistent


def test_records_of_a_container_are_documents_that_change_one_by_one(base: KnowledgeBase, folder: Path) -> None:
    path = folder / "records.jsonl"
    records = {name: f"Record {name} tells of the {name} bird." for name in ("heron", "stork", "crane")}

    def write() -> None:
        path.write_text("".join(json.dumps({"_id": name, "text": text}) + "\n" for name, text in records.items()))

    write()
    assert base.ingest([path]).wait().documents == 3
    records["stork"] = "Record stork tells of something else."
    del records["crane"]
    records["ibis"] = "Record ibis tells of the ibis bird."
    write()
    report = base.ingest([path]).wait()
    assert states(report) == {"updated": 1}
    assert report.documents == 2
    assert names(base) == [f"records.jsonl#{name}" for name in ("heron", "ibis", "stork")]
    path.write_text(path.read_text() + "not json\n")
    assert states(base.ingest([path]).wait()) == {"failed": 1}
    assert names(base) == []
    assert base.verify().consistent


def test_sync_removes_what_is_gone_and_nothing_beside_it(base: KnowledgeBase, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere.md"
    other.write_text("# Elsewhere\n\nA document outside of the folder stays.\n")
    base.ingest([folder, other]).wait()
    (folder / "walrus.md").unlink()
    assert states(base.ingest([folder]).wait()) == {"unchanged": 1}
    assert states(base.ingest([folder], sync=True).wait()) == {"unchanged": 1, "removed": 1}
    assert names(base) == ["deep/steam.md", "elsewhere.md"]


def test_sync_asks_before_it_removes_much(base: KnowledgeBase, folder: Path) -> None:
    (folder / "third.md").write_text("# Third\n\nThree is a crowd.\n")
    base.ingest([folder]).wait()
    for name in ("walrus.md", "third.md"):
        (folder / name).unlink()
    with pytest.raises(UserError, match="2 of 3 files"):
        base.ingest([folder], sync=True).wait()
    shutil.rmtree(folder / "deep")
    with pytest.raises(UserError, match="--yes"):
        base.ingest([folder], sync=True).wait()
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="does not exist"):
        base.ingest([folder], sync=True).wait()
    assert len(names(base)) == 3
    assert states(base.ingest([folder], sync=True, confirmed=True).wait()) == {"removed": 3}
    assert base.verify().consistent


def test_a_missing_path_is_refused(base: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere does not exist"):
        base.ingest([tmp_path / "nowhere"]).wait()


def test_a_cancelled_ingest_keeps_whole_documents_and_goes_on_later(
    base: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.pipeline.BATCH_CHUNKS", 4)
    many = tmp_path / "many"
    many.mkdir()
    for number in range(40):
        (many / f"{number:02}.md").write_text(f"# Report {number}\n\nReport number {number} tells of topic {number}.\n")
    job = base.ingest([many])
    while job.progress.chunks < 8:
        assert not job.is_done
    job.cancel()
    report = job.wait()
    assert report.cancelled
    assert 8 <= report.added == len(names(base)) < 40
    assert base.verify().consistent
    rest = base.ingest([many]).wait()
    assert (rest.added, rest.unchanged) == (40 - report.added, report.added)


def test_a_file_moved_under_sync_is_moved_once_and_not_embedded_again(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    with base._store.manifest.snapshot() as snapshot:
        before = snapshot.last_embedding()
    (folder / "walrus.md").rename(folder / "deep" / "walrus.md")
    assert states(base.ingest([folder], sync=True).wait()) == {"moved": 1, "unchanged": 1}
    with base._store.manifest.snapshot() as snapshot:
        assert snapshot.last_embedding() == before


def test_sync_looks_at_each_folder_by_itself(base: KnowledgeBase, folder: Path, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.mkdir()
    for number in range(5):
        (big / f"{number}.md").write_text(f"# Big {number}\n\nA file of the other folder, number {number}.\n")
    (folder / "third.md").write_text("# Third\n\nThree is a crowd.\n")
    base.ingest([folder, big]).wait()
    (folder / "third.md").unlink()
    (folder / "walrus.md").unlink()
    with pytest.raises(UserError, match=f"2 of 3 files of {folder}"):
        base.ingest([folder, big], sync=True).wait()


def test_a_folder_that_cannot_be_looked_at_is_not_gone(
    base: KnowledgeBase, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.ingest([folder]).wait()
    look = os.scandir

    def refusing(path: str | Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", refusing)
    report = base.ingest([folder], sync=True).wait()
    assert states(report) == {"unchanged": 1, "failed": 1}
    assert "Permission denied" in report.failed[0].reason
    assert names(base) == ["deep/steam.md", "walrus.md"]


def test_names_that_are_no_text_fail_alone(base: KnowledgeBase, folder: Path) -> None:
    Path(os.fsdecode(bytes(folder) + b"/\xff.md")).write_text("# Odd\n\nA name in another encoding.\n")
    (folder / "odd.jsonl").write_text('{"id": "\\ud800", "text": "A record with half a character for a name."}\n')
    report = base.ingest([folder]).wait()
    assert states(report) == {"added": 3, "failed": 1}
    assert "rename it" in report.failed[0].reason


def test_a_broken_container_fails_alone(base: KnowledgeBase, folder: Path) -> None:
    (folder / "hostile.docx").write_bytes(b"PK\x03\x04" + b"\xff" * 60)
    assert states(base.ingest([folder]).wait()) == {"added": 2, "failed": 1}


def test_trouble_with_the_store_is_not_blamed_on_a_file(
    base: KnowledgeBase, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.ingest([folder]).wait()
    (folder / "walrus.md").write_text(WALRUS.replace("one metre", "forty inches"))

    def full(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="is full; make room"):
        patch.setattr("kb.store.lexical.LexicalIndex.write", full)
        base.ingest([folder]).wait()
    assert len(found(base, "metre")) == 1
    assert states(base.ingest([folder]).wait()) == {"updated": 1, "unchanged": 1}
    assert len(found(base, "forty inches")) == 1
    assert base.verify().consistent


def test_a_file_of_a_known_folder_keeps_its_name_there(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    (folder / "deep" / "steam.md").write_text(STEAM + "\nMore of it.\n")
    base.ingest([folder / "deep" / "steam.md"]).wait()
    assert names(base) == ["deep/steam.md", "walrus.md"]
    assert base.display_name(str(folder / "deep" / "steam.md")) == "deep/steam.md"


def test_remove_takes_only_what_was_meant(
    base: KnowledgeBase, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "walrus.md").write_text(WALRUS + "\nAnother one.\n")
    (other / "records.jsonl").write_text('{"_id": "1", "text": "One record."}\n{"_id": "2", "text": "Two records."}\n')
    base.ingest([folder, other]).wait()
    with pytest.raises(UserError, match="empty"):
        base.remove([""])
    with pytest.raises(UserError, match="names several"):
        base.remove(["walrus.md"])
    with pytest.raises(UserError, match=r"part of .*records\.jsonl"):
        base.remove(["records.jsonl#1"])
    monkeypatch.chdir(other)
    assert base.remove(["walrus.md"]).removed == 1
    assert sorted(names(base)) == ["deep/steam.md", "records.jsonl#1", "records.jsonl#2", "walrus.md"]
    assert len(found(base, "Another")) == 0


def test_removing_a_document_removes_it_from_every_mode(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    with pytest.raises(UserError, match="citewell list"):
        base.remove(["walrus.md", "nothing.md"])
    report = base.remove(["walrus.md"])
    assert (report.removed, report.documents, report.chunks) == (1, 1, 1)
    for mode in ("dense", "lexical", "hybrid"):
        assert all("walrus" not in hit.chunk.text for hit in base.search("walrus tusks", 10, mode=mode))
    assert names(base) == ["deep/steam.md"]
    assert base.verify().consistent
    assert base.remove([str(folder)]).removed == 1
    assert names(base) == []


def test_indexes_are_rebuilt_without_the_sources(base: KnowledgeBase, folder: Path, tmp_path: Path) -> None:
    base.ingest([folder]).wait()
    shutil.rmtree(folder)
    before = base.search("condenser", 2)
    for entry in (tmp_path / "home" / "default").glob("lexical-*/*.term"):
        entry.unlink()
    verification = base.verify(repair=True)
    assert verification.repaired
    assert verification.consistent
    assert base.search("condenser", 2) == before


def test_a_file_whose_name_is_that_of_an_attachment_keeps_it(base: KnowledgeBase, folder: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Herons"
    mail.set_content("See the attached list.")
    mail.add_attachment("A heron was seen.", filename="list.txt")
    (folder / "a.eml").write_bytes(mail.as_bytes())
    assert states(base.ingest([folder]).wait()) == {"added": 3}
    (folder / "a.eml#list.txt").write_text("A stork was seen.\n")
    assert states(base.ingest([folder]).wait()) == {"added": 1, "unchanged": 3}
    assert found(base, "seen") == ["A stork was seen."]
    refused = [row.reason for row in base.documents() if row.state == "failed"]
    assert refused == ["a.eml#list.txt is also the name of another file; rename one."]
    (folder / "a.eml").write_bytes(mail.as_bytes() + b"\n")
    assert states(base.ingest([folder]).wait()) == {"updated": 1, "unchanged": 3}
    assert found(base, "seen") == ["A stork was seen."]
    assert base.verify().consistent


def test_documents_of_one_name_in_a_file_are_told_apart(base: KnowledgeBase, folder: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Herons"
    mail.set_content("See the attached lists.")
    mail.add_attachment('{"_id": "1.txt", "text": "A heron was seen."}\n', filename="list.jsonl")
    mail.add_attachment("A stork was seen.", filename="list.jsonl#1.txt")
    (folder / "a.eml").write_bytes(mail.as_bytes())
    base.ingest([folder]).wait()
    assert sorted(found(base, "seen")) == ["A heron was seen.", "A stork was seen."]


def test_odd_links_and_times_spoil_nothing(base: KnowledgeBase, folder: Path) -> None:
    (folder / "loop.md").symlink_to(folder / "loop.md")
    os.utime(folder / "walrus.md", (10**11, 10**11))
    report = base.ingest([folder]).wait()
    assert states(report) == {"added": 2, "failed": 1}
    assert report.failed[0].reason == "It is a link that leads back to itself."
    assert states(base.ingest([folder]).wait()) == {"unchanged": 2, "failed": 1}


def test_a_file_reached_by_a_link_goes_with_the_link(base: KnowledgeBase, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "otter.md").write_text("Otters hold hands.\n")
    for number in range(3):
        (folder / f"note{number}.md").write_text(f"Note {number}.\n")
    (folder / "link.md").symlink_to(tmp_path / "otter.md")
    base.ingest([folder]).wait()
    (folder / "link.md").unlink()
    assert states(base.ingest([folder], sync=True).wait()) == {"unchanged": 5, "removed": 1}
    assert found(base, "otters") == []


def test_a_folder_that_was_renamed_is_moved_without_asking(base: KnowledgeBase, folder: Path) -> None:
    for number in range(4):
        (folder / "deep" / f"note{number}.md").write_text(f"Note {number}.\n")
    base.ingest([folder]).wait()
    (folder / "deep").rename(folder / "deeper")
    assert states(base.ingest([folder], sync=True).wait()) == {"unchanged": 1, "moved": 5}


def test_knowledge_bases_are_no_documents(folder: Path) -> None:
    with KnowledgeBase.open(home=folder / "bases", create=True) as base:
        base.ingest([folder]).wait()
        assert states(base.ingest([folder], sync=True).wait()) == {"unchanged": 2}
        assert [row.name for row in base.documents()] == ["deep/steam.md", "walrus.md"]


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IngestSettings:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "failing_reader.py").write_text(FAILING)
    monkeypatch.syspath_prepend(modules)
    names = {".flaky": "Flaky", ".none": "Nothing", ".pages": "Pages"}
    return IngestSettings(readers={suffix: f"failing_reader:{name}" for suffix, name in names.items()})


def test_a_rereading_that_is_cut_short_forgets_no_page_that_is_missing(
    folder: Path, tmp_path: Path, odd: IngestSettings
) -> None:
    (folder / "m.pages").write_text("Other words.")
    with KnowledgeBase.open(settings=Settings(ingest=odd), create=True) as base:
        assert [entry.reason for entry in base.ingest([folder]).wait().failed] == ["Page 2 is left out."]
    for flag in ("whole", "waits"):
        (tmp_path / flag).touch()
    (folder / "m.pages").write_text("Words that are new.")
    with KnowledgeBase.open(settings=Settings(ingest=odd.model_copy(update={"pages": 77}))) as base:
        job = base.ingest([folder])
        until = time.monotonic() + 60
        while not found(base, "new"):
            assert time.monotonic() < until, "nothing of it was committed"
            time.sleep(0.1)
        job.cancel()
        job.wait()
        (tmp_path / "waits").unlink()
        assert base.ingest([folder]).wait().failed == ()
        assert found(base, "second") == ["First page. Second page."]


def test_a_file_that_was_moved_is_read_where_that_might_help(folder: Path, tmp_path: Path, odd: IngestSettings) -> None:
    (folder / "m.pages").write_text("Other words.")
    (folder / "title.txt").write_text("# Title\n\nWords.\n")
    with KnowledgeBase.open(settings=Settings(ingest=odd), create=True) as base:
        base.ingest([folder]).wait()
    (tmp_path / "whole").touch()
    (folder / "m.pages").rename(folder / "n.pages")
    (folder / "title.txt").rename(folder / "title.md")
    with KnowledgeBase.open(settings=Settings(ingest=odd.model_copy(update={"pages": 77}))) as base:
        report = base.ingest([folder], sync=True).wait()
        assert (report.moved, report.added) == (0, 2)
        assert found(base, "second") == ["First page. Second page."]
        [title] = [row for row in base.documents() if row.name == "title.md"]
        assert title.media_type == "text/markdown"


def test_a_disk_that_fails_takes_nothing_away(folder: Path, tmp_path: Path, odd: IngestSettings) -> None:
    settings = Settings(ingest=odd)
    (folder / "a.flaky").write_text("A heron was seen.")
    (folder / "b.none").write_text("Words.")
    with KnowledgeBase.open(settings=settings, create=True) as base:
        report = base.ingest([folder]).wait()
        assert [entry.reason for entry in report.skipped] == ["b.none holds no text."]
        (folder / "a.flaky").write_text("A stork was seen.")
        (tmp_path / "fails").touch()
        failed = base.ingest([folder]).wait().failed
        assert [entry.reason for entry in failed] == ["a.flaky cannot be read: Input/output error."]
        assert found(base, "heron") == ["A heron was seen."]
        (tmp_path / "fails").unlink()
        assert states(base.ingest([folder]).wait())["updated"] == 1
        assert found(base, "seen") == ["A stork was seen."]
