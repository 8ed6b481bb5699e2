"""Which back-ends are used, and that nothing depends on TorchCodec."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ishara.errors import IsharaError
from ishara.video import backends, read_video

Video = Callable[..., Path]
# What TorchCodec does on import where FFmpeg's libraries are missing or of a wrong version.
_HIDDEN = 'raise RuntimeError("Could not load libtorchcodec. Likely causes: FFmpeg is not properly installed")\n'
_READ = """
import sys
from ishara.errors import IsharaError
from ishara.video import probe, read_video, stream_video
from ishara.video.backends import torchcodec_or_pyav, torchcodec_problem
path = sys.argv[1]
assert probe(path).frames == 12
assert read_video(path, 4, square=16).rgb.shape == (4, 16, 16, 3)
with stream_video(path) as stream:
    assert sum(1 for _ in stream) == 12
assert not {"torch", "torchcodec"} & set(sys.modules), "torch was imported"
assert torchcodec_or_pyav() == "pyav"
assert len(read_video(path, backend=torchcodec_or_pyav())) == 12
try:
    read_video(path, backend="torchcodec")
except IsharaError as error:
    print(error)
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    backends.torchcodec_problem.cache_clear()
    yield
    backends.torchcodec_problem.cache_clear()


def test_with_ffmpegs_libraries_hidden_everything_works_through_pyav(video: Video, tmp_path: Path) -> None:
    package = tmp_path / "hidden" / "torchcodec"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "decoders.py").write_text(_HIDDEN)
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(video(frames=12))],
        env={"PYTHONPATH": str(package.parent), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "FFmpeg's shared libraries (versions 4 to 8) were not found. Install them" in done.stdout
    assert not done.stderr


def test_a_missing_torchcodec_prints_the_command_that_installs_it(
    video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchcodec"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchcodec", None)
    monkeypatch.delitem(sys.modules, "ishara.video._torchcodec", raising=False)
    monkeypatch.delattr("ishara.video._torchcodec", raising=False)
    with pytest.raises(IsharaError, match=r"pip install 'ishara\[train\]'"):
        read_video(video(frames=1), backend="torchcodec")


def test_a_torchcodec_that_decodes_nothing_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    torchcodec = pytest.importorskip("ishara.video._torchcodec", exc_type=ImportError)
    monkeypatch.setattr(torchcodec, "decodes", lambda video, shape: False)
    assert backends.torchcodec_or_pyav() == "pyav"
