"""The clients in docs/live.md, run as they stand there against a real server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ishara.pose.files import read_pose, write_pose
from ishara.pose.pose import Pose
from ishara.recognizer import Recognizer
from ishara.spotting import spot
from site_markdown import blocks

from .conftest import TOKEN, Running, Serve
from .test_socket import sign

PAGE = Path(__file__).parents[2] / "docs" / "live.md"
ADDRESS = "ws://127.0.0.1:8000/ws"
# The first Node.js that has a WebSocket.
NODE = 22


def example(language: str) -> str:
    (found,) = (block.text for block in blocks(PAGE.read_text(encoding="utf-8")) if block.language == language)
    assert found.count(ADDRESS) == 1
    return found


def node() -> str:
    """Node.js, of its own or the one that Playwright brings."""
    found = shutil.which("node")
    if found is None or _version(found) < NODE:
        found = pytest.importorskip("playwright._impl._driver").compute_driver_executable()[0]
    if _version(found) < NODE:
        pytest.skip(f"there is no Node.js of version {NODE} or later")
    return str(found)


def _version(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.removeprefix("v").split(".")[0])


def run(command: Sequence[str], running: Running, text: str, script: Path) -> subprocess.CompletedProcess[str]:
    script.write_text(text.replace(ADDRESS, f"ws://127.0.0.1:{running.port}/ws"), encoding="utf-8")
    return subprocess.run(
        [*command, script.name], cwd=script.parent, capture_output=True, text=True, check=False, timeout=100
    )


def expected(recognizer: Recognizer, pose: Pose) -> list[tuple[str, float, float, float]]:
    return [(segment.gloss, segment.probability, segment.start, segment.end) for segment in spot(recognizer, pose)]


def told(output: str) -> list[tuple[str, float, float, float]]:
    rows = [line.split("\t") for line in output.splitlines()]
    return [(gloss, *map(float, numbers)) for gloss, *numbers in rows]  # type: ignore[misc]


def same(found: list[tuple[str, float, float, float]], wanted: list[tuple[str, float, float, float]]) -> bool:
    """Whether the signs are the same; probabilities as they are printed, with two digits."""
    assert wanted, "the clip holds a sign"
    assert [row[0] for row in found] == [row[0] for row in wanted]
    np.testing.assert_allclose([row[1] for row in found], [row[1] for row in wanted], atol=0.0051)
    np.testing.assert_allclose([row[2:] for row in found], [row[2:] for row in wanted], atol=1e-3)
    return True


def test_the_python_client_of_the_page_prints_the_signs_of_a_pose_file(
    serve: Serve, recognizer: Recognizer, tmp_path: Path
) -> None:
    pose = read_pose(write_pose(sign(), tmp_path / "recording.pose"))
    done = run([sys.executable], serve(), example("python"), tmp_path / "client.py")
    assert done.returncode == 0, done.stderr
    assert same(told(done.stdout), expected(recognizer, pose))


def test_the_javascript_client_of_the_page_prints_the_same(
    serve: Serve, recognizer: Recognizer, tmp_path: Path
) -> None:
    pose = sign()
    points = np.concatenate([pose.coordinates, pose.confidence[..., None]], axis=2)
    content = {"fps": pose.fps, "landmarks": pose.skeleton.landmarks, "frames": points.tolist()}
    (tmp_path / "recording.json").write_text(json.dumps(content), encoding="utf-8")
    done = run([node()], serve(), example("js"), tmp_path / "client.mjs")
    assert (done.returncode, done.stderr) == (0, "")
    assert same(told(done.stdout), expected(recognizer, pose))


def test_a_client_that_is_not_let_in_says_why(serve: Serve, tmp_path: Path) -> None:
    write_pose(sign(), tmp_path / "recording.pose")
    (tmp_path / "recording.json").write_text('{"fps": 25, "landmarks": ["nose"], "frames": []}', encoding="utf-8")
    running = serve(token=TOKEN)
    for command, language, name in (([sys.executable], "python", "client.py"), ([node()], "js", "client.mjs")):
        done = run(command, running, example(language), tmp_path / name)
        assert done.returncode == 1
        assert done.stderr.startswith("token: ")
        assert len(done.stderr.splitlines()) == 1
