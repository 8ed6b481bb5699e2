"""The journal: what was written is read back, whatever the end of the file looks like; one process holds it."""

import json
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.pose.extract import OutputFolder
from ishara.pose.extract.journal import JOURNAL, Entry, Journal
from ishara.pose.extract.settings import key_of

text = st.text(min_size=1, max_size=10)
entries = st.builds(
    Entry,
    id=text, file=text, size=st.integers(0, 1 << 40), settings=text, source=text, start=st.none() | st.floats(0, 9),
    end=st.none(), box=st.none() | st.just("1 2 3 4"), stamp=st.none() | text,
)  # fmt: skip


@pytest.fixture(params=["local", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> OutputFolder:
    return OutputFolder(tmp_path / "poses" if request.param == "local" else f"memory://{uuid.uuid4()}/poses")


@given(st.lists(entries, max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory, made):
    folder = OutputFolder(tmp_path_factory.mktemp("poses"))
    with Journal(folder) as journal:
        for entry in made:
            journal.add(entry)
    with Journal(folder) as journal:
        assert journal.entries == {entry.id: entry for entry in made}


def test_settings_are_kept_once(folder):
    for _ in range(2):
        with Journal(folder) as journal:
            key = journal.use({"complexity": 1})
    assert key == key_of({"complexity": 1})
    assert folder.read(JOURNAL).count(b"complexity") == 1
    with Journal(folder) as journal:
        assert journal.settings == {key: {"complexity": 1}}


@given(cut=st.integers(0, 200))
def test_a_torn_end_costs_one_clip_at_most(tmp_path_factory, cut):
    folder = OutputFolder(tmp_path_factory.mktemp("poses"))
    made = [Entry(str(i), f"{i}.pose", i, "k", "চা.mp4") for i in range(3)]
    with Journal(folder) as journal:
        for entry in made:
            journal.add(entry)
    place = folder.local / JOURNAL
    whole = place.read_bytes()
    place.write_bytes(whole[: max(len(whole) - cut, 0)])
    lines = len([line for line in place.read_bytes().splitlines() if line.endswith(b"}")])
    with Journal(folder) as journal:
        assert list(journal.entries.values()) == made[:lines]
        journal.add(Entry("new", "new.pose", 1, "k", "b.mp4"))
    with Journal(folder) as journal:
        assert list(journal.entries) == [*map(str, range(lines)), "new"]


def test_lines_of_another_kind_are_passed_over(folder):
    folder.write(JOURNAL, b'[]\n3\n{"id": "a"}\nnot json\n\xff\n{"settings": "k", "values": {"x": 1}, "more": 2}\n')
    with Journal(folder) as journal:
        assert journal.entries == {}
        assert journal.settings == {"k": {"x": 1}}


def test_one_process_at_a_time(tmp_path):
    folder = OutputFolder(tmp_path)
    with Journal(folder), pytest.raises(IsharaError, match="another `ishara extract` is writing into it"):
        Journal(folder)
    with Journal(folder):
        pass


def test_a_store_without_appending_is_written_now_and_then_and_at_the_end(monkeypatch):
    folder = OutputFolder(f"memory://{uuid.uuid4()}")
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr("ishara.pose.extract.journal.time.monotonic", lambda: next(clock))
    with Journal(folder) as journal:
        written = []
        for i in range(5):
            journal.add(Entry(str(i), f"{i}.pose", 1, "k", "a.mp4"))
            written.append(folder.read(JOURNAL).count(b"\n"))
    assert written[0] == 0
    assert 0 < written[-1] < 5
    assert [json.loads(line)["id"] for line in folder.read(JOURNAL).splitlines()] == ["0", "1", "2", "3", "4"]
