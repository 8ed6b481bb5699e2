"""`ishara doctor`: what is tried, what a crash looks like, and what decides the exit code."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from ishara.cli import main
from ishara.doctor import Finding, checks, examine, installed, probes
from ishara.doctor.trial import try_out

NEEDED = ("pyav", "pose_format", "onnxruntime")


@pytest.fixture
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of trials that go wrong in every way."""
    (tmp_path / "bad_trials.py").write_text(
        "import os, sys, time\n"
        "name = sys.argv[1]\n"
        "if name == 'crash': os.abort()\n"
        "if name == 'hang': time.sleep(60)\n"
        "if name == 'raise': raise RuntimeError('numpy 2 is too new')\n"
        "if name == 'noise': print('{}')\n"
        'if name == \'odd\': print(\'{"status": "perhaps", "found": "1.0"}\')\n'
        'if name == \'chatty\': print(\'loading …\\n\\n{"status": "works", "found": "1.0"}\')\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "bad_trials"


@pytest.mark.parametrize(
    ("name", "status", "found"),
    [
        ("crash", "fails", "crashed (SIGABRT)"),
        ("raise", "fails", "ended with code 1: RuntimeError: numpy 2 is too new"),
        ("silent", "fails", "ended with code 0: it said nothing"),
        ("noise", "fails", "ended with code 0: it said nothing"),
        ("odd", "fails", "1.0"),
        ("chatty", "works", "1.0"),
    ],
)
def test_however_a_trial_ends_it_is_a_finding(trials: str, name: str, status: str, found: str) -> None:
    assert try_out(name, module=trials) == (status, found)


def test_a_trial_that_hangs_is_given_up(trials: str) -> None:
    assert try_out("hang", module=trials, seconds=0.5) == ("fails", "gave no answer within 0.5 s")


def test_a_file_of_the_current_folder_is_not_taken_for_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "av.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    assert try_out("pyav")[0] == "works"


@pytest.mark.parametrize("name", NEEDED)
def test_what_the_core_needs_works_here(name: str) -> None:
    status, found = try_out(name)
    assert status == "works", found
    assert found[0].isdigit(), "it begins with the version"


@pytest.mark.parametrize("module", ["av", "onnxruntime", "pose_format", "mediapipe", "torchcodec", "torch"])
def test_a_package_that_is_not_installed_is_missing(module: str, capfd: pytest.CaptureFixture[str]) -> None:
    name = {"av": "pyav"}.get(module, module)
    code = f"import sys; sys.modules[{module!r}] = None; from ishara.doctor.probes import main; main({name!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
    result = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert result["status"] == "missing", result


def test_a_library_that_does_its_work_wrongly_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "ishara.video.reader.read_video", lambda *_, **__: type("F", (), {"rgb": np.zeros((1, 2, 2, 3))})
    )
    probes.main("pyav")
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["status"] == "fails"
    assert "expected (12, 64, 64, 3)" in result["found"]


def test_the_model_is_what_it_says() -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load_model_from_string(probes.NEGATE)
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["Neg"]


def test_doctor_itself_loads_no_large_library() -> None:
    code = "import sys, ishara.cli, ishara.doctor; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "torchcodec", "mediapipe", "av", "onnxruntime", "cv2"} & set(loaded)


def test_extras_say_what_is_lacking_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"jinja2": "3.1.6", "matplotlib": "3.2.0"}
    monkeypatch.setattr(installed, "_version", lambda name: there.get(name.lower()))
    lines = ["numpy>=1.26", "jinja2>=3.1; extra == 'report'", "matplotlib>=3.9; extra == 'report'"]
    monkeypatch.setattr(installed, "requires", lambda _: [*lines, "scikit-learn>=1.5; extra == 'report'"])
    report = next(finding for finding in installed.extras() if finding.name == "extra report")
    assert (report.status, report.mend) == ("missing", "pip install 'ishara[report]'")
    assert report.found == "not installed: scikit-learn, matplotlib 3.2.0 (needs >=3.9)"
    monkeypatch.setattr(installed, "requires", lambda _: lines)
    report = next(finding for finding in installed.extras() if finding.name == "extra report")
    assert (report.status, report.found) == ("note", "other versions than it asks for: matplotlib 3.2.0 (needs >=3.9)")
    there.clear()
    assert {finding.status for finding in installed.extras() if finding.name == "extra report"} == {"missing"}


