"""The demo: what it tells to do next works, and it never stands in its own way."""

import io
import json
import shlex
from functools import partial
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from ishara.cli import main
from ishara.clips.corpora.synthetic import generate, synthetic_clip
from ishara.pose.files import write_pose
from ishara.recipe import Recipe
from ishara.training import demo


@pytest.fixture
def small(tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demo on few clips, in one epoch; the path of its recipe."""
    path = tmp_path / "demo.yaml"
    path.write_text(tiny_recipe.with_overrides(["name=demo", "train.max_epochs=1"]).to_yaml(), encoding="utf-8")
    monkeypatch.setattr(demo, "recipe_path", lambda: path)
    monkeypatch.setattr(demo, "generate", partial(generate, glosses=3, signers=4, takes=3))
    return path


def run_demo(folder: Path) -> str:
    out = io.StringIO()
    page = demo.run_demo(folder, Console(file=out, width=80))
    assert page.is_file()
    return out.getvalue()


def ishara(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert words[0] == "ishara"
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


@pytest.mark.slow
def test_it_starts_again_when_its_recipe_has_changed(small: Path, tmp_path: Path) -> None:
    """In a folder whose name would be a section in YAML."""
    folder = tmp_path / "demo: old"
    assert str(folder / "run") in run_demo(folder)
    graph = folder / "run" / "recognizer" / "model.onnx"
    first = graph.stat().st_mtime_ns
    run_demo(folder)
    assert graph.stat().st_mtime_ns == first
    recipe = yaml.safe_load(small.read_text(encoding="utf-8"))
    recipe["optimizer"]["lr"] = 0.002
    small.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    run_demo(folder)
    assert graph.stat().st_mtime_ns != first
    assert Recipe.read(folder / "run" / "recipe.yaml").optimizer.lr == 0.002


def test_the_commands_for_ones_own_clips_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for gloss in ("SYN-01", "SYN-02"):
        for take in range(1, 7):
            write_pose(synthetic_clip(gloss, 1, take), tmp_path / "MY_CLIPS" / gloss / f"{take}.pose")
    mine, _ = demo.next_steps(Path("runs/demo/run"), "clip.pose")
    quick = ["train.max_epochs=1", "split.near_duplicates=ignore"]
    for words in mine:
        ishara(words + (quick if words[1] == "train" else []), monkeypatch)
    assert (tmp_path / "runs/mine/evaluation-test/report.html").is_file()
    assert Recipe.read(tmp_path / "runs/mine/recipe.yaml").name == "MY_CLIPS"


def test_the_commands_for_the_demos_run_work(tiny_run: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, closer = demo.next_steps(tiny_run, str(next(corpus.rglob("*.pose"))))
    for words in closer:
        ishara(words, monkeypatch)


def test_the_commands_are_shown_whole(small: Path, tmp_path: Path) -> None:
    out = run_demo(tmp_path / "demo")
    mine, _ = demo.next_steps(tmp_path / "demo/run", "")
    assert all(shlex.join(words) in out for words in mine)
    assert "-o runs/mine" in out


def test_its_report_looks_into_the_clips(small: Path, tmp_path: Path) -> None:
    page = demo.run_demo(tmp_path / "demo", Console(file=io.StringIO()))
    html = page.read_text(encoding="utf-8")
    assert all(f'<h2 id="{target}">' in html for target in ("clips", "shortcuts", "map"))
    insight = json.loads((page.parent / "summary.json").read_text(encoding="utf-8"))["insight"]
    assert insight["shortcuts"]["tested_on"] == sum(part["clips"] for part in insight["by_hand"]) == 9
