"""Values are chosen inside each fold, from what the fold does not test; what was chosen is kept and told."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.predictions import Predictions
from ishara.evaluation.run import publish
from ishara.recipe import Recipe
from ishara.training.nested import candidates
from ishara.training.progress import Standing
from ishara.training.protocol import crossval
from ishara.training.restart import throw_away
from ishara.training.results import choice_facts, result

GRID = "protocol.choose={grid: {optimizer.lr: [0.1, 0.2], model.options.layers: [1, 2]}, inner: 2}"
Learner = Callable[[Recipe, Manifest, Path], Predictions]


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    """Four folds of a signer each, four candidates, two inner folds: 32 inner jobs and 4 outer ones."""
    return tiny_recipe.with_overrides(["split.by=group", "split.validation=0", GRID])


def skilled(right: Callable[[Recipe, str], bool], learnt: list[Path] | None = None) -> Learner:
    """Right about a signer's clips with the recipes that are said to be, else wrong about them."""

    def learner(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
        if learnt is not None:
            learnt.append(folder)
        tested = manifest.where(pl.col("split") == "test")
        glosses = manifest.glosses
        said = [(glosses.index(clip.gloss) + (not right(recipe, clip.signer))) % len(glosses) for clip in tested]
        return Predictions.build(tested, np.eye(len(glosses))[said], glosses)

    return learner


def likes(recipe: Recipe, signer: str) -> bool:
    """Signer 1 is only known with the third candidate; the others with the second."""
    values = (recipe.optimizer.lr, recipe.model.options["layers"])
    return values == ((0.2, 1) if signer == "signer-01" else (0.1, 2))


def test_each_fold_takes_the_candidate_that_did_best_on_the_others(recipe: Recipe, tmp_path: Path) -> None:
    measured = crossval(recipe, tmp_path, learner=skilled(likes))
    assert {name: choice.chosen for name, choice in measured.choices.items()} == {
        f"signer-0{i}": 1 for i in range(1, 5)
    }
    by_signer = measured.choices["signer-01"]
    assert [c.mean for c in by_signer.candidates] == [0, 1, 0, 0]
    other = measured.choices["signer-02"].candidates
    # Its three others are parted in two inner folds, of two and of one.
    assert [set(c.scores) for c in other] == [{"fold-1-seed0", "fold-2-seed0"}] * 4
    assert other[1].mean == np.mean(list(other[1].scores.values()))
    assert other[1].mean >= other[2].mean > other[0].mean == 0
    table = measured.predictions.table
    right = table.filter(pl.col("predicted") == pl.col("gloss"))["signer"].unique()
    assert sorted(right) == ["signer-02", "signer-03", "signer-04"]
    assert len(table) == 36, "inner jobs are in no figure"
    used = Recipe.read(tmp_path / "signer-02-seed0" / "recipe.yaml")
    assert (used.optimizer.lr, used.model.options["layers"]) == (0.1, 2)


def test_no_inner_job_sees_a_clip_that_its_fold_tests(recipe: Recipe, tmp_path: Path) -> None:
    seen: dict[str, set[str]] = {}

    def learner(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
        if folder.parent != tmp_path:
            own = manifest.where(pl.col("split").is_not_null())
            seen.setdefault(folder.parent.name, set()).update(own.table["signer"])
        return skilled(likes)(recipe, manifest, folder)

    crossval(recipe, tmp_path, learner=learner)
    assert seen == {f"signer-0{i}": {f"signer-0{j}" for j in range(1, 5) if j != i} for i in range(1, 5)}


def test_what_was_chosen_is_in_the_fold_the_result_and_the_report(recipe: Recipe, tmp_path: Path) -> None:
    two = recipe.with_overrides(["protocol.seeds=[0, 1]"])
    measured = crossval(two, tmp_path, learner=skilled(likes))
    for seed in (0, 1):
        kept = json.loads((tmp_path / f"signer-03-seed{seed}" / "choice.json").read_text(encoding="utf-8"))
        assert kept["candidates"][kept["chosen"]]["values"] == {"optimizer.lr": 0.1, "model.options.layers": 2}
        assert kept["monitor"] == "class_top1"
    figures = result(two, measured, learner="ishara")
    assert figures["choices"]["signer-03"] == kept
    page, _ = publish(tmp_path, measured.predictions, two, measured=choice_facts(measured))
    text = page.read_text(encoding="utf-8")
    assert "Chosen inside fold signer-03" in text
    assert "optimizer.lr=0.1 model.options.layers=2 (" in text


def test_among_equals_the_first_is_taken(recipe: Recipe, tmp_path: Path) -> None:
    measured = crossval(recipe, tmp_path, learner=skilled(lambda *_: True))
    assert {choice.chosen for choice in measured.choices.values()} == {0}


def test_an_interrupted_choice_goes_on_job_by_job(recipe: Recipe, tmp_path: Path) -> None:
    learnt: list[Path] = []

    def until(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
        if len(learnt) == 9:
            raise KeyboardInterrupt
        return skilled(likes, learnt)(recipe, manifest, folder)

    with pytest.raises(KeyboardInterrupt):
        crossval(recipe, tmp_path, learner=until)
    first = list(learnt)
    told: list[Standing] = []
    learnt.clear()
    measured = crossval(recipe, tmp_path, learner=skilled(likes, learnt), report=told.append)
    assert (told[0].done, told[0].total) == (9, 36)
    assert len(learnt) == 27
    assert not set(first) & set(learnt)
    assert measured.choices["signer-04"].chosen == 1


def test_a_failed_inner_job_fails_its_fold_alone(recipe: Recipe, tmp_path: Path) -> None:
    def learner(recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
        if folder == tmp_path / "choice" / "signer-02" / "3-fold-1-seed0":
            raise IsharaError("It cannot be.")
        return skilled(likes)(recipe, manifest, folder)

    with pytest.raises(IsharaError, match=r"1 of 36 jobs failed\. choice/signer-02/3-fold-1-seed0: It cannot be\."):
        crossval(recipe, tmp_path, learner=learner)
    assert sorted(path.parent.name for path in tmp_path.glob("*-seed0/predictions.parquet")) == [
        "signer-01-seed0", "signer-03-seed0", "signer-04-seed0",
    ]  # fmt: skip


def test_seeds_added_to_the_protocol_choose_nothing_anew(recipe: Recipe, tmp_path: Path) -> None:
    crossval(recipe, tmp_path, learner=skilled(likes))
    learnt: list[Path] = []
    crossval(recipe.with_overrides(["protocol.seeds=[0, 1]"]), tmp_path, learner=skilled(likes, learnt))
    assert sorted(path.name for path in learnt) == [f"signer-0{i}-seed1" for i in range(1, 5)]


def test_restart_throws_a_choice_away_too(recipe: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "folds"
    crossval(recipe, folder, learner=skilled(likes))
    (folder / "choice" / "notes.txt").write_text("years")
    with pytest.raises(IsharaError, match="does not look like a run"):
        throw_away(folder, recipe)
    (folder / "choice" / "notes.txt").unlink()
    throw_away(folder, recipe)
    assert not folder.exists()


def test_a_choice_is_trained_and_measured(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """With the real learner: the smallest choice that there can be."""
    recipe = tiny_recipe.with_overrides(
        [
            "train.max_epochs=1",
            "split.validation=0",
            "protocol.name=held-out",
            "protocol.choose={grid: {train.ema: [0.5, 0]}, inner: 2}",
        ]
    )
    measured = crossval(recipe, tmp_path)
    runs = {path.parents[1].relative_to(tmp_path).as_posix() for path in tmp_path.glob("**/model.onnx")}
    inner = {f"choice/held-out/{number}-fold-{fold}-seed0" for number in (1, 2) for fold in (1, 2)}
    assert runs == inner | {"held-out-seed0"}
    assert len([path for path in tmp_path.glob("**/.store/*") if path.is_dir()]) == 1
    assert 0 <= measured.choices["held-out"].best.mean <= 1


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ("{optimizer.lr: [0.1, -1]}", r"protocol\.choose\.grid, optimizer\.lr=-1: .*found -1"),
        ("{optimiser.lr: [0.1, 1]}", r"there is no key 'optimiser'.*Did you mean 'optimizer'"),
        ("{model.options.layer: [1, 2]}", r"grid, model\.options\.layer=1: .*layers"),
        ("{model.name: [spoter, spotter]}", r"grid, model\.name=spotter: .*Did you mean 'spoter'"),
        ("{split.test: [0.1, 0.2]}", "split.test says what is measured and how, so it cannot be chosen"),
        ("{train.seed: [0, 1]}", "train.seed says what is measured"),
        ("{optimizer.lr: []}", "optimizer.lr has no values to try"),
        ("{}", "it has no values to try"),
        ("3", "found 3; expected keys of the recipe, each with a list of values to try"),
    ],
)
def test_a_grid_that_cannot_be_is_refused_before_anything_is_done(recipe: Recipe, tmp_path: Path, grid, says) -> None:
    with pytest.raises(IsharaError, match=says):
        crossval(recipe.with_overrides([f"protocol.choose.grid={grid}"]), tmp_path, learner=skilled(likes))
    assert not list(tmp_path.iterdir())


def test_candidates_may_have_any_values(tiny_recipe: Recipe) -> None:
    grid = (
        "{augment.preset: [none, bengali], optimizer.lr: [1.0e-5], train.patience: [null, 3], augment.scale: [[1, 2]]}"
    )
    made = candidates(tiny_recipe.with_overrides([f"protocol.choose={{grid: {grid}}}"]))
    assert [(r.augment.perspective, r.augment.hand_noise, r.train.patience) for r in made] == [
        (0, 0, None), (0, 0, 3), (15, 0.05, None), (15, 0.05, 3),
    ]  # fmt: skip
    assert {(r.optimizer.lr, r.augment.scale) for r in made} == {(1e-5, (1, 2))}
