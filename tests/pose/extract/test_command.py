"""`ishara extract`: its options become the estimator's, and it says what it does."""

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from ishara.cli import extract as command
from ishara.cli import main
from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.pose.extract import Job, Outcome, Work


@pytest.fixture
def ishara(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ishara", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def manifest(jobs_of, fake, tmp_path: Path) -> Path:
    clips = [Clip(job.id, job.source, "TEA") for job in jobs_of(fake.GOOD, fake.NOBODY, fake.OTHER)]
    return Manifest.from_clips(clips).write(tmp_path / "clips.csv")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, work: Work) -> list[dict[str, object]]:
    """The options that reach the estimator, which is the fake one."""
    seen: list[dict[str, object]] = []

    def pretend(options: dict[str, object]) -> Work:
        seen.append(options)
        return Work(work.make, {**work.settings, **{k: v for k, v in options.items() if k != "models"}})

    monkeypatch.setattr(command, "_work", pretend)
    return seen


def test_a_run_a_second_one_and_one_with_other_settings(ishara, manifest, given, tmp_path):
    words = ["extract", manifest, "-o", tmp_path / "poses", "--workers", 0]
    code, out, err = ishara(*words)
    assert code == 0
    assert out == f"2 clips extracted, 0 were there, 1 failed → {tmp_path}/poses/manifest.csv\n"
    assert err == f"1 clip could not be extracted; the reasons are in {tmp_path}/poses/failures.csv\n"
    assert ishara(*words)[1].startswith("0 clips extracted, 2 were there, 1 failed")
    code, _, err = ishara(*words, "--complexity", 1, "--stride", 2)
    assert code == 1
    assert "2 of its clips were extracted with other settings (stride is 2, was not set)" in err
    code, out, _ = ishara(*words, "--stride", 2, "--redo")
    assert code == 0
    assert out.startswith("2 clips extracted, 0 were there")
    assert given[:2] == [{}, {}]
    assert given[2] == {"complexity": 1, "stride": 2}


def test_options_are_the_estimators(ishara, manifest, given, tmp_path):
    words = ["--face", "--no-refine", "--models", tmp_path, "--complexity", 2]
    assert ishara("extract", manifest, "-o", tmp_path / "poses", "--workers", 0, *words)[0] == 0
    assert given == [{"face": True, "refine": False, "models": tmp_path, "complexity": 2}]


def test_what_is_not_given_is_as_the_estimator_has_it():
    from ishara.pose.estimate import EstimatorOptions
    from ishara.pose.extract import settings_of

    work = command._work({"stride": 3})
    assert work.settings == settings_of(EstimatorOptions(stride=3))
    assert work.make.args == (EstimatorOptions(stride=3),)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["none.csv", "-o", "poses"], "none.csv: there is no such manifest"),
        (["MANIFEST", "-o", "poses", "--workers", "2", "--scheduler", "tcp://a:1"], "give one of them"),
        (["MANIFEST", "-o", "MANIFEST"], "clips.csv: is a file; expected a folder"),
        ([".", "-o", "poses"], ".: is a folder; expected a manifest, such as manifest.csv"),
        (["MANIFEST", "-o", "nosuch://x"], "nosuch://x: cannot be reached"),
    ],
)
def test_a_mistake_is_one_line(ishara, manifest, words, expected, monkeypatch):
    monkeypatch.chdir(manifest.parent)
    code, _, err = ishara("extract", *(str(manifest) if word == "MANIFEST" else word for word in words))
    assert code == 1
    assert expected in err
    assert len(err.strip().splitlines()) == 1


FILL_A_DISK = """
mount -t tmpfs -o size=40k none "$1"
"${@:2}"; echo "code $?"; echo "left $(ls -A "$1" | grep -v '^[0-9]*\\.pose$')"
mount -o remount,size=4M "$1"
"${@:2}"; echo "code $?"
"""


def test_a_disk_that_is_full_stops_it_and_with_room_the_same_command_goes_on(jobs_of, fake, home, tmp_path):
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    can = subprocess.run([*alone, "mount", "-t", "tmpfs", "none", home], capture_output=True, check=False)
    if can.returncode:
        pytest.skip(f"no disk of a given size can be mounted here: {can.stderr.decode().strip()}")
    clips = [Clip(job.id, job.source, "TEA") for job in jobs_of(*[fake.GOOD] * 10)]
    manifest = Manifest.from_clips(clips).write(tmp_path / "clips.csv")
    program = [sys.executable, fake.__file__, home, "extract", manifest, "-o", tmp_path / "poses", "--workers", "0"]
    words = [*alone, "bash", "-c", FILL_A_DISK, "bash", tmp_path / "poses", *program]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.count("\n") == 1
    found = re.search(
        r"cannot be written \(No space left on device\)\. .*(\d) of 10 clips are extracted",
        done.stderr,
    )
    kept = int(found[1])
    assert 0 < kept < 10
    assert done.stdout == (
        f"code 1\nleft extraction.jsonl\n{10 - kept} clips extracted, {kept} were there, 0 failed → "
        f"{tmp_path}/poses/manifest.csv\ncode 0\n"
    )


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from ishara.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'torch', 'mediapipe', 'av', 'cv2', 'distributed', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "extract", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.endswith("[]\n")


def outcomes(failures: list[bool]) -> Iterator[Outcome]:
    for i, failed in enumerate(failures):
        yield Outcome(Job(str(i), "a.mp4", "a.pose"), "is empty." if failed else None)


def test_on_a_terminal_a_bar_tells_rate_time_left_and_failures(monkeypatch):
    screen = io.StringIO()
    clock = iter(range(0, 10_000, 5))
    monkeypatch.setattr(command, "errors", Console(file=screen, force_terminal=True, width=160))
    monkeypatch.setattr("rich.progress.monotonic", lambda: float(next(clock)), raising=False)
    assert len(list(command.show_extraction(outcomes([False, True, False, False]), 5))) == 4
    shown = screen.getvalue()
    assert "4/5" in shown
    assert "1 failed" in shown


def test_elsewhere_it_tells_a_line_a_minute(monkeypatch, capsys):
    clock = iter(range(0, 10_000, 30))
    monkeypatch.setattr(command.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(command, "errors", Console(stderr=True, force_terminal=False))
    assert len(list(command.show_extraction(outcomes([False] * 8), 8))) == 8
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["3 of 8 clips, 2.0 clips/min, about 2 min left", "6 of 8 clips, 2.0 clips/min, about 1 min left"]


def test_a_rate_is_told_so_that_it_can_be_read():
    assert command._rate(12.34) == "12.3 clips/s"
    assert command._rate(0.25) == "15.0 clips/min"


def test_the_manifest_that_is_read_is_not_replaced(ishara, manifest, given, tmp_path):
    (tmp_path / "here").mkdir()
    own = manifest.rename(tmp_path / "here" / "manifest.csv")
    before = own.read_bytes()
    code, _, err = ishara("extract", own, "-o", tmp_path / "here", "--workers", 0)
    assert code == 1
    assert "would be replaced by the manifest of the landmarks" in err
    assert own.read_bytes() == before
