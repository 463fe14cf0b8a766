"""What was written is read back: entry by entry, in order, from many threads, and after another run's end."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chaos.journal import Accepted, Entry, Journal, Seen, Sent, Wrong, bare, read_journal

ENTRIES: list[Entry] = [
    Sent(account="ours", wish="ours-1", key=None),
    Accepted(account="ours", wish="ours-1", video="one", is_replay=False),
    Seen(account="ours", video="one", status="queued", progress=None),
    Wrong(account="ours", what='a "quote", a line\nand a name: 雨'),
]


def test_entries_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for half in (ENTRIES[:2], ENTRIES[2:]):
        with Journal(path) as journal:
            for entry in half:
                journal.write(entry)
    assert read_journal(path) == ENTRIES


def test_an_entry_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.write(ENTRIES[0])
        assert read_journal(path) == ENTRIES[:1]


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    sent = [Sent(account="ours", wish=f"ours-{number}", key=None) for number in range(200)]
    with Journal(path) as journal, ThreadPoolExecutor(8) as threads:
        list(threads.map(journal.write, sent))
    assert {entry.wish for entry in read_journal(path) if isinstance(entry, Sent)} == {
        entry.wish for entry in sent
    }


def test_either_prefix_names_the_same_video() -> None:
    assert bare("sora_01m7") == bare("video_01m7") == "01m7"
