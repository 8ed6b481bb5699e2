"""`ishara demo`: the whole life of a recogniser on a synthetic corpus, in about a minute."""

from __future__ import annotations

import json
import shlex
import shutil
from functools import partial
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.markup import escape

from ishara.clips.corpora.synthetic import generate
from ishara.clips.manifest import Manifest
from ishara.console import figures_table, one_line, share
from ishara.errors import IsharaError
from ishara.evaluation.closer import look_closer
from ishara.evaluation.metrics import summarise
from ishara.evaluation.run import evaluate_clips, publish
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.training.callbacks import HISTORY
from ishara.training.folds import split_clips
from ishara.training.run import fit, verify_run

# In a wheel the recipes lie inside the package; in a checkout, beside src/.
_RECIPES = (Path(__file__).parents[1] / "recipes", Path(__file__).parents[3] / "recipes")


def run_demo(folder: Path, console: Console) -> Path:
    """Generate a corpus, train on some of its signers, evaluate on others, and predict a clip of a signer never seen.

    Parameters
    ----------
    folder
        Gets the corpus, the run and the report. What is there from an earlier demo is used again, as far as the demo's
        recipe is still the same.
    console
        Where to tell what happens.

    Returns
    -------
    The report's path.
    """
    say = partial(console.print, soft_wrap=True, highlight=False)
    corpus = folder / "corpus"
    console.rule("1  Index")
    manifest = generate(corpus)
    signs = f"{len(manifest)} synthetic clips of {len(manifest.glosses)} invented signs by generated signers"
    say(f"{signs}: {escape(str(corpus))}")
    # JSON is YAML: any path is taken as it is written.
    recipe = Recipe.read(recipe_path(), [f"data.root={json.dumps(str(corpus))}"])
    manifest = split_clips(recipe)

    console.rule("2  Train")
    run = folder / "run"
    _forget_another(recipe, manifest, run)
    recognizer = fit(recipe, manifest, run)
    say(escape(f"{recognizer}, exported to ONNX and proven equal to torch: {recognizer.folder}"))

    console.rule("3  Evaluate on signers it has never seen")
    test = manifest.where(pl.col("split") == "test")
    found = evaluate_clips(recognizer, test, group=recipe.split.group, seed=recipe.train.seed)
    summary = summarise(found.predictions)
    training = manifest.where(pl.col("split") == "train")
    insight, views = look_closer(recognizer, found, summary, test, training)
    about = {"Side": "test: signers that were neither trained on nor used to choose the model"}
    page, _ = publish(
        run / "evaluation-test", found.predictions, recipe, measured=about, history=run / HISTORY, summary=summary,
        insight=insight, views=views,
    )  # fmt: skip
    console.print(figures_table(summary))

    console.rule("4  Predict")
    clip = next(iter(test))
    prediction = Recognizer.load(run).predict(clip.path)
    said = one_line(Path(clip.path).name, prediction, 3)
    say(f"{said}   (it is {escape(clip.gloss)})")

    console.rule("Done")
    say(f"Report: [bold]{escape(str(page.resolve()))}[/]")
    mine, closer = next_steps(run, clip.path)
    say(
        f"These figures ({share(summary.top1)} top-1) are of synthetic clips: they show that everything works, and say "
        "nothing about real signing.\n\nNext, with your own clips, videos or .pose, in one folder per gloss:\n"
        f"{_listed(mine)}\nor look closer at this one:\n{_listed(closer)}"
    )
    return page


def next_steps(run: Path, clip: str) -> tuple[list[list[str]], list[list[str]]]:
    """Commands to go on with, as words: for clips of one's own in ``MY_CLIPS``, and for the demo's run and a clip."""
    mine = [["ishara", "train", "MY_CLIPS", "-o", "runs/mine"], ["ishara", "evaluate", "runs/mine"]]
    return mine, [["ishara", "predict", str(run), clip, "--json"], ["ishara", "check", str(run)]]


def recipe_path() -> Path:
    """The demo's recipe, by a path that can be typed from here."""
    places = [folder / "demo.yaml" for folder in _RECIPES]
    place = next((place for place in places if place.is_file()), places[-1])
    return place.relative_to(Path.cwd()) if place.is_relative_to(Path.cwd()) else place


def _listed(commands: list[list[str]]) -> str:
    return "\n".join(f"  [bold]{escape(shlex.join(command))}[/]" for command in commands)


def _forget_another(recipe: Recipe, manifest: Manifest, run: Path) -> None:
    """Throw the run of an earlier demo away if it was made by another recipe: the folder is the demo's own."""
    try:
        verify_run(recipe, manifest, run)
    except IsharaError:
        shutil.rmtree(run)