def test_pins_are_compared_with_what_is_installed(tmp_path: Path) -> None:
    own = version("polars")
    lines = ["# a comment", "", f"polars=={own}", "numpy==0.1", "not-there==1", "rich==0.1 ; python_version < '3'"]
    found = installed.compare_pins(lines, tmp_path / "constraints.txt", "tests")
    assert (found.status, found.found) == ("note", f"1 of 2 differ: numpy {version('numpy')} (pinned 0.1)")
    assert "constraints.txt" in (found.mend or "")
    same = installed.compare_pins(lines[:3], tmp_path / "constraints.txt", "tests")
    assert (same.status, same.found, same.mend) == ("works", "1 packages are as pinned", None)


def test_a_build_of_a_pinned_version_is_that_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installed, "_version", lambda _: "2.13.0+cpu")
    assert installed.compare_pins(["torch==2.13.0"], tmp_path, "tests").status == "works"


def test_the_cache_is_looked_at_where_it_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISHARA_CACHE", str(tmp_path / "not" / "yet"))
    assert checks.cache().found.startswith(f"{tmp_path}/not/yet: ")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1e9}))
    assert (checks.cache().status, checks.cache().found) == ("note", f"{tmp_path}/not/yet: only 1.0 GB free")


def test_without_ffmpegs_libraries_nothing_needed_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    finding = checks.ffmpeg()
    assert (finding.status, finding.wrong) == ("missing", False)
    assert "apt install ffmpeg" in (finding.mend or "")


def examined(monkeypatch: pytest.MonkeyPatch, broken: Sequence[str] = (), missing: Sequence[str] = ()) -> list[Finding]:
    def tried(name: str) -> tuple[str, str]:
        return ("fails", "crashed") if name in broken else ("missing", "no") if name in missing else ("works", "1.0")

    monkeypatch.setattr(checks, "try_out", tried)
    return examine()


def test_every_part_that_does_not_work_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for broken, missing in ((tuple(probes.PROBES), ()), ((), tuple(probes.PROBES))):
        findings = examined(monkeypatch, broken, missing)
        wrong = [finding for finding in findings if finding.status in ("fails", "missing")]
        assert len(wrong) >= len(probes.PROBES)
        assert [finding.name for finding in wrong if not (finding.mend and finding.use)] == []


@pytest.mark.parametrize("name", NEEDED)
def test_the_exit_code_is_1_where_the_core_lacks_something(name: str, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["ishara", "doctor"])
    monkeypatch.setattr("ishara.doctor.examine", lambda *_: examined(monkeypatch, broken=[name]))
    with pytest.raises(SystemExit) as ended:
        main()
    out = capsys.readouterr().out
    assert ended.value.code == 1
    assert "does not run here" in out
    assert "pip install --force-reinstall ishara" in out


def test_the_exit_code_is_0_where_only_extras_lack(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["ishara", "doctor", "--json"])
    found = examined(monkeypatch, broken=["mediapipe"], missing=["torch", "torchcodec"])
    monkeypatch.setattr("ishara.doctor.examine", lambda *_: found)
    with pytest.raises(SystemExit) as ended:
        main()
    value = json.loads(capsys.readouterr().out)
    assert ended.value.code in (0, None)
    assert value["healthy"] is True
    by_name = {finding["name"]: finding for finding in value["findings"]}
    assert by_name["PyTorch"]["mend"] == "pip install 'ishara[train]'"
    assert by_name["MediaPipe"]["status"] == "fails"
    assert by_name["Python"]["core"] is True
