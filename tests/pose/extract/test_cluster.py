"""Extraction by Dask workers: they share the work, die, are cut off and interrupted, and nothing is lost."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import cloudpickle
import polars as pl
import psutil
import pytest

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.dask_workers import DaskWorkers, Use
from ishara.errors import IsharaError
from ishara.pose.extract import Job, OutputFolder, Work, Workers, extract
from ishara.pose.extract.journal import JOURNAL
from ishara.pose.files import read_pose

PROGRAM = Path(__file__).with_name("fake_estimator.py")
PATIENCE = 60


@pytest.fixture
def folder(tmp_path: Path) -> OutputFolder:
    return OutputFolder(tmp_path / "poses")


def made_in(home: Path) -> set[str]:
    """The processes in which an estimator was made."""
    return {path.name.split("-")[1] for path in home.glob("made-*")}


def workers_of(process: int) -> list[psutil.Process]:
    """What it has begun; multiprocessing's own helper lives as long as it does."""
    children = psutil.Process(process).children(recursive=True)
    return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


def test_two_workers_share_the_clips_and_outlive_what_kills_them(jobs_of, work, folder, home, fake):
    others = workers_of(os.getpid())  # of tests before, such as those of wandb
    kinds = [fake.GOOD] * 3 + [fake.DIES, fake.RAISES, fake.DIES_ONCE, fake.NOBODY] + [fake.OTHER] * 6
    done = extract(jobs_of(*kinds), folder, work, workers=Workers(2, retries=0))
    bad = {str(i) for i, kind in enumerate(kinds) if kind in (fake.DIES, fake.RAISES, fake.NOBODY)}
    assert set(done.failures) == bad
    assert list(done.finished) == [str(i) for i in range(len(kinds)) if str(i) not in bad]
    assert "its worker died 2 times" in done.failures["3"]
    for clip in done.finished:
        assert len(read_pose(folder.local / f"{clip}.pose")) == kinds[int(clip)]
    assert str(os.getpid()) not in made_in(home)
    assert len(made_in(home)) >= 2
    assert not [name for name in folder.sizes() if name.endswith(".part")]
    assert [process for process in workers_of(os.getpid()) if process not in others] == []


def test_other_clusters_on_this_machine_are_no_trouble(jobs_of, work, folder, fake, recwarn):
    with socket.create_server(("127.0.0.1", 8787), reuse_port=False) if is_free(8787) else nullcontext():
        assert extract(jobs_of(fake.GOOD), folder, work, workers=Workers(1)).finished == ("0",)
    assert [str(warning.message) for warning in recwarn if "Port" in str(warning.message)] == []


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_worker_whose_disk_is_full_stops_all_and_leaves_nothing_half_written(jobs_of, work, folder, home, fake):
    jobs = jobs_of(fake.GOOD, fake.GOOD, fake.GREEDY)
    small = extract(jobs[:1], folder, work, workers=Workers(0))
    room = folder.sizes()["0.pose"] + 100
    cramped = Work(fake.MakeFake(home, largest_file=room), work.settings)
    with pytest.raises(
        IsharaError,
        match=r"2.pose: cannot be written \(File too large\)\. .*[12] of 3 clips are",
    ):
        extract(jobs, folder, cramped, workers=Workers(1))
    assert small.finished == ("0",)
    assert set(folder.sizes()) <= {"0.pose", "1.pose", JOURNAL}
    assert extract(jobs, folder, work, workers=Workers(0)).finished == ("0", "1", "2")


