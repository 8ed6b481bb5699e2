"""Folds beside each other: they are what they are alone, and none is lost with another, with a worker or by Ctrl-C."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cloudpickle
import numpy as np
import polars as pl
import psutil
import pytest
from safetensors.numpy import load_file

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.recipe import Recipe
from ishara.training.jobs import ERROR, LOCK
from ishara.training.progress import Standing
from ishara.training.protocol import crossval
from ishara.training.workers import Workers

PROGRAM = Path(__file__).with_name("held_folds.py")
PATIENCE = 60
# Workers cannot import a test.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def by_signer(tiny_recipe: Recipe) -> Recipe:
    """Four folds of a signer each."""
    return tiny_recipe.with_overrides(["split.by=group", "split.validation=0.3", "train.threads=1"])


def guess(_: Recipe, manifest: Manifest, folder: Path) -> Predictions:
    """Every gloss is as likely as the others; it leaves its process in the fold's folder."""
    (folder / "process").write_text(str(os.getpid()))
    tested = manifest.where(pl.col("split") == "test")
    classes = len(manifest.glosses)
    return Predictions.build(tested, np.full((len(tested), classes), 1 / classes), manifest.glosses)


def unlucky(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
    """The second fold raises and the third kills its process; the first has something to say before."""
    from ishara.console import errors, tell

    if folder.name == "signer-01-seed0":
        errors.print("one fold")
        tell("has [bold]words[/]")
    if folder.name == "signer-02-seed0":
        raise RuntimeError("no luck")
    if folder.name == "signer-03-seed0":
        os.kill(os.getpid(), signal.SIGKILL)
    return guess(recipe, manifest, folder)


def weights(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    return {path.parents[1].name: load_file(path) for path in folder.glob("*/recognizer/model.safetensors")}


def assert_same(one: Path, other: Path, folds: int) -> None:
    left, right = weights(one), weights(other)
    assert left.keys() == right.keys()
    assert len(left) == folds
    for fold, tensors in left.items():
        assert tensors.keys() == right[fold].keys()
        for name, value in tensors.items():
            np.testing.assert_array_equal(value, right[fold][name], err_msg=f"{fold} {name}")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_fold_is_the_same_alone_beside_others_and_after_an_interruption(
    by_signer: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A loader of its own, since a worker's process must be allowed to have children.
    recipe = by_signer.with_overrides(
        ["protocol.name=group-k-fold", "protocol.folds=2", "train.max_epochs=2", "train.workers=1"]
    )
    alone = crossval(recipe, tmp_path / "alone").predictions.table

    def stop(self: object, trainer: object, *_: object) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ishara.training.callbacks.EpochBar.on_train_batch_end", stop, raising=False)
        with pytest.raises(KeyboardInterrupt):
            crossval(recipe, tmp_path / "beside")
    assert (tmp_path / "beside/fold-1-seed0/checkpoints/last.ckpt").is_file()
    told: list[Standing] = []
    beside = crossval(recipe, tmp_path / "beside", workers=Workers(2), report=told.append)
    assert beside.predictions.table.equals(alone)
    assert_same(tmp_path / "alone", tmp_path / "beside", 2)
    assert len([path for path in (tmp_path / "beside/.store").iterdir() if path.is_dir()]) == 1
    assert sorted(where.ended.name for where in told) == ["fold-1-seed0", "fold-2-seed0"]
    # One was gone on with; the other has its time.
    assert [beside.seconds["fold-1-seed0"] is None, beside.seconds["fold-2-seed0"] is None] == [True, False]


def test_what_ends_a_fold_or_its_process_ends_no_other(by_signer: Recipe, tmp_path: Path, capfd) -> None:
    others = children_of(os.getpid())
    told: list[Standing] = []
    with pytest.raises(IsharaError) as raised:
        crossval(by_signer, tmp_path, learner=unlucky, workers=Workers(2), report=told.append)
    assert "2 of 4 jobs failed." in str(raised.value)
    assert "signer-02-seed0: RuntimeError: no luck (more in" in str(raised.value)
    assert "signer-03-seed0: its process died." in str(raised.value)
    assert "no luck" in (tmp_path / "signer-02-seed0" / ERROR).read_text()
    done = {path.parent.name for path in tmp_path.glob("*/predictions.parquet")}
    assert done == {"signer-01-seed0", "signer-04-seed0"}
    assert str(os.getpid()) not in {path.read_text() for path in tmp_path.glob("*/process")}
    assert [child for child in children_of(os.getpid()) if child not in others] == []
    said = {where.ended.name: where.ended.said for where in told}
    assert said == dict.fromkeys(said, "") | {"signer-01-seed0": "one fold\nhas words\n"}
    assert capfd.readouterr() == ("", ""), "what is said is for the main process to show"
    assert len(crossval(by_signer, tmp_path, learner=guess).predictions) == 36


def children_of(process: int) -> list[psutil.Process]:
    """What it has begun; multiprocessing's own helper lives as long as it does."""
    children = psutil.Process(process).children(recursive=True)
    return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]


def command(tmp_path: Path, *words: str) -> list[str]:
    recipe, out = str(tmp_path / "recipe.yaml"), str(tmp_path / "folds")
    return [sys.executable, str(PROGRAM), "crossval", recipe, "--out", out, *words]


@contextmanager
def begun(words: list[str]) -> Iterator[subprocess.Popen]:
    """The command, in a session of its own; a failed test leaves nothing of it, or its folds would hold for ever."""
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True) as main:
        try:
            yield main
        finally:
            left = [main.pid, *(child.pid for child in children_of(main.pid))] if main.poll() is None else []
            for process in left:
                os.kill(process, signal.SIGKILL)


def pipe(path: Path) -> int:
    """A named pipe, open to read what folds write.

    It is open for writing too: between two folds that write there would else be nobody, the pipe would be at its end,
    and reading would fail where the second has opened it and not written yet.
    """
    os.mkfifo(path)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["ctrl-c", "kill -9"])
