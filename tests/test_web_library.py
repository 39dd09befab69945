"""The Library page's logic: uploads, the queue of ingests, proof of deletion, watched folders, several bases."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep

import pytest
import streamlit as st
from hypothesis import given, strategies
from streamlit.testing.v1 import AppTest

from app.web.library.queue import IngestQueue
from app.web.library.uploads import DEEPEST, LONGEST_NAME, delete_uploads, safe_name, safe_path, save_uploads, to_ingest
from app.web.library.wording import duration, errand_name, progress_line, report_line, short_folder, size
from app.web.literal import in_markdown
from app.web.serving import ENTRY
from app.web.workspace import Workspaces, workspace, workspaces
from citewell import FileReason, IngestReport, KnowledgeBase, Progress
from citewell.bases import delete_base
from citewell.board import Errand
from citewell.home import base_names
from citewell.watched import WatchedFolders, Watching
from kb.errors import Locked, UnknownKnowledgeBase, UserError
from kb.settings import Settings
from kb.store.lock import exclusive

NOTES = "# Lighthouse\n\nThe lighthouse of Mole Point was built in 1871 by Ada Brandt.\n"
TEA = "# Tea\n\nGreen tea is brewed at about eighty degrees.\n"
PATIENCE = 240.0


def wait_until(holds: Callable[[], bool]) -> None:
    until = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < until, "it did not come about"
        sleep(0.05)


@pytest.fixture
def base(home: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(create=True) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    made.mkdir()
    (made / "lighthouse.md").write_text(NOTES)
    (made / "tea.md").write_text(TEA)
    return made


@pytest.fixture
def page(home: Path) -> Iterator[Callable[..., AppTest]]:
    """Opens the Library page, with an address that names a base if one is given."""

    def opened(kb: str = "") -> AppTest:
        app = AppTest.from_file(str(ENTRY), default_timeout=60)
        if kb:
            app.query_params["kb"] = kb
        return app.run().switch_page("views/library.py").run()

    yield opened
    workspaces().close()
    st.cache_resource.clear()


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        (".hidden", "hidden"),
        ("..", "document"),
        ("", "document"),
        ("a\x00b\u202ec.md", "abc.md"),
        ("é" * 300 + ".txt", "é" * 98 + ".txt"),
    ],
)
def test_upload_names_are_plain(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("reports/2024/a.pdf", "reports/2024/a.pdf"),
        ("reports/../../etc/passwd", "reports/etc/passwd"),
        ("..\\x\\boot.ini", "x/boot.ini"),
        ("/etc/passwd", "etc/passwd"),
        ("./.git/./config", "git/config"),
        ("..", "document"),
    ],
)
def test_folders_of_uploads_are_kept_and_lead_nowhere_but_down(given_name: str, kept: str) -> None:
    assert str(safe_path(given_name)) == kept


@given(strategies.text(strategies.one_of(strategies.sampled_from("./\\ a"), strategies.characters())))
def test_an_upload_stays_in_its_folder(name: str) -> None:
    path = safe_path(name)
    assert not path.is_absolute() and 1 <= len(path.parts) <= DEEPEST
    for part in path.parts:
        assert part not in ("", ".", "..") and not part.startswith(".") and "/" not in part
        assert len(os.fsencode(part)) <= LONGEST_NAME


def saved(folder: Path, **files: str) -> list[str]:
    named = [(name.replace("__", "/"), BytesIO(text.encode())) for name, text in files.items()]
    return [str(path.relative_to(folder)) for path in save_uploads(folder, named)]


def test_uploads_of_one_name_are_all_kept(tmp_path: Path) -> None:
    files = [("a.md", BytesIO(b"one")), ("a.md", BytesIO(b"two")), ("x/a.md", BytesIO(b"three"))]
    paths = save_uploads(tmp_path, files)
    assert [str(path.relative_to(tmp_path)) for path in paths] == ["a.md", "a (2).md", "x/a.md"]
    assert [path.read_bytes() for path in paths] == [b"one", b"two", b"three"]
    assert to_ingest(tmp_path, paths) == [tmp_path / "a.md", tmp_path / "a (2).md", tmp_path / "x"]


def test_an_upload_replaces_its_former_self_only_when_it_differs(tmp_path: Path) -> None:
    saved(tmp_path, a="one")
    before = (tmp_path / "a").stat()
    assert saved(tmp_path, a="one") == ["a"]
    assert (tmp_path / "a").stat() == before
    assert saved(tmp_path, a="two") == ["a"]
    assert (tmp_path / "a").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["a"], "nothing half written is left"


def test_a_folder_and_a_file_of_one_name_do_not_meet(tmp_path: Path) -> None:
    assert saved(tmp_path, a="one") == ["a"]
    assert saved(tmp_path, a__b="two") == ["a (2)/b"]
    assert saved(tmp_path, x__b="three") == ["x/b"]
    assert saved(tmp_path, x="four") == ["x (2)"]


def test_a_disk_that_refuses_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="cannot be kept"):
        saved(tmp_path / "uploads", a="one")


def test_uploads_are_deleted_with_folders_that_are_empty_then(tmp_path: Path) -> None:
    uploads, own = tmp_path / "uploads", tmp_path / "own.md"
    own.write_text("mine")
    saved(uploads, x__y__a="one", x__b="two")
    assert delete_uploads(uploads, [str(uploads / "x/y/a"), str(own), str(uploads / "x/gone")]) == 1
    assert own.exists() and [path.name for path in (uploads / "x").iterdir()] == ["b"]
    assert delete_uploads(uploads, [str(uploads / "x/b")]) == 1
    assert list(uploads.iterdir()) == []


def test_what_goes_on_is_said_in_plain_words(tmp_path: Path) -> None:
    progress = Progress("embedding", "/x/a.md", 3, 1200, 1000, 4000, 90, 2.0)
    assert progress_line(progress) == "Indexing · 3 of 1,200 files · 90 passages · 45 passages/s · about 6.0 s left"
    assert progress_line(Progress()) == "Getting ready"
    report = IngestReport(added=2, failed=(FileReason("/x", "why"),), chunks=1, seconds=0.31)
    assert report_line(report) == "Files: 2 added, 1 not readable. 1 new passage, ready to be asked after 0.3 s."
    assert report_line(IngestReport(cancelled=True)).startswith("Stopped; what was done until then stays. ")
    assert [duration(value) for value in (0.44, 61, 200, 9000)] == ["0.4 s", "61 s", "3 min", "2.5 h"]
    assert [size(value) for value in (999, 1200, 123_456)] == ["999 B", "1.2 KB", "123 KB"]
    assert errand_name(Errand("ingest", (f"{tmp_path}/a.md",)), tmp_path) == "Uploaded: a.md"
    assert errand_name(Errand("ingest", ("/x", "/y")), tmp_path) == "2 files and folders"
    assert short_folder("/a/docs/x/b.md", "/a/docs", tmp_path) == "docs/x"
    assert short_folder("/elsewhere/b.md", "/a/docs", tmp_path) == "/elsewhere"
    assert short_folder(f"{tmp_path}/r/b.md", str(tmp_path), tmp_path) == "Uploaded/r"


def test_ingests_that_are_asked_for_meanwhile_wait_for_their_turn(base: KnowledgeBase, folder: Path) -> None:
    queue = IngestQueue(base)
    first = queue.ask([folder / "lighthouse.md"])
    second, third = queue.ask([folder / "tea.md"]), queue.ask([folder])
    assert queue.is_busy and third.job is None
    third.cancel()
    wait_until(lambda: not queue.is_busy)
    assert [one.report.added for one in (first, second) if one.report] == [1, 1]
    assert [outcome.state for outcome in first.outcomes] == ["added"] and first.counts == {"added": 1}
    assert third.report == IngestReport(cancelled=True) and third.job is None
    assert queue.done() == [third, second, first]


def test_an_ingest_that_cannot_be_done_says_why_and_lets_the_next_begin(base: KnowledgeBase, folder: Path) -> None:
    queue = IngestQueue(base)
    gone, there = queue.ask([folder / "nothing.md"]), queue.ask([folder])
    wait_until(lambda: not queue.is_busy)
    assert "does not exist" in gone.problem and gone.report is None
    assert there.report is not None and there.report.added == 2


def test_a_closed_queue_stops_and_takes_no_more(base: KnowledgeBase, folder: Path) -> None:
    queue = IngestQueue(base)
    asked = [queue.ask([folder]), queue.ask([folder])]
    queue.close()
    assert not queue.is_busy and all(one.is_done for one in asked)
    with pytest.raises(UserError, match="closed"):
        queue.ask([folder])


def test_what_waits_when_the_server_ends_can_be_gone_on_with(base: KnowledgeBase, home: Path, folder: Path) -> None:
    queue = IngestQueue(base)
    with exclusive(home / "default" / "writer.lock", wait=5):
        running = queue.ask([folder])
        queue.ask([folder / "tea.md"])
        dropped = queue.ask([folder / "lighthouse.md"])
        assert [note.state for note in base.jobs() if note.errand != running.errand] == ["waiting", "waiting"]
        with pytest.raises(UserError, match="still waiting"):
            base.resume(next(note.id for note in base.jobs() if note.state == "waiting"))
        assert queue.drop(dropped)
    queue.close()
    cut_short = [note for note in base.jobs() if note.errand != running.errand]
    assert [(note.state, note.errand.paths) for note in cut_short] == [("interrupted", (str(folder / "tea.md"),))]
    after = IngestQueue(base)
    taken_up = after.resume(cut_short[0])
    wait_until(lambda: not after.is_busy)
    assert taken_up.report is not None and taken_up.report.added + taken_up.report.unchanged == 1
    assert all(note.errand == running.errand for note in base.jobs())


def test_what_has_not_changed_is_read_again_when_that_is_asked_for(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    (before,) = (row for row in base.documents() if row.name == "tea.md")
    assert base.ingest([folder]).wait().unchanged == 2
    report = base.ingest([folder / "tea.md"], again=True).wait()
    assert (report.updated, report.unchanged) == (1, 0)
    (after,) = (row for row in base.documents() if row.name == "tea.md")
    assert after.ingested > before.ingested and after.chunks == before.chunks
    assert base.verify().consistent


def test_an_interrupted_job_can_be_gone_on_with_or_dismissed(base: KnowledgeBase, folder: Path) -> None:
    queue = IngestQueue(base)
    for go_on in (True, False):
        job = base.ingest([folder], again=True)
        job.cancel()
        job.wait()
        (note,) = base.jobs()
        assert note.state == "interrupted" and note.errand.again
        if go_on:
            resumed = queue.resume(note)
            wait_until(lambda: not queue.is_busy)
            assert resumed.report is not None and not resumed.report.cancelled
            assert resumed.counts.total() == 2
        else:
            base.dismiss(note.id)
        assert base.jobs() == []
    with pytest.raises(UserError, match="There is no job"):
        base.dismiss("nothing")


def test_what_remains_is_counted_before_and_is_nothing_afterwards(base: KnowledgeBase, folder: Path) -> None:
    base.ingest([folder]).wait()
    file = str(folder / "lighthouse.md")
    held = base.catalogue.holdings([file])
    there = base.catalogue.remains(held)
    passages = len(held.passages)
    assert (there.documents, there.passages, there.words, there.searches) == (1, passages, passages, 2)
    assert there.found and not there.are_none
    base.remove([file])
    left = base.catalogue.remains(held)
    assert left.are_none and left.searches == 2
    assert base.search("green tea", 1)[0].chunk.source == str(folder / "tea.md")
    base.ingest([folder]).wait()
    assert not base.catalogue.remains(held).are_none, "it has been added again"


def test_a_copy_elsewhere_is_no_remainder(base: KnowledgeBase, folder: Path) -> None:
    (folder / "copy.md").write_text(NOTES)
    base.ingest([folder]).wait()
    held = base.catalogue.holdings([str(folder / "lighthouse.md")])
    base.remove([str(folder / "lighthouse.md")])
    assert base.catalogue.remains(held).are_none
    assert base.search("Who built the lighthouse?", 1)[0].chunk.source == str(folder / "copy.md")


def test_watched_folders_are_kept_with_the_base_and_taken_up_again(base: KnowledgeBase, folder: Path) -> None:
    watching = Watching(base)
    watching.add(folder)
    wait_until(lambda: base.counts()[0] == 2)
    wait_until(lambda: [watch.state for watch in watching.all()] == ["in step"])
    watching.close()
    (folder / "new.md").write_text("# New\n\nSomething came while nobody watched.\n")
    again = Watching(base)
    assert [watch.folder.path for watch in again.all()] == [str(folder)]
    wait_until(lambda: base.counts()[0] == 3)
    (folder / "new.md").unlink()
    wait_until(lambda: base.counts()[0] == 2)
    (watch,) = again.all()
    again.remove(watch.folder.id)
    assert again.all() == [] and Watching(base).all() == []
    assert base.counts()[0] == 2, "its documents stay"
    again.close()


def test_a_folder_is_watched_by_one_and_taken_over_when_that_ends(base: KnowledgeBase, folder: Path) -> None:
    first = Watching(base)
    first.add(folder)
    wait_until(lambda: base.counts()[0] == 2 and not base.jobs())
    second = Watching(base)
    assert [watch.state for watch in second.all()] == ["elsewhere"]
    first.close()
    wait_until(lambda: [watch.state for watch in second.all()] == ["in step"])
    second.close()


def test_a_watched_folder_that_is_emptied_waits_for_a_word(base: KnowledgeBase, folder: Path) -> None:
    watching = Watching(base)
    watching.add(folder)
    wait_until(lambda: base.counts()[0] == 2 and not base.jobs())
    for file in folder.iterdir():
        file.unlink()
    wait_until(lambda: watching.all()[0].state == "problem")
    (watch,) = watching.all()
    assert watch.would_remove and "Nothing is removed until then" in watch.problem
    assert base.counts()[0] == 2
    watching.close()


def test_a_folder_is_not_watched_twice(base: KnowledgeBase, folder: Path, tmp_path: Path) -> None:
    folders = WatchedFolders(base.folder)
    (folder / "inner").mkdir()
    folders.add(folder)
    refused = {folder: "already", folder / "inner": "already", tmp_path: "stop watching", folder / "x": "There is no"}
    for other, why in refused.items():
        with pytest.raises(UserError, match=why):
            folders.add(other)


def test_a_base_is_opened_once_for_all_who_come_at_the_same_time(home: Path) -> None:
    opened = Workspaces()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: opened.opened(home, "one", Settings(), create=True), range(8)))
    assert len({id(one) for one in found}) == 1
    opened.close()


def test_a_base_is_deleted_whole_and_not_while_somebody_is_at_work_on_it(home: Path, folder: Path) -> None:
    opened = Workspaces()
    two = opened.opened(home, "two", Settings(), create=True)
    two.queue.ask([folder])
    wait_until(lambda: not two.is_ingesting)
    opened.opened(home, "one", Settings(), create=True)
    with exclusive(home / "two" / "writer.lock", wait=0), pytest.raises(Locked):
        opened.delete(home, "two")
    assert base_names(home) == ["one", "two"]
    opened.delete(home, "two")
    assert base_names(home) == ["one"] and [path.name for path in home.iterdir() if "two" in path.name] == []
    assert not [path for path in home.iterdir() if path.name.endswith(".deleted")]
    assert (folder / "tea.md").exists()
    with pytest.raises(UnknownKnowledgeBase):
        opened.opened(home, "two", None, create=False)
    opened.close()


def test_a_base_that_another_process_has_deleted_is_unknown(home: Path) -> None:
    opened = Workspaces()
    opened.opened(home, "one", Settings(), create=True)
    delete_base(home, "one")
    with pytest.raises(UnknownKnowledgeBase):
        opened.opened(home, "one", None, create=False)
    opened.close()


def messages(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(element.value for element in (*app.success, *app.warning, *app.error, *app.info))


def finished(app: AppTest) -> AppTest:
    wait_until(lambda: not workspace().is_ingesting)
    return app.run()


def test_uploads_are_added_and_deleted_with_proof(page: Callable[..., AppTest], home: Path) -> None:
    app = page()
    files = [("lighthouse.md", NOTES.encode(), "text/markdown"), ("tea.md", TEA.encode(), "text/markdown")]
    app.file_uploader[0].set_value(files)
    next(button for button in app.button if button.label == "Add to the library").click().run()
    app = finished(app)
    assert "2 added" in messages(app)
    assert app.dataframe[0].value["Document"].tolist() == ["lighthouse.md", "tea.md"]
    assert set(app.dataframe[0].value["Folder"]) == {"Uploaded"}

    file = home / "default" / "uploads" / "lighthouse.md"
    app.session_state["files-to-delete"] = [str(file)]
    asked = app.run()
    assert any("Delete 1 file with all passages" in text.value for text in asked.markdown)
    deleted = asked.button(key="delete-for-good").click().run()
    told = messages(deleted)
    assert "1 file, 1 document, 1 passage" in told
    assert "no document, no passage, no vector and no word of it is left" in told
    assert "2 searches for its own words found nothing of it" in told
    assert "Uploaded copies deleted from the disk: 1" in told
    assert not file.exists() and deleted.dataframe[0].value["Document"].tolist() == ["tea.md"]


def upload(app: AppTest, **texts: str) -> AppTest:
    app.file_uploader[0].set_value([(f"{name}.md", text.encode(), "text/markdown") for name, text in texts.items()])
    return next(button for button in app.button if button.label == "Add to the library").click().run()


def test_a_waiting_upload_that_is_dropped_leaves_no_copy_that_nothing_needs(
    page: Callable[..., AppTest], home: Path, folder: Path
) -> None:
    app = page()
    uploads = home / "default" / "uploads"
    upload(app, tea=TEA)
    finished(app)
    with exclusive(home / "default" / "writer.lock", wait=5):
        running = workspace().queue.ask([folder])
        wait_until(lambda: running.job is not None)
        upload(app, tea=TEA, mine=NOTES, shared=NOTES)
        upload(app, shared=NOTES)
        app = app.run()
        _, dropped, waiting = workspace().queue.unfinished()
        app = app.button(key=f"drop-{dropped.id}").click().run()
        assert not app.exception
        assert workspace().queue.unfinished() == [running, waiting]
        assert sorted(path.name for path in uploads.iterdir()) == ["shared.md", "tea.md"]
        app.button(key=f"drop-{waiting.id}").click().run()
        assert [path.name for path in uploads.iterdir()] == ["tea.md"]
    finished(app)
    assert running.report is not None and running.report.added == 2


def stopped_upload(app: AppTest, uploads: Path, name: str) -> Path:
    """The copy of a file `name`, of which the ingest was stopped; that of tea.md is in the base."""
    upload(app, tea=TEA)
    finished(app)
    copies = save_uploads(uploads, [(name, BytesIO(NOTES.encode()))])
    job = workspace().base.ingest([*to_ingest(uploads, copies), uploads / "tea.md"], again=True)
    job.cancel()
    job.wait()
    return copies[0]


def test_copies_of_an_upload_that_was_stopped_are_there_until_it_is_dismissed(
    page: Callable[..., AppTest], home: Path
) -> None:
    app, uploads = page(), home / "default" / "uploads"
    copy = stopped_upload(app, uploads, "reports/2024/notes.md")
    (note,) = workspace().base.jobs()
    app = app.run()
    assert copy.exists()
    app = app.button(key=f"dismiss-{note.id}").click().run()
    assert not app.exception and workspace().base.jobs() == []
    assert [path.name for path in uploads.iterdir()] == ["tea.md"]


def test_copies_of_a_job_that_is_forgotten_with_a_deleted_document_go_too(
    page: Callable[..., AppTest], home: Path
) -> None:
    app, uploads = page(), home / "default" / "uploads"
    stopped_upload(app, uploads, "notes.md")
    app.session_state["files-to-delete"] = [str(uploads / "tea.md")]
    app.run().button(key="delete-for-good").click().run()
    assert workspace().base.jobs() == [] and list(uploads.iterdir()) == []


@pytest.mark.parametrize("is_folder_gone", [False, True], ids=["emptied", "gone"])
def test_a_watched_folder_that_is_empty_names_the_button_and_not_a_command(
    page: Callable[..., AppTest], folder: Path, is_folder_gone: bool
) -> None:
    app, watching = page(), workspace().watching
    watching.add(folder)
    wait_until(lambda: workspace().base.counts()[0] == 2 and not workspace().base.jobs())
    for file in folder.iterdir():
        file.unlink()
    if is_folder_gone:
        folder.rmdir()
    wait_until(lambda: watching.all()[0].would_remove)
    app = app.run()
    app.session_state["library-watched"] = True
    app = app.run()
    assert 'press "Remove what is gone" to remove' in plain(messages(app)) and "--yes" not in plain(messages(app))
    app.button(key=f"watch-confirm-{watching.all()[0].folder.id}").click().run()
    wait_until(lambda: workspace().base.counts()[0] == 0)


def plain(markdown: str) -> str:
    return markdown.replace("\\", "")


def test_a_file_that_cannot_be_read_says_why_and_can_be_tried_again(page: Callable[..., AppTest], folder: Path) -> None:
    broken = folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 nothing")
    app = page()
    app.text_input[0].set_value(str(broken))
    next(button for button in app.button if button.label == "Add to the library").click().run()
    app = finished(app)
    assert "1 not readable" in messages(app)
    reasons = [element.proto.body for element in app.get("html") if "<ul" in element.proto.body]
    assert len(reasons) == 1 and workspace().base.documents()[0].reason[:20] in reasons[0]
    broken.write_text("no PDF at all, but text")
    os.utime(broken, (1, 1))
    app.button(key="unread-again").click().run()
    assert workspace().queue.unfinished() or workspace().queue.done()


def test_words_narrow_the_table(page: Callable[..., AppTest], folder: Path) -> None:
    app = page()
    workspace().base.ingest([folder]).wait()
    app = app.run()
    assert len(app.dataframe[0].value) == 2
    narrowed = app.text_input(key="library-words").set_value("LIGHT").run()
    assert narrowed.dataframe[0].value["Document"].tolist() == ["lighthouse.md"]
    none = narrowed.text_input(key="library-words").set_value("nothing of the kind").run()
    assert not none.dataframe and not none.exception


def test_a_watched_folder_is_added_on_the_page_and_stopped(page: Callable[..., AppTest], folder: Path) -> None:
    app = page()
    app.text_input[0].set_value(str(folder))
    app.checkbox[0].check()
    next(button for button in app.button if button.label == "Add to the library").click().run()
    wait_until(lambda: workspace().base.counts()[0] == 2)
    app.session_state["library-watched"] = True
    (watch,) = workspace().watching.all()
    app.run().button(key=f"watch-stop-{watch.folder.id}").click().run()
    assert workspace().watching.all() == [] and workspace().base.counts()[0] == 2


def test_a_second_base_is_made_kept_in_the_address_and_not_mixed(page: Callable[..., AppTest], folder: Path) -> None:
    app = page()
    workspace().base.ingest([folder]).wait()
    app.session_state["library-bases"] = True
    app = app.run()
    next(box for box in app.text_input if box.label.startswith("Name of a new")).set_value("second")
    app = next(button for button in app.button if button.label == "Make it").click().run()
    assert "second is made" in messages(app)
    assert app.query_params["kb"] == "second" and not app.dataframe
    assert app.selectbox[0].value == "second" and app.selectbox[0].options == ["default", "second"]
    back = app.selectbox[0].set_value("default").run()
    assert len(back.dataframe[0].value) == 2 and "kb" not in back.query_params


def test_a_base_is_deleted_only_under_its_own_name(page: Callable[..., AppTest], home: Path) -> None:
    with KnowledgeBase.open("second", home=home, create=True):
        pass
    app = page("second")
    for typed, names in (("secon", ["default", "second"]), ("second", ["default"])):
        app.session_state["library-bases"] = True
        app = app.run()
        app.text_input(key="delete-base-second").set_value(typed)
        app = next(button for button in app.button if button.label == "Delete this knowledge base").click().run()
        assert ("Nothing was deleted" in messages(app)) == (typed != "second")
        wait_until(lambda expected=names: set(base_names(home)) | {"default"} == set(expected))
    assert in_markdown("second") + " is deleted" in messages(app)
    assert "kb" not in app.query_params


@pytest.mark.parametrize("name", ["nothing", "../x", "a b"])
def test_an_address_that_names_no_base_is_one_sentence_and_makes_none(
    page: Callable[..., AppTest], home: Path, name: str
) -> None:
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    app.query_params["kb"] = name
    app = app.run()
    assert not app.exception and len(app.error) == 1
    assert in_markdown(name) in app.error[0].value
    assert base_names(home) == [] and not (home / "nothing").exists()
    assert app.selectbox[0].options == ["default"]
