"""The file of conversations: what is kept, what is not lost, and what happens when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tui.history.failures import Fault, HistoryError
from tui.history.place import history_file
from tui.history.schema import STEPS, upgrade
from tui.history.store import KEPT_DELETED, Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "conversations.sqlite3"


@pytest.fixture
def store(path: Path) -> Store:
    with Store(path) as opened:
        yield opened


def fill(store: Store, *questions: str, at: float = 100.0) -> int:
    """A conversation of questions, each answered."""
    conversation: int | None = None
    for question in questions:
        conversation, turn = store.ask(conversation, question, at)
        store.settle(turn, '{"answer": "x"}', f"答：{question}", [f"引：{question}"], at + 1)
    assert conversation is not None
    return conversation


# ------------------------------------------------------------------------------------------------------------- keeping


def test_a_conversation_is_kept_turn_by_turn(store: Store, path: Path) -> None:
    first, turn = store.ask(None, "渡轮几点开？", 10.0)
    with Store(path) as other:  # what another program would see right now
        assert [(kept.title, kept.turns) for kept in other.conversations()] == [("渡轮几点开？", 1)]
        assert [(kept.question, kept.asked, kept.reply) for kept in other.turns(first)] == [
            ("渡轮几点开？", 10.0, None)
        ]
        store.settle(turn, '{"answered": true}', "七点。", ["七点开"], 12.0)
        assert store.ask(first, "票价呢？", 20.0)[0] == first
        assert [kept.reply for kept in other.turns(first)] == ['{"answered": true}', None]
        assert other.conversations()[0].updated == 20.0


def test_the_newest_comes_first_and_asking_again_makes_it_new(store: Store) -> None:
    old, new = fill(store, "一", at=1), fill(store, "二", at=50)
    assert [kept.id for kept in store.conversations()] == [new, old]
    store.ask(old, "三", 90)
    assert [kept.id for kept in store.conversations()] == [old, new]


def test_a_title_is_the_first_question_until_it_is_renamed(store: Store) -> None:
    conversation = fill(store, "渡轮几点开？", "票价呢？")
    store.rename(conversation, "  渡轮的\n一切 ")
    assert store.conversations()[0].title == "渡轮的 一切"
    store.rename(conversation, "  ")
    assert store.conversations()[0].title == "渡轮几点开？"


def test_a_question_that_was_left_unanswered_is_the_same_when_it_is_asked_again(store: Store) -> None:
    conversation, _ = store.ask(None, "渡轮几点开？", 1.0)
    again, turn = store.ask(conversation, "渡轮几点开？", 5.0)
    assert again == conversation
    assert [kept.id for kept in store.turns(conversation)] == [turn]
    store.settle(turn, "{}", "七点。", [], 6.0)
    store.ask(conversation, "渡轮几点开？", 7.0)  # an answered one may be asked twice
    assert len(store.turns(conversation)) == 2


def test_halves_of_characters_do_no_harm(store: Store) -> None:
    conversation, turn = store.ask(None, "坏\ud83d字", 1.0)
    store.settle(turn, '{"answer": "\ud83d"}', "\udc00", ["\ud83d"], 2.0)
    store.rename(conversation, "名\ud83d")
    assert store.turns(conversation)[0].question == "坏?字"
    assert store.conversations()[0].title == "名?"


def test_recent_questions_come_oldest_first_and_once(store: Store) -> None:
    fill(store, "甲", "乙", "甲")
    gone = fill(store, "丙")
    fill(store, "丁")
    store.delete(gone)
    assert store.recent_questions(10) == ["乙", "甲", "丁"]
    assert store.recent_questions(2) == ["甲", "丁"]


# ------------------------------------------------------------------------------------------------------------ deleting


def test_a_deletion_is_taken_back_until_it_is_purged(store: Store) -> None:
    kept, gone = fill(store, "留"), fill(store, "去")
    store.delete(gone)
    assert [one.id for one in store.conversations()] == [kept]
    assert store.turns(gone) == []
    store.restore(gone)
    assert len(store.turns(gone)) == 1
    store.delete(gone)
    store.purge([gone, kept])  # one that is not deleted stays, whatever is asked for
    store.restore(gone)
    assert [one.id for one in store.conversations()] == [kept]


def test_a_purge_leaves_nothing_of_it_in_the_file(store: Store, path: Path) -> None:
    from tui.history.folding import Analysis
    from tui.history.search import Search

    gone = fill(store, "独一无二的问题")
    Search(store, Analysis(words=lambda text: text.split(), version="w")).catch_up()
    store.delete(gone)
    store.purge([gone])
    for table in ("conversations", "turns", "passages", "words"):
        assert store.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608


def test_what_a_crash_left_deleted_goes_with_a_later_purge(store: Store) -> None:
    gone = fill(store, "去")
    store.delete(gone)
    store.purge()
    store.connection.execute("UPDATE conversations SET deleted = deleted - ?", (KEPT_DELETED + 1,))
    store.purge()
    store.restore(gone)
    assert store.conversations() == []


def test_asking_in_a_deleted_conversation_begins_a_new_one(store: Store) -> None:
    gone = fill(store, "去")
    store.delete(gone)
    conversation, _ = store.ask(gone, "再来", 9.0)
    assert conversation != gone
    assert [one.title for one in store.conversations()] == ["再来"]


def test_a_reply_to_a_question_that_is_gone_is_dropped(store: Store) -> None:
    conversation, turn = store.ask(None, "去", 1.0)
    store.delete(conversation)
    store.purge([conversation])
    store.settle(turn, "{}", "", [], 2.0)
    assert store.conversations() == []


# ------------------------------------------------------------------------------------------------------------ the file


@pytest.mark.skipif(os.name == "nt", reason="modes are those of POSIX")
def test_only_its_owner_may_read_it(store: Store, path: Path) -> None:
    fill(store, "一")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3  # the journal beside it as well


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WENBAO_DATA", str(tmp_path))
    assert history_file().parent == tmp_path
    monkeypatch.delenv("WENBAO_DATA")
    assert history_file().parent.name == "wenbao"


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be taken for one" * 40, b"x"])
def test_a_file_that_is_not_ours_is_told_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(HistoryError) as caught:
        Store(path)
    assert caught.value.fault is Fault.BROKEN
    assert caught.value.path == path
    assert path.read_bytes() == content


def test_somebody_elses_database_is_told_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(HistoryError) as caught:
        Store(path)
    assert caught.value.fault is Fault.BROKEN
    assert path.read_bytes() == before


def test_a_damaged_file_is_told_when_it_is_read(path: Path) -> None:
    with Store(path) as store:
        for number in range(200):
            fill(store, f"问题{number}" * 20)
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with Store(path) as store, pytest.raises(HistoryError) as caught:
        store.conversations()
    assert caught.value.fault is Fault.BROKEN


def test_a_file_of_a_later_version_is_told_and_left_alone(path: Path) -> None:
    with Store(path) as store:
        fill(store, "一")
        store.connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    with pytest.raises(HistoryError) as caught:
        Store(path)
    assert caught.value.fault is Fault.NEWER
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM turns").fetchone() == (1,)
    connection.close()


def test_an_older_file_is_brought_up_to_date_with_all_that_is_in_it(path: Path) -> None:
    with Store(path) as store:
        fill(store, "一")
        upgrade(store.connection, path, (*STEPS, ("ALTER TABLE turns ADD COLUMN mood TEXT DEFAULT 'calm'",)))
        assert store.connection.execute("SELECT question, mood FROM turns").fetchall() == [("一", "calm")]


def test_a_step_that_fails_leaves_the_older_file(path: Path) -> None:
    with Store(path) as store:
        fill(store, "一")
        with pytest.raises(sqlite3.OperationalError):
            upgrade(store.connection, path, (*STEPS, ("ALTER TABLE turns ADD COLUMN mood", "NO SQL AT ALL")))
        assert "mood" not in {row[1] for row in store.connection.execute("PRAGMA table_info(turns)")}
    with Store(path) as store:
        assert len(store.conversations()) == 1


def test_a_full_disk_is_told_and_what_was_kept_stays(store: Store) -> None:
    kept = fill(store, "一")
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    store.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(HistoryError) as caught:
        store.ask(None, "很长的问题" * 20_000, 5.0)
    assert caught.value.fault is Fault.DISK
    assert [one.id for one in store.conversations()] == [kept]
    store.connection.execute("PRAGMA max_page_count = 100000")
    fill(store, "又有地方了")
    assert len(store.conversations()) == 2


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(HistoryError) as caught:
        Store(tmp_path / "file" / "data" / "conversations.sqlite3")
    assert caught.value.fault is Fault.DISK


def test_a_file_that_somebody_keeps_locked_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.history.store.PATIENCE", 0.01)
    with Store(path) as holder, Store(path) as waiting:
        holder.connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError) as caught:
            waiting.ask(None, "一", 1.0)
        assert caught.value.fault is Fault.BUSY
        holder.connection.execute("ROLLBACK")
        waiting.ask(None, "一", 1.0)


# ----------------------------------------------------------------------------------------------------- several at once


def test_two_programs_write_beside_each_other(path: Path) -> None:
    code = """
