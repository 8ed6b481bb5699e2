"""The command line: each command does its job, and a mistake is one line and a non-zero exit."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import typer
import yaml

from ishara.cli import app
from ishara.clips.manifest import Manifest
from ishara.export.metadata import stamp
from ishara.recipe import Recipe
from ishara.recognizer.folder import digest
from ishara.recognizer.runtime import LABELS


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


def test_help_imports_nothing_that_it_does_not_use() -> None:
    program = (
        "import sys\nsys.argv = ['ishara', '--help']\nfrom ishara.cli import main\ntry:\n    main()\n"
        "except SystemExit:\n    heavy = {'numpy', 'polars', 'yaml', 'onnxruntime', 'av', 'torch'}\n"
        "    print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_every_command_argument_and_option_has_help() -> None:
    commands = typer.main.get_command(app).commands
    without = [name for name, command in commands.items() if not command.help]
    without += [f"{name} {p.name}" for name, command in commands.items() for p in command.params if not p.help]
    assert len(commands) >= 10
    assert without == []


def test_wrong_usage_is_code_2_and_shown(ishara) -> None:
    code, _, err = ishara("train", "--no-such-option")
    assert code == 2
    assert "--no-such-option" in err


def test_ctrl_c_says_how_to_go_on(ishara, recipe_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ishara.training.split_clips", stop)
    code, _, err = ishara("train", recipe_file)
    assert code == 130
    assert err == "Stopped. What was finished is kept; the same command goes on from there.\n"


@pytest.mark.parametrize("words", [["corpora"], ["predict", "RUN", "CORPUS", "--json"], ["predict", "RUN", "CORPUS"]])
def test_a_closed_pipe_ends_quietly(words: list[str], tiny_run: Path, corpus: Path) -> None:
    places = {"RUN": str(tiny_run), "CORPUS": str(corpus)}
    code = "import sys; from ishara.cli import main; main()"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", code, *(places.get(word, word) for word in words)],
            stdout=closed, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert done.stderr.decode() == ""
    assert done.returncode == 1


def test_brackets_are_shown_as_they_are(ishara, recipe_file: Path, tiny_run: Path, tmp_path: Path) -> None:
    code, _, err = ishara("predict", tiny_run, "gone[/old].pose", "a[bold]b.pose")
    assert code == 1
    assert "gone[/old].pose" in err
    assert "a[bold]b.pose" in err
    code, _, err = ishara("train", tmp_path / "[red]none[/blue].yaml")
    assert code == 1
    assert "[red]none[/blue].yaml: there is no such recipe" in err
    own = shutil.copytree(tiny_run, tmp_path / "run")
    code, out, err = ishara("evaluate", own, "-o", tmp_path / "measured[/old]")
    assert code == 0, err
    assert str(tmp_path / "measured[/old]" / "report.html") in out


def relabelled(run: Path, folder: Path, labels: list[str]) -> Path:
    """A run's recogniser as if it had been exported with other labels."""
    shutil.copytree(run / "recognizer", folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    stamp(folder / "model.onnx", {LABELS: json.dumps(labels)})
    config["files"]["model.onnx"] = digest(folder / "model.onnx")
    (folder / "config.json").write_text(json.dumps(config | {"labels": labels}), encoding="utf-8")
    return folder


def test_glosses_with_brackets_are_shown_as_they_are(ishara, tiny_run: Path, corpus: Path, tmp_path: Path) -> None:
    labels = ["HOUSE[/]", "[bold]TREE", "[3]"]
    code, out, err = ishara("predict", relabelled(tiny_run, tmp_path / "odd", labels), next(corpus.rglob("*.pose")))
    assert code == 0, err
    assert all(label in out for label in labels)


def test_evaluate_keeps_the_seed_and_counts_what_it_left_out(ishara, tiny_run: Path, tmp_path: Path) -> None:
    run_folder = shutil.copytree(tiny_run, tmp_path / "run")
    manifest = Manifest.read(run_folder / "manifest.csv")
    gone = manifest.where(pl.col("split") == "test").table["id"][0]
    moved = pl.when(pl.col("id") == gone).then(pl.lit("/gone.pose")).otherwise(pl.col("path"))
    Manifest(manifest.table.with_columns(path=moved)).write(run_folder / "manifest.csv")
    config = json.loads((run_folder / "recognizer/config.json").read_text(encoding="utf-8"))
    config["recipe"]["train"]["seed"] = 7
    (run_folder / "recognizer/config.json").write_text(json.dumps(config), encoding="utf-8")
    code, _, err = ishara("evaluate", run_folder, "--results", tmp_path / "results")
    assert code == 0, err
    assert err.splitlines()[-1] == "1 clip could not be read: they are in no figure."
    assert f"Left out {gone}: /gone.pose" in err
    result = json.loads((tmp_path / "results/tiny.test.json").read_text(encoding="utf-8"))
    assert result["summary"]["seeds"] == [7]
    assert result["summary"]["clips"] == 8
    assert result["unreadable"].keys() == {gone}
    assert result["protocol"]["tested"] == "the corpus's own test split"


def test_evaluate_of_other_clips_leaves_the_runs_own_report(
    ishara, tiny_run: Path, corpus: Path, tmp_path: Path
) -> None:
    run_folder = shutil.copytree(tiny_run, tmp_path / "run")
    manifest = Manifest.read(run_folder / "manifest.csv")
    others = Manifest(manifest.table.with_columns(split=pl.lit(None, pl.String)))
    others.write(tmp_path / "others.csv")
    code, out, err = ishara("evaluate", run_folder, "--manifest", tmp_path / "others.csv")
    assert code == 0, err
    assert "36 clips" in out
    assert "Warning: 27 of these clips share their id or file with clips that this run was trained or chosen on" in err
    facts = json.loads((run_folder / "evaluation-others-all/summary.json").read_text(encoding="utf-8"))["facts"]
    assert "Side" not in facts
    assert facts["Corpus"] == str(tmp_path / "others.csv")
    assert facts["Who is tested"] == "every clip of it"
    assert facts["Near-identical clips"] == "not checked"
    assert facts["Clips that the model learnt from"] == "27, by id or file"
    manifest.where(pl.col("split") == "test").write(tmp_path / "own.csv")
    code, _, err = ishara("evaluate", run_folder, "--manifest", tmp_path / "own.csv")
    assert (code, err.strip()) == (0, "")
    facts = json.loads((run_folder / "evaluation-own-test/summary.json").read_text(encoding="utf-8"))["facts"]
    assert facts["Who is tested"] == "its clips of the side test"
    assert not (run_folder / "evaluation-test").exists()
    code, _, err = ishara("evaluate", run_folder, "--manifest", tmp_path / "others.csv", "--results", tmp_path)
    assert code == 1
    assert "own test side" in err


def test_an_evaluation_that_cannot_be_names_what_there_is(ishara, tiny_run: Path, tmp_path: Path) -> None:
    code, _, err = ishara("evaluate", tiny_run, "--split", "tests")
    assert code == 1
    assert "Choose from: test, train, validation. Did you mean 'test'?" in err
    alone = shutil.copytree(tiny_run / "recognizer", tmp_path / "alone")
    code, _, err = ishara("evaluate", alone)
    assert code == 1
    assert "--manifest" in err
    shutil.copy(tiny_run / "manifest.csv", tmp_path / "some.csv")
    manifest = Manifest.read(tiny_run / "manifest.csv")
    manifest.where(pl.col("split") == "train").write(tmp_path / "some.csv")
    code, _, err = ishara("evaluate", tiny_run, "--manifest", tmp_path / "some.csv")
    assert code == 1
    assert "holds no clip of the side 'test', only of train" in err


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
    assert "top-1 per class" in out
    code, out, err = ishara("compare", tmp_path / "a", tmp_path / "b", "--json", "-o", tmp_path / "both")
    assert code == 0, err
    told = json.loads(out)
    assert told["clips"] == 9
    assert told["verdict"] in (tmp_path / "both/report.html").read_text(encoding="utf-8")
    code, out, err = ishara("ensemble", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "mean")
    assert code == 0, err
    assert "Ensemble of 2" in (tmp_path / "mean/report.html").read_text(encoding="utf-8")
    each = [pl.read_parquet(tmp_path / run / "evaluation-test/predictions.parquet") for run in ("a", "b")]
    mean = pl.read_parquet(tmp_path / "mean/predictions.parquet").sort("clip")
    column = next(name for name in mean.columns if name.startswith("p:"))
    wanted = sum(table.sort("clip")[column] for table in each) / 2
    assert mean[column].to_list() == pytest.approx(wanted.to_list(), abs=1e-6)
    code, out, err = ishara("train", recipe_file, "optimizer.lr=0.001", "train.max_epochs=1", "-o", tmp_path / "a")
    assert code == 0, err
    assert "was finished already; nothing was trained" in out
    clip = next(corpus.rglob("*.pose"))
    code, out, err = ishara("predict", tmp_path / "a", clip, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert sum(told["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert told["attention"][0].keys() == {"time", "weight"}
    code, out, err = ishara("check", tmp_path / "a")
    assert code == 0, err
    assert "parity" in out


def test_a_gloss_that_the_terminal_cannot_show_is_no_error(tiny_run: Path, corpus: Path, tmp_path: Path) -> None:
    odd = relabelled(tiny_run, tmp_path / "odd", ["চা", "TEA", "TREE"])
    done = subprocess.run(
        [sys.executable, "-c", "from ishara.cli import main; main()", "predict", odd, next(corpus.rglob("*.pose"))],
        capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert rb"\u099a\u09be" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["index", "synthetic", "CORPUS", "-o", "FILE/x.csv"],
        ["evaluate", "RUN", "-o", "FILE"],
        ["evaluate", "RUN", "-o", "FILE/x"],
        ["train", "RECIPE", "-o", "FILE"],
        ["train", "RECIPE", "-o", "FILE/x"],
    ],
)
def test_what_cannot_be_written_is_one_line(
    ishara, words: list[str], corpus: Path, tiny_run: Path, recipe_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    places = {"CORPUS": corpus, "RUN": tiny_run, "RECIPE": recipe_file, "FILE": tmp_path / "file"}
    for name, place in places.items():
        words = [word.replace(name, str(place)) for word in words]
    code, _, err = ishara(*words)
    assert code == 1
    assert len(err.strip().splitlines()) == 1
    assert str(tmp_path / "file") in err
    assert (tmp_path / "file").read_text() == "mine"


def test_check_of_a_recipe_tells_what_it_found(ishara, recipe_file: Path) -> None:
    code, out, _ = ishara("check", recipe_file)
    assert code == 0
    for promise in ("parameters", "shapes", "padding", "gradients", "overfits"):
        assert promise in out
    code, out, _ = ishara("check", recipe_file, "optimizer.lr=0.1", "data.root=nowhere")
    assert code == 1
    assert "nowhere" in out


def test_a_recogniser_is_checked_by_its_name(ishara, tiny_run: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("ishara.recognizer.names.PRETRAINED", tmp_path / "pretrained")
    shutil.copytree(tiny_run / "recognizer", tmp_path / "pretrained" / "tiny")
    monkeypatch.setenv("ISHARA_HOME", str(tmp_path / "home"))
    code, out, err = ishara("check", "tiny")
    assert code == 0, err
    assert "parity" in out


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
    insight = json.loads((tmp_path / "folds/summary.json").read_text(encoding="utf-8"))["insight"]
    assert insight["shortcuts"]["folds"] == 4
    assert sum(part["clips"] for part in insight["by_hand"]) == 36


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["train", "none.yaml"], "none.yaml: there is no such recipe"),
        (["index", "wlaslx", "."], "wlaslx"),
        (["index", "fingerspelling", "nowhere"], "nowhere"),
        (["predict", "nowhere", "a.pose"], "nowhere: is not a recogniser"),
        (["evaluate", "nowhere"], "nowhere: is not a recogniser"),
        (["compare", "nowhere", "elsewhere"], "there are no such predictions"),
        (["ensemble", "nowhere", "-o", "mean"], "there are no such predictions"),
        (["check", "nowhere.yaml"], "there is no such recipe"),
        (
            ["crossval", "a.yaml", "--protocol", "leave-one-out"],
            "stratified-k-fold. Did you mean 'leave-one-group-out'?",
        ),
        (["crossval", "a.yaml", "--protocol", "leave-one-out"], "leave-one-signer-out, stratified"),
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
    assert yaml.safe_load((run_folder / "recipe.yaml").read_text(encoding="utf-8"))["train"]["max_epochs"] == 1


@pytest.mark.parametrize("command", ["train", "crossval"])
@pytest.mark.parametrize(
    "mistake", ["train.max_epochs=0", "model.name=spotter", "pose.skeleton=spoter55", "data.root=nowhere"]
)
def test_a_mistake_is_found_before_anything_is_thrown_away(
    ishara, command: str, mistake: str, recipe_file: Path, tiny_run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folds"
    run_folder = shutil.copytree(tiny_run, folder / "a-seed0" if command == "crossval" else folder)
    code, _, err = ishara(command, recipe_file, mistake, "-o", folder, "--restart")
    assert code == 1
    assert mistake.partition("=")[2] in err
    assert (run_folder / "recognizer/model.onnx").is_file()


def test_a_command_line_that_only_asks_for_help_waits_for_no_library() -> None:
    code = "import sys, ishara.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pydantic", "polars", "av", "onnxruntime", "torch"} & set(loaded)
