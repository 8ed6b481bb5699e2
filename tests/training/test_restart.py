"""`--restart` throws away a run or a cross-validation, and never anything else."""

import shutil
from pathlib import Path

import pytest

from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.training.restart import throw_away


def a_run(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("recipe.yaml", "manifest.csv", "history.csv"):
        (folder / name).write_text("x")
    return folder


def refused(folder: Path, recipe: Recipe, why: str, keep: Path | None = None) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(IsharaError, match=why):
        throw_away(folder, recipe, keep=keep)
    assert sorted(folder.rglob("*")) == before


def test_a_run_is_thrown_away(tiny_recipe: Recipe, tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    throw_away(run, tiny_recipe)
    assert not run.exists()


def test_a_cross_validation_is_thrown_away(tiny_recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "folds"
    a_run(folder / "U4+U8-seed0")
    a_run(folder / "repeat-1-fold-2-seed12")
    (folder / ".store").mkdir()
    for name in ("predictions.parquet", "report.html", "summary.json", "tiny.json", "plan.json"):
        (folder / name).write_text("x")
    # One that failed before it was a run.
    (folder / "U5-seed0").mkdir()
    for name in (".lock", "error.txt", "choice.json"):
        (folder / "U5-seed0" / name).write_text("x")
    throw_away(folder, tiny_recipe)
    assert not folder.exists()


def test_nothing_there_is_no_mistake(tiny_recipe: Recipe, tmp_path: Path) -> None:
    throw_away(tmp_path / "none", tiny_recipe)
    throw_away(tmp_path, tiny_recipe)
    assert tmp_path.is_dir()


def test_a_folder_of_runs_is_none(tiny_recipe: Recipe, tmp_path: Path) -> None:
    a_run(tmp_path / "runs" / "first")
    a_run(tmp_path / "runs" / "second")
    refused(tmp_path / "runs", tiny_recipe, "does not look like a run")


@pytest.mark.parametrize("name", ["thesis.txt", "thesis/chapter.txt", "U9-seed0/notes.txt"])
def test_a_cross_validation_with_something_else_in_it_is_kept(tiny_recipe: Recipe, tmp_path: Path, name: str) -> None:
    a_run(tmp_path / "folds" / "U4-seed0")
    other = tmp_path / "folds" / name
    other.parent.mkdir(exist_ok=True)
    other.write_text("years")
    refused(tmp_path / "folds", tiny_recipe, "does not look like a run")


def test_a_recipe_alone_is_no_run(tiny_recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("x")
    refused(tmp_path, tiny_recipe, "does not look like a run")


def test_a_link_and_a_file_are_no_run(tiny_recipe: Recipe, tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    (tmp_path / "link").symlink_to(run)
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "link", tiny_recipe, "does not look like a run")
    refused(tmp_path / "file", tiny_recipe, "does not look like a run")
    assert (run / "recipe.yaml").is_file()


def test_what_the_recipe_reads_is_kept(tiny_recipe: Recipe, corpus: Path, tiny_run: Path, tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    data = Path(shutil.copytree(corpus, run / "data"))
    refused(run, tiny_recipe.with_overrides([f"data.root={data}"]), "holds .*data, which is still needed")
    shutil.copy(tiny_run / "manifest.csv", run / "mine.csv")
    source = ["data.corpus=null", "data.root=null"]
    refused(run, tiny_recipe.with_overrides([*source, f"data.manifest={run / 'mine.csv'}"]), "holds .*mine.csv")
    clips = (run / "mine.csv").read_text(encoding="utf-8").replace(str(corpus), str(data))
    (tmp_path / "outside.csv").write_text(clips, encoding="utf-8")
    refused(run, tiny_recipe.with_overrides([*source, f"data.manifest={tmp_path / 'outside.csv'}"]), "holds .*pose")
    refused(run, tiny_recipe.with_overrides([f"model.pretrained={run / 'recognizer'}"]), "holds .*recognizer")
    refused(run, tiny_recipe, "holds .*recipe.yaml", keep=run / "recipe.yaml")


def test_where_one_stands_is_kept(tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(a_run(tmp_path / "run"))
    refused(Path(), tiny_recipe, "which is still needed")


def test_data_that_are_not_there_are_found_first(tiny_recipe: Recipe, tmp_path: Path) -> None:
    refused(a_run(tmp_path / "run"), tiny_recipe.with_overrides(["data.root=nowhere"]), "no data at nowhere")


def test_only_the_first_of_several_processes_throws_a_run_away(
    tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(tmp_path / "run")
    monkeypatch.setenv("LOCAL_RANK", "1")
    throw_away(run, tiny_recipe)
    assert any(run.iterdir())
    monkeypatch.delenv("LOCAL_RANK")
    throw_away(run, tiny_recipe)
    assert not run.exists()
