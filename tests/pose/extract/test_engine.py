"""Extraction in one process: what is done, what is left as it is, and what is told of the rest."""

import errno
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest

from ishara.errors import IsharaError
from ishara.pose.extract import Job, Outcome, OutputFolder, Work, Workers, extract
from ishara.pose.extract.journal import JOURNAL
from ishara.pose.files import read_pose

HERE = Workers(0)


@pytest.fixture
def folder(tmp_path: Path) -> OutputFolder:
    return OutputFolder(tmp_path / "poses")


def made(home: Path) -> int:
    return len(list(home.glob("made-*")))


def times(folder: OutputFolder) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.local.glob("*.pose")}


def test_clips_become_pose_files(jobs_of, work, folder, home, fake):
    done = extract(jobs_of(fake.GOOD, fake.OTHER), folder, work, workers=HERE)
    assert done.finished == ("0", "1")
    assert (done.found, done.changed, done.failures) == (0, 0, {})
    assert [len(read_pose(folder.local / f"{i}.pose")) for i in range(2)] == [fake.GOOD, fake.OTHER]
    assert sorted(folder.sizes()) == ["0.pose", "1.pose", JOURNAL]
    assert made(home) == 1
    assert len(list(home.glob("closed-*"))) == 1


def test_stretch_and_box_reach_the_video(jobs_of, work, folder, fake):
    (job,) = jobs_of(fake.GOOD + fake.OTHER)
    cut = replace(job, start=0.0, end=fake.GOOD / 25, box="0 0 32 48")
    assert extract([cut], folder, work, workers=HERE).finished == ("0",)
    assert len(read_pose(cut.target)) == fake.GOOD
    wrong = replace(job, id="w", box="a b")
    assert "a b" in extract([wrong], folder, work, workers=HERE).failures["w"]


def test_a_second_run_decodes_nothing(jobs_of, work, folder, home, fake):
    jobs = jobs_of(fake.GOOD, fake.OTHER)
    extract(jobs, folder, work, workers=HERE)
    before = times(folder)
    done = extract(jobs, folder, work, workers=HERE)
    assert (done.finished, done.found) == (("0", "1"), 2)
    assert made(home) == 1
    assert times(folder) == before


def test_new_clips_are_added(jobs_of, work, folder, fake):
    jobs = jobs_of(fake.GOOD, fake.OTHER)
    extract(jobs[:1], folder, work, workers=HERE)
    done = extract(jobs, folder, work, workers=HERE)
    assert (done.finished, done.found) == (("0", "1"), 1)


def test_sources_may_go_once_they_are_extracted(jobs_of, work, folder, fake):
    jobs = jobs_of(fake.GOOD)
    extract(jobs, folder, work, workers=HERE)
    Path(jobs[0].source).unlink()
    assert extract(jobs, folder, work, workers=HERE).found == 1


@pytest.mark.parametrize("change", ["source", "stretch", "file", "journal"])
def test_a_clip_that_is_not_what_it_was_is_extracted_again(change, jobs_of, work, folder, fake):
    jobs = jobs_of(fake.GOOD, fake.OTHER)
    extract(jobs, folder, work, workers=HERE)
    if change == "source":
        os.utime(jobs[0].source, ns=(1, 1))
    elif change == "stretch":
        jobs[0] = replace(jobs[0], end=0.08)
    elif change == "file":
        # As a power cut may leave it.
        Path(jobs[0].target).write_bytes(b"")
    else:
        lines = (folder.local / JOURNAL).read_text().splitlines()
        (folder.local / JOURNAL).write_text("\n".join(line for line in lines if '"id": "0"' not in line))
    done = extract(jobs, folder, work, workers=HERE)
    assert (done.finished, done.found) == (("0", "1"), 1)
    assert done.changed == (change in ("source", "stretch"))
    assert len(read_pose(jobs[0].target)) == (2 if change == "stretch" else fake.GOOD)


def test_changed_settings_are_told_and_redone_on_demand(jobs_of, work, folder, home, fake):
    jobs = jobs_of(fake.GOOD, fake.OTHER, fake.RAISES)
    extract(jobs[:2], folder, work, workers=HERE)
    before = times(folder)
    other = Work(work.make, {**work.settings, "complexity": 2})
    with pytest.raises(IsharaError, match=r"2 of its clips .* \(complexity is 2, was 1\).*--redo"):
        extract(jobs, folder, other, workers=HERE)
    assert times(folder) == before
    done = extract(jobs, folder, other, workers=HERE, redo=True)
    assert (done.finished, done.found) == (("0", "1"), 0)
    assert extract(jobs[:2], folder, other, workers=HERE).found == 2
    with pytest.raises(IsharaError, match=r"complexity is 1, was 2"):
        extract(jobs[:2], folder, work, workers=HERE)


