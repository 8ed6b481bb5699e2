"""Native chatter is dropped from standard error, and nothing else is."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ishara.hush import _Catcher, hushed

CHATTER = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    b"W0000 00:00:1795340540.580871   31644 inference_feedback_manager.cc:114] Feedback manager requires a model\n"
    b"I0000 00:00:1795340540.580871   31644 gl_context.cc:357] GL version: 3.2\n"
    b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n"
    b"[W1122 12:46:12.098001123 shape_type_inference.cpp:1994] Warning: The shape inference of prim::PackPadded type "
    b"is missing, so it may result in wrong shape inference for the exported graph. (function UpdateReliable)\n"
)
KEPT = (
    b"E0000 00:00:1795340540.580871   31644 calculator_graph.cc:900] INVALID_ARGUMENT\n"
    b"F0611 12:00:00.580871   31644 calculator.cc:1] Check failed\n"
    b"Traceback (most recent call last):\n"
    b"WARNING: the disk is nearly full\n"
    b"[W1122 12:46:12.0980 shape_type_inference.cpp:1994] Warning: The shape inference of aten::new type is missing\n"
    b"half a line"
)


def test_chatter_is_dropped_and_errors_are_written(capfd: pytest.CaptureFixture[str]) -> None:
    with hushed():
        os.write(2, CHATTER + KEPT)
    os.write(2, b" and after")
    assert capfd.readouterr().err == KEPT.decode() + " and after"


def test_each_block_writes_its_own_and_blocks_nest(capfd: pytest.CaptureFixture[str]) -> None:
    for word in (b"one\n", b"two\n"):
        with hushed():
            os.write(2, word)
            with hushed():
                os.write(2, CHATTER)
            os.write(2, b"inside\n")
    assert capfd.readouterr().err == "one\ninside\ntwo\ninside\n"


def test_what_is_written_before_an_exception_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with hushed():
            os.write(2, b"said\n")
            raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "said\nafter\n"


def test_threads_may_overlap(capfd: pytest.CaptureFixture[str]) -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with hushed():
            inside.set()
            leave.wait(10)
            os.write(2, CHATTER + b"other\n")

    thread = threading.Thread(target=other)
    with hushed():
        thread.start()
        assert inside.wait(10)
        os.write(2, b"first\n")
    leave.set()
    thread.join()
    os.write(2, b"last\n")
    assert capfd.readouterr().err == "first\nother\nlast\n"


def test_no_standard_error_is_no_trouble() -> None:
    code = "import os; os.close(2)\nfrom ishara.hush import hushed\nwith hushed(): print('fine')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "fine\n")


def test_without_room_for_a_file_nothing_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("ishara.hush._catcher", _Catcher())
    monkeypatch.setattr("ishara.hush.tempfile.TemporaryFile", full)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        with hushed():
            pass
    assert len(list(Path("/dev/fd").iterdir())) == before
