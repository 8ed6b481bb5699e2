"""The command line: each command does its job, and a mistake is one line and a non-zero exit."""

import json
import shutil
from pathlib import Path

import pytest

from ishara.cli import main
from ishara.recipe import Recipe


def run(*words: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["ishara", *map(str, words)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else 0 if code is None else 1), out, err


@pytest.fixture
def ishara(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    return lambda *words: run(*words, monkeypatch=monkeypatch, capsys=capsys)


@pytest.fixture
def recipe_file(tiny_recipe: Recipe, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(tiny_recipe.to_yaml(), encoding="utf-8")
    return path


def test_help_names_every_command(ishara) -> None:
    code, out, _ = ishara("--help")
    assert code == 0
    for command in ("corpora", "index", "train", "crossval", "evaluate", "compare", "predict", "check", "demo"):
        assert command in out


def test_corpora_lists_language_licence_and_source(ishara) -> None:
    code, out, _ = ishara("corpora")
    assert code == 0
    assert "fingerspelling" in out
    assert "MIT" in out


def test_index_writes_a_manifest_that_can_be_trained_on(ishara, corpus: Path, tmp_path: Path) -> None:
    code, out, _ = ishara("index", "synthetic", corpus, "-o", tmp_path / "clips.csv")
    assert code == 0
    assert "36 clips of 3 glosses, signers: 4" in out
    assert (tmp_path / "clips.csv").is_file()


def test_train_evaluate_compare_predict_check(ishara, recipe_file: Path, corpus: Path, tmp_path: Path) -> None:
    for name, lr in (("a", 0.001), ("b", 0.002)):
        code, out, err = ishara("train", recipe_file, f"optimizer.lr={lr}", "train.max_epochs=1", "-o", tmp_path / name)
        assert code == 0, err
        assert "ishara evaluate" in out
        code, out, err = ishara("evaluate", tmp_path / name)
        assert code == 0, err
        assert "top-1 per instance" in out
    assert "http" not in (tmp_path / "a/evaluation-test/report.html").read_text(encoding="utf-8").split("<body")[0]
    summary = json.loads((tmp_path / "a/evaluation-test/summary.json").read_text(encoding="utf-8"))
    assert summary["summary"]["clips"] == 9
    assert "chance is 33.3%" in (tmp_path / "a/recognizer/README.md").read_text(encoding="utf-8")
    code, out, err = ishara("compare", tmp_path / "a", tmp_path / "b")
    assert code == 0, err
    assert "top1" in out
    clip = next(corpus.rglob("*.pose"))
    code, out, err = ishara("predict", tmp_path / "a", clip, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert sum(told["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert told["attention"][0].keys() == {"time", "weight"}
    code, out, err = ishara("check", tmp_path / "a")
    assert code == 0, err
    assert "parity" in out


def test_predict_goes_on_after_a_bad_clip_and_says_so(ishara, tiny_run: Path, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.pose").write_bytes(b"")
    good = next(corpus.rglob("*.pose"))
    code, out, err = ishara("predict", tiny_run, tmp_path / "bad.pose", good)
    assert code == 1
    assert good.name in out
    assert "bad.pose" in err
    assert "Traceback" not in err


def test_check_of_a_recipe_tells_what_it_found(ishara, recipe_file: Path) -> None:
    code, out, _ = ishara("check", recipe_file)
    assert code == 0
    for promise in ("parameters", "shapes", "padding", "gradients", "overfits"):
        assert promise in out
    code, out, _ = ishara("check", recipe_file, "optimizer.lr=0.1", "data.root=nowhere")
    assert code == 1
    assert "nowhere" in out


def test_crossval_writes_a_result(ishara, recipe_file: Path, tmp_path: Path) -> None:
    words = ["split.by=group", "split.validation=0.3", "train.max_epochs=1", "--protocol", "leave-one-signer-out"]
    code, out, err = ishara(
        "crossval", recipe_file, *words, "-o", tmp_path / "folds", "--results", tmp_path / "results"
    )
    assert code == 0, err
    result = json.loads((tmp_path / "results/tiny.json").read_text(encoding="utf-8"))
    assert len(result["folds"]) == 4
    assert result["summary"]["clips"] == 36
    assert result["versions"]["torch"]
    assert "worst" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["train", "none.yaml"], "none.yaml: there is no such recipe"),
        (["index", "wlaslx", "."], "wlaslx"),
        (["index", "fingerspelling", "nowhere"], "nowhere"),
        (["predict", "nowhere", "a.pose"], "nowhere: is not a recogniser"),
        (["evaluate", "nowhere"], "nowhere: is not a recogniser"),
        (["compare", "nowhere", "elsewhere"], "there are no such predictions"),
        (["check", "nowhere.yaml"], "there is no such recipe"),
    ],
)
def test_a_mistake_is_one_line(ishara, words: list[str], expected: str) -> None:
    code, _, err = ishara(*words)
    assert code == 1
    assert expected in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


def test_restart_never_throws_away_what_is_no_run(ishara, recipe_file: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    code, _, err = ishara("train", recipe_file, "-o", tmp_path / "mine", "--restart")
    assert code == 1
    assert "does not look like a run" in err
    assert (tmp_path / "mine" / "thesis.txt").is_file()


def test_restart_begins_again(ishara, recipe_file: Path, tiny_run: Path, tmp_path: Path) -> None:
    run_folder = shutil.copytree(tiny_run, tmp_path / "run")
    words = ["train", recipe_file, "train.max_epochs=1", "-o", run_folder]
    assert ishara(*words)[0] == 1
    assert ishara(*words, "--restart")[0] == 0