def test_one_bad_clip_among_many_is_told_of_and_passed_over(jobs_of, work, folder, tmp_path, home, fake):
    jobs = jobs_of(fake.GOOD, fake.RAISES, fake.RAISES_ONCE, fake.NOBODY, fake.OTHER)
    jobs.append(Job("gone", str(tmp_path / "none.mp4"), folder.place("gone.pose")))
    (tmp_path / "empty.mp4").write_bytes(b"")
    jobs.append(Job("empty", str(tmp_path / "empty.mp4"), folder.place("empty.pose")))
    done = extract(jobs, folder, work, workers=HERE)
    assert done.finished == ("0", "2", "4")
    assert sorted(done.failures) == ["1", "3", "empty", "gone"]
    assert "1.mp4: ValueError: no graph" in done.failures["1"]
    assert "none.mp4" in done.failures["gone"]
    assert "empty.mp4" in done.failures["empty"]
    assert "no body and no hand was found in any of" in done.failures["3"]
    assert sorted(folder.sizes()) == ["0.pose", "2.pose", "4.pose", JOURNAL]
    # What raised may have broken the estimator, so the clip after it gets another: after three of the four times.
    assert made(home) == 4


def test_ctrl_c_keeps_what_was_finished(jobs_of, work, folder, fake):
    jobs = jobs_of(fake.GOOD, fake.STOPS, fake.OTHER)
    with pytest.raises(KeyboardInterrupt):
        extract(jobs, folder, work, workers=HERE)
    assert sorted(folder.sizes()) == ["0.pose", JOURNAL]
    done = extract([jobs[0], jobs[2]], folder, work, workers=HERE)
    assert (done.finished, done.found) == (("0", "2"), 1)


