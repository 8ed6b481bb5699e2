"""The wheel, installed away from the checkout: the recognisers that come with Ishara are found and predict."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.pose.files import write_pose

from .live.program import live_program

ROOT = Path(__file__).resolve().parents[1]
_SOURCES = ("src", "recipes", "pyproject.toml", "constraints.txt", "LICENSE", "README.md", "CHANGELOG.md")


@pytest.fixture(scope="module")
def outside(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel, which also ships the tiny recogniser as ``tiny``."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed, which builds the wheel: pip install -e '.[dev]'")
    place = tmp_path_factory.mktemp("outside")
    checkout = place / "checkout"
    checkout.mkdir()
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, checkout / name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
        else:
            shutil.copyfile(source, checkout / name)
    shutil.copytree(tiny_run / "recognizer", checkout / "src/ishara/pretrained/tiny")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels = place / "wheels"
    run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", wheels, checkout], place)
    (wheel,) = wheels.glob("ishara-*.whl")
    home = place / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", home], place)
    python = home / "bin" / "python"
    run([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], place)
    # What Ishara needs comes from here, without what makes the checkout importable: a path in a .pth file is only that.
    own = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], place).strip()
    paths = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (Path(own) / "dependencies.pth").write_text("\n".join(paths), encoding="utf-8")
    shutil.rmtree(checkout)
    return python


def run(command: list[object], folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_recognisers_come_with_the_wheel_and_predict(outside: Path, tmp_path: Path) -> None:
    where = run([outside, "-c", "import ishara; print(ishara.__file__)"], tmp_path)
    assert where.startswith(str(outside.parent.parent))
    write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose")
    for name in ("fingerspelling", "tiny"):
        said = json.loads(run([outside, "-m", "ishara", "predict", name, "clip.pose", "--json"], tmp_path))
        assert said["gloss"] in said["probabilities"]
        card = run(
            [outside, "-c", f"import ishara; print((ishara.load({name!r}).folder / 'README.md').read_text())"], tmp_path
        )
        assert "## What it is for" in card


@pytest.mark.slow
def test_the_installed_program_serves_the_page_and_the_model(outside: Path, tmp_path: Path) -> None:
    clip = write_pose(synthetic_clip("SYN-01"), tmp_path / "clip.pose")
    for name, model in (("fingerspelling", ()), ("tiny", ("tiny",))):
        with live_program([outside.parent / "ishara", "live", *model], tmp_path) as address:
            page = asked(f"{address}/").decode()
            for path in re.findall(r'(?:src|href)="(/page/[^"]+)"', page):
                assert asked(address + path), path
            health = json.loads(asked(f"{address}/health"))
            assert health == {"status": "ok", "token_needed": False, "sessions": 0, "most_sessions": 8}
            form = urllib.request.Request(f"{address}/predict?top=1000", *form_with(clip))
            told = json.loads(asked(form))
        said = json.loads(run([outside, "-m", "ishara", "predict", name, "clip.pose", "--json"], tmp_path))
        assert told["gloss"] == said["gloss"]
        shares = {guess["gloss"]: guess["probability"] for guess in told["ranked"]}
        assert shares == pytest.approx(said["probabilities"], abs=1e-5)


def asked(request: str | urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def form_with(clip: Path) -> tuple[bytes, dict[str, str]]:
    """A form with a file in the field ``clip``: its body and headers."""
    head = f'--x\r\nContent-Disposition: form-data; name="clip"; filename="{clip.name}"\r\n\r\n'
    body = head.encode() + clip.read_bytes() + b"\r\n--x--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=x"}