@pytest.fixture
def held(tmp_path: Path, home: Path, jobs_of: Callable[..., list[Job]], fake) -> Iterator[subprocess.Popen]:
    """`ishara extract` of five clips on two workers, one of which will hold at its third clip until it is let go."""
    kinds = [fake.GOOD, fake.OTHER, fake.HOLDS, fake.GOOD, fake.OTHER]
    clips = [Clip(job.id, job.source, "TEA") for job in jobs_of(*kinds)]
    Manifest.from_clips(clips).write(tmp_path / "clips.csv")
    for name in ("here", "go"):
        os.mkfifo(home / name)
    with subprocess.Popen(command(tmp_path), stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        yield process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def holding(home: Path) -> int:
    """The worker that holds, once there is one."""
    here = os.open(home / "here", os.O_RDONLY | os.O_NONBLOCK)
    assert select.select([here], [], [], PATIENCE)[0], "no worker came to the third clip"
    worker = int(os.read(here, 20))
    os.close(here)
    return worker


def command(tmp_path: Path, *words: str) -> list[str]:
    own = words or ("--workers", "2")
    places = [str(tmp_path / name) for name in ("home", "clips.csv", "poses")]
    return [sys.executable, str(PROGRAM), places[0], "extract", places[1], "-o", places[2], *own]


def go_on(tmp_path: Path) -> str:
    """The same command again, with nothing in its way and, for speed, in one process: what it says."""
    for name in ("here", "go"):
        (tmp_path / "home" / name).unlink()
    done = subprocess.run(
        command(tmp_path, "--workers", "0"), capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def check_whole(tmp_path: Path) -> None:
    manifest = Manifest.read(tmp_path / "poses/manifest.csv")
    assert manifest.table["id"].to_list() == ["0", "1", "2", "3", "4"]
    for clip in manifest:
        read_pose(clip.path)
    assert not list((tmp_path / "poses").glob(".*"))


@pytest.mark.parametrize("how", ["kill -9", "ctrl-c"])
def test_the_main_process_is_stopped_in_mid_run_and_the_same_command_goes_on(how, held, home, tmp_path):
    assert holding(home) != held.pid
    inside = workers_of(held.pid)
    assert len(inside) >= 2
    # What a worker leaves that dies while it writes.
    poses = tmp_path / "poses"
    (poses / ".2.pose.99999.part").write_bytes(b"half")
    if how == "kill -9":
        held.kill()
    else:
        # As a terminal does it: the workers are told too.
        os.killpg(held.pid, signal.SIGINT)
    _, words = held.communicate(timeout=PATIENCE)
    assert psutil.wait_procs(inside, timeout=PATIENCE)[1] == []
    if how == "ctrl-c":
        assert held.returncode == 130
        assert words == "Stopped. What was finished is kept; the same command goes on from there.\n"
    finished = len([line for line in (poses / JOURNAL).read_text().splitlines() if '"id"' in line])
    assert finished < 5
    assert not (poses / "manifest.csv").exists()
    assert not (poses / "2.pose").exists()
    assert f"{5 - finished} clips extracted, {finished} were there, 0 failed" in go_on(tmp_path)
    check_whole(tmp_path)


def test_a_worker_that_is_killed_loses_nothing(held, home, tmp_path):
    worker = holding(home)
    (home / "here").unlink()
    os.kill(worker, signal.SIGKILL)
    _, words = held.communicate(timeout=PATIENCE)
    assert held.returncode == 0, words
    assert words == ""
    check_whole(tmp_path)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """A cluster of a scheduler and one worker with two threads, as programs of their own."""
    dask = str(Path(sys.executable).with_name("dask"))
    note = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    words = [dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(note)]
    with subprocess.Popen(words, **quiet) as head:
        words = [dask, "worker", "--scheduler-file", str(note), "--nthreads", "2", "--no-dashboard"]
        with subprocess.Popen(words, **quiet) as worker:
            from distributed import Client

            with Client(scheduler_file=str(note), set_as_default=False) as client:
                client.wait_for_workers(1, timeout=PATIENCE)
                address = client.scheduler.address
            yield address, head
            worker.kill()
        head.kill()


def test_any_cluster_does_the_work_until_its_scheduler_goes(
    scheduler, jobs_of, work, folder, home, fake, monkeypatch, capfd
):
    monkeypatch.setattr("ishara.dask_workers._SECONDS_TO_CONNECT", 1)
    address, head = scheduler
    jobs = jobs_of(fake.GOOD, fake.OTHER, fake.RAISES, fake.GOOD, fake.HOLDS)
    done = extract(jobs[:4], folder, work, workers=Workers(scheduler=address))
    assert (done.finished, set(done.failures)) == (("0", "1", "3"), {"2"})
    assert str(os.getpid()) not in made_in(home)
    for name in ("here", "go"):
        os.mkfifo(home / name)
    with ThreadPoolExecutor(1) as thread:
        ending = thread.submit(lambda: (holding(home), head.kill()))
        with pytest.raises(IsharaError, match=rf"{address}: the Dask scheduler has gone\. 3 of 5 clips are extracted"):
            extract(jobs, folder, work, workers=Workers(scheduler=address))
        ending.result()
    with pytest.raises(IsharaError, match=rf"{address}: no Dask scheduler answers there"):
        extract(jobs, folder, work, workers=Workers(scheduler=address))
    assert capfd.readouterr().err == ""


def test_an_outcome_that_cannot_be_fetched_means_that_the_scheduler_has_gone(scheduler):
    from distributed.comm import CommClosedError

    def lose_the_line() -> None:
        raise CommClosedError("in <TCP (closed) ConnectionPool.gather>: Stream is closed")

    address, _ = scheduler
    with DaskWorkers(0, address, Use("test", "Tests", "do without.", "nothing", "docs/extract.md")) as workers:
        workers.submit(lose_the_line, "tag")
        with pytest.raises(IsharaError, match=f"{address}: the Dask scheduler has gone"):
            workers.next()


@pytest.mark.parametrize("address", ["foo", "nosuch://host:1", "tcp://127.0.0.1"])
def test_what_is_no_schedulers_address_is_told_at_once_and_in_one_line(address, tmp_path):
    words = [sys.executable, "-c", "from ishara.cli import main; main()", "extract", str(tmp_path / "m.csv")]
    (tmp_path / "m.csv").write_text("id,path,gloss\na,a.mp4,TEA\n")
    words += ["-o", str(tmp_path / "poses"), "--scheduler", address]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {address}: no Dask scheduler answers there")
    assert len(done.stderr.strip().splitlines()) == 1


def test_workers_that_lack_a_package_say_which(jobs_of, folder, home, fake, monkeypatch):
    cloudpickle.unregister_pickle_by_value(fake)
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    try:
        with pytest.raises(
            IsharaError, match=r"workers of this machine cannot work \(.*No module named 'fake_estimator'"
        ):
            extract(jobs_of(fake.GOOD), folder, Work(fake.MakeFake(home), {}), workers=Workers(1))
    finally:
        cloudpickle.register_pickle_by_value(fake)


def test_failures_are_a_table(tmp_path, jobs_of, home, fake):
    clips = [Clip(job.id, job.source, "TEA") for job in jobs_of(fake.GOOD, fake.NOBODY)]
    Manifest.from_clips(clips).write(tmp_path / "clips.csv")
    done = subprocess.run(command(tmp_path, "--workers", "0"), capture_output=True, text=True, check=True)
    assert "1 clips extracted, 0 were there, 1 failed" in done.stdout
    assert "1 clip could not be extracted; the reasons are in" in done.stderr
    assert pl.read_csv(tmp_path / "poses/failures.csv", infer_schema=False)["id"].to_list() == ["1"]