def test_all_processes_end_with_the_main_one_and_the_same_command_goes_on(
    by_signer: Recipe, tmp_path: Path, how: str
) -> None:
    (tmp_path / "recipe.yaml").write_text(by_signer.to_yaml(), encoding="utf-8")
    here = pipe(tmp_path / "here")
    with begun(command(tmp_path, "--jobs", "2")) as main:
        held = b""
        while held.count(b"\n") < 2:
            assert select.select([here], [], [], PATIENCE)[0], "no fold came to hold"
            held += os.read(here, 100)
        inside = children_of(main.pid)
        assert {int(process) for process in held.split()} <= {child.pid for child in inside}
        # As a terminal does it: the workers are told too.
        os.killpg(main.pid, signal.SIGINT) if how == "ctrl-c" else main.kill()
        _, said = main.communicate(timeout=PATIENCE)
        assert psutil.wait_procs(inside, timeout=PATIENCE)[1] == []
    os.close(here)
    first = "1 of 4 done (signer-01-seed0: "
    assert said.startswith(first)
    if how == "ctrl-c":
        assert main.returncode == 130
        assert said.splitlines()[1:] == ["Stopped. What was finished is kept; the same command goes on from there."]
    assert [path.parent.name for path in tmp_path.glob("folds/*/predictions.parquet")] == ["signer-01-seed0"]
    (tmp_path / "here").unlink()
    again = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert again.returncode == 0, again.stderr
    assert again.stderr.startswith("1 of 4 were done before")
    assert len(Predictions.read(tmp_path / "folds" / "predictions.parquet")) == 36


@pytest.fixture
def cluster(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a cluster of a scheduler and one worker with so many threads, as programs of their own."""
    dask = str(Path(sys.executable).with_name("dask"))
    note = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    words = [dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(note)]
    with subprocess.Popen(words, **quiet) as head:
        words = [dask, "worker", "--scheduler-file", str(note), "--nthreads", str(request.param), "--no-dashboard"]
        with subprocess.Popen(words, **quiet) as worker:
            from distributed import Client

            with Client(scheduler_file=str(note), set_as_default=False) as client:
                client.wait_for_workers(1, timeout=PATIENCE)
                address = client.scheduler.address
            yield address
            worker.terminate()
        head.terminate()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("cluster", [1], indirect=True)
def test_any_cluster_does_the_folds_and_ctrl_c_ends_what_it_is_at(
    cluster: str, by_signer: Recipe, tmp_path: Path
) -> None:
    (tmp_path / "recipe.yaml").write_text(by_signer.to_yaml(), encoding="utf-8")
    here = pipe(tmp_path / "here")
    with begun(command(tmp_path, "--cluster", cluster)) as main:
        assert select.select([here], [], [], PATIENCE)[0], "no fold came to hold"
        at_it = psutil.Process(int(os.read(here, 20)))
        main.send_signal(signal.SIGINT)
        _, said = main.communicate(timeout=PATIENCE)
        assert main.returncode == 130, said
        assert psutil.wait_procs([at_it], timeout=PATIENCE)[1] == []
    os.close(here)
    (tmp_path / "here").unlink()
    measured = crossval(by_signer, tmp_path / "folds", learner=guess, workers=Workers(scheduler=cluster))
    assert len(measured.predictions) == 36
    processes = {path.read_text() for path in tmp_path.glob("folds/*/process")}
    assert processes
    assert str(os.getpid()) not in processes


@pytest.mark.parametrize("cluster", [2], indirect=True)
def test_a_worker_that_would_do_two_folds_in_one_process_is_refused(cluster, by_signer, tmp_path) -> None:
    with pytest.raises(IsharaError, match=r"has 2 threads, but each fold needs a process of its own.*--nthreads 1"):
        crossval(by_signer, tmp_path, learner=guess, workers=Workers(scheduler=cluster))
    assert not list(tmp_path.glob(f"*/{LOCK}"))


def test_what_cannot_be_done_beside_each_other_is_refused(by_signer: Recipe, tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(IsharaError, match="give one of them"):
        Workers(2, "tcp://host:8786")
    with pytest.raises(IsharaError, match="expected a number from 1"):
        Workers(0)
    with pytest.raises(IsharaError, match=r"train\.devices=2 .* Set both to 1, or leave out --jobs"):
        crossval(by_signer.with_overrides(["train.devices=2"]), tmp_path / "a", workers=Workers(2))
    with pytest.raises(IsharaError, match="no Dask scheduler answers there"):
        crossval(by_signer, tmp_path / "b", learner=guess, workers=Workers(scheduler="nosuch://host:1"))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(IsharaError, match=r"pip install 'ishara\[cluster\]', or give --jobs 1"):
        crossval(by_signer, tmp_path / "c", learner=guess, workers=Workers(2))