def test_progress_is_shown_every_end_and_closed(jobs_of, work, folder, fake):
    seen: list[tuple[str, bool]] = []
    totals = []

    def show(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
        totals.append(total)
        try:
            for outcome in outcomes:
                seen.append((outcome.job.id, outcome.failure is None))
                yield outcome
        finally:
            totals.append("closed")

    jobs = jobs_of(fake.GOOD, fake.RAISES, fake.STOPS)
    extract(jobs[:2], folder, work, workers=HERE, progress=show)
    assert seen == [("0", True), ("1", False)]
    with pytest.raises(KeyboardInterrupt):
        extract(jobs, folder, work, workers=HERE, progress=show)
    assert totals == [2, "closed", 2, "closed"]


def test_an_estimator_that_cannot_be_made_stops_all(jobs_of, folder, fake):
    def missing() -> None:
        raise IsharaError("Landmarks from video need mediapipe. Type: pip install 'ishara[mediapipe]'.")

    with pytest.raises(IsharaError, match=r"ishara\[mediapipe\]'. 0 of 2 clips are extracted; mend it"):
        extract(jobs_of(fake.GOOD, fake.GOOD), folder, Work(missing, {}), workers=HERE)


def test_a_full_disk_stops_with_a_clear_word_and_the_same_call_goes_on(jobs_of, work, folder, fake, monkeypatch):
    jobs = jobs_of(fake.GOOD, fake.OTHER, fake.GOOD)
    room = [1]

    from pose_format.pose import Pose as FormatPose

    write = FormatPose.write

    def until_full(self: FormatPose, buffer: object) -> None:
        if not room:
            buffer.write(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        room.pop()
        write(self, buffer)

    monkeypatch.setattr(FormatPose, "write", until_full)
    with pytest.raises(
        IsharaError,
        match=r"1.pose: cannot be written \(No space left on device\)\. .*1 of 3 clips are",
    ):
        extract(jobs, folder, work, workers=HERE)
    assert sorted(folder.sizes()) == ["0.pose", JOURNAL]
    monkeypatch.undo()
    done = extract(jobs, folder, work, workers=HERE)
    assert (done.finished, done.found) == (("0", "1", "2"), 1)


def test_a_journal_on_a_full_disk_costs_its_clip_alone(jobs_of, work, folder, fake, monkeypatch):
    from ishara.pose.extract.journal import Journal

    jobs = jobs_of(fake.GOOD, fake.OTHER)
    add = Journal.add

    def half(self: Journal, entry: object) -> None:
        self._file.write(b'{"id": "0", "file"')
        monkeypatch.setattr(self, "_file", open("/dev/full", "wb", buffering=0))  # noqa: PTH123, SIM115
        add(self, entry)

    monkeypatch.setattr(Journal, "add", half)
    with pytest.raises(IsharaError, match=rf"{JOURNAL}: cannot be written \(No space left on device\). 0 of 2 clips"):
        extract(jobs, folder, work, workers=HERE)
    monkeypatch.undo()
    done = extract(jobs, folder, work, workers=HERE)
    assert (done.finished, done.found) == (("0", "1"), 0)
    assert len((folder.local / JOURNAL).read_text().splitlines()) == 4


def test_folders_and_sources_behind_urls(jobs_of, work, home, tmp_path, fake):
    memory = fsspec.filesystem("memory")
    root = f"memory://{uuid.uuid4()}"
    folder = OutputFolder(f"{root}/poses")
    jobs = jobs_of(fake.GOOD, fake.OTHER)
    memory.put_file(jobs[0].source, f"{root}/videos/0.mp4")
    jobs = [replace(job, target=folder.place(job.name)) for job in jobs]
    jobs[0] = replace(jobs[0], source=f"{root}/videos/0.mp4")
    jobs[1] = replace(jobs[1], source=f"file://{jobs[1].source}")
    assert extract(jobs, folder, work, workers=HERE).finished == ("0", "1")
    assert sorted(folder.sizes()) == ["0.pose", "1.pose", JOURNAL]
    (tmp_path / "back.pose").write_bytes(folder.read("0.pose"))
    assert len(read_pose(tmp_path / "back.pose")) == fake.GOOD
    assert extract(jobs, folder, work, workers=HERE).found == 2
    assert made(home) == 1
    memory.put_file(jobs[1].source.removeprefix("file://"), f"{root}/videos/0.mp4")
    assert extract(jobs, folder, work, workers=HERE).changed == 1


def test_the_journal_says_what_each_clip_was_made_from(jobs_of, work, folder, fake):
    (job,) = jobs_of(fake.GOOD)
    extract([job], folder, work, workers=HERE)
    settings, entry = map(json.loads, (folder.local / JOURNAL).read_text().splitlines())
    assert settings["values"] == work.settings
    assert entry["settings"] == settings["settings"]
    assert (entry["id"], entry["file"], entry["source"], entry["frames"]) == ("0", "0.pose", job.source, fake.GOOD)
    assert entry["size"] == (folder.local / "0.pose").stat().st_size


def test_several_workers_without_dask_say_what_to_install(jobs_of, work, folder, fake, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    monkeypatch.setitem(__import__("sys").modules, "dask", None)
    jobs = jobs_of(fake.GOOD, fake.OTHER)
    with pytest.raises(IsharaError, match=r"pip install 'ishara\[cluster\]', or give --workers 1"):
        extract(jobs, folder, work, workers=Workers(2))
    assert extract(jobs, folder, work, workers=Workers(1)).finished == ("0", "1")


def test_numbers_that_cannot_be_are_refused():
    for wrong in ({"count": -1}, {"retries": -1}):
        with pytest.raises(IsharaError, match="-1"):
            Workers(**wrong)


@pytest.mark.parametrize("stamp", [None, "None", "1234"])
def test_another_source_that_may_be_another_video_is_extracted_anew(stamp, jobs_of, work, folder, fake, monkeypatch):
    # A server that says no more of its files than their size, or not even that.
    monkeypatch.setattr("ishara.pose.extract.engine.stamps_of", lambda sources: dict.fromkeys(sources, stamp))
    monkeypatch.setattr("ishara.pose.extract.worker.stamp_of", lambda _: stamp)
    one, other = jobs_of(fake.GOOD, fake.OTHER)
    extract([one], folder, work, workers=HERE)
    assert extract([one], folder, work, workers=HERE).found == 1
    done = extract([replace(one, source=other.source)], folder, work, workers=HERE)
    assert (done.found, done.changed) == (0, 1)
    assert len(read_pose(one.target)) == fake.OTHER


def test_sources_that_were_moved_are_the_same(jobs_of, work, folder, home, fake, tmp_path):
    jobs = jobs_of(fake.GOOD, fake.OTHER)
    extract(jobs, folder, work, workers=HERE)
    (tmp_path / "videos").rename(tmp_path / "moved")
    moved = [replace(job, source=job.source.replace("/videos/", "/moved/")) for job in jobs]
    assert extract(moved, folder, work, workers=HERE).found == 2
    assert made(home) == 1