import sys
from pathlib import Path
from tui.history.store import Store
with Store(Path(sys.argv[1])) as store:
    conversation = None
    for number in range(60):
        conversation, turn = store.ask(conversation, f"{sys.argv[2]}{number}", float(number))
        store.settle(turn, "{}", "a", ["q"], float(number))
"""
    # The file is new for all of them: they open it, make its tables and write at the same time.
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "abc"]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    with Store(path) as store:
        assert sorted(one.turns for one in store.conversations()) == [60, 60, 60]
        for one in store.conversations():
            questions = [turn.question for turn in store.turns(one.id)]
            assert questions == [f"{questions[0][0]}{number}" for number in range(60)]


def test_readers_see_whole_turns_while_another_thread_writes(path: Path) -> None:
    with Store(path) as store:
        conversation = fill(store, "零")
        done = threading.Event()

        def write() -> None:
            with Store(path) as mine:
                for number in range(100):
                    _, turn = mine.ask(conversation, f"问{number}", 1.0)
                    mine.settle(turn, f'{{"n": {number}}}', "", [], 1.0)
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        seen = 0
        while not done.is_set():
            turns = store.turns(conversation)
            assert len(turns) >= seen
            assert all(turn.reply is not None for turn in turns[:-1])
            seen = len(turns)
        thread.join()
        assert len(store.turns(conversation)) == 101
