"""`ishara demo`: the whole life of a recogniser on a synthetic corpus, in about a minute."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from rich.console import Console

from ishara.clips.corpora.synthetic import generate
from ishara.console import figures_table, one_line, share
from ishara.evaluation.run import predict_clips, publish
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer
from ishara.training.callbacks import HISTORY
from ishara.training.protocol import split_clips
from ishara.training.run import fit

# In a wheel the recipes lie inside the package; in a checkout, beside src/.
_RECIPES = (Path(__file__).parents[1] / "recipes", Path(__file__).parents[3] / "recipes")


def run_demo(folder: Path, console: Console) -> Path:
    """Generate a corpus, train on some of its signers, evaluate on others, and predict a clip of a signer never seen.

    Parameters
    ----------
    folder
        Gets the corpus, the run and the report. What is there from an earlier demo is used again.
    console
        Where to tell what happens.

    Returns
    -------
    The report's path.
    """
    corpus = folder / "corpus"
    console.rule("1  Index")
    manifest = generate(corpus)
    console.print(
        f"{len(manifest)} synthetic clips of {len(manifest.glosses)} invented signs by generated signers: {corpus}"
    )
    recipe = Recipe.read(_recipe("demo"), [f"data.root={corpus}"])
    manifest = split_clips(recipe)

    console.rule("2  Train")
    run = folder / "run"
    recognizer = fit(recipe, manifest, run)
    console.print(f"{recognizer}, exported to ONNX and proven equal to torch: {recognizer.folder}")

    console.rule("3  Evaluate on signers it has never seen")
    test = manifest.where(pl.col("split") == "test")
    predictions, _ = predict_clips(recognizer, test)
    about = {"Side": "test: signers that were neither trained on nor used to choose the model"}
    page, summary = publish(run / "evaluation-test", predictions, recipe, measured=about, history=run / HISTORY)
    console.print(figures_table(summary))

    console.rule("4  Predict")
    clip = next(iter(test))
    prediction = Recognizer.load(run).predict(clip.path)
    console.print(f"{one_line(clip.path, prediction, 3)}   (it is {clip.gloss})", highlight=False)

    console.rule("Done")
    console.print(f"Report: [bold]{page.resolve()}[/]", soft_wrap=True)
    console.print(
        f"These figures ({share(summary.top1)} top-1) are of synthetic clips: they show that everything works, and say "
        "nothing about real signing.\n\nNext, with your own clips in one folder per gloss:\n"
        "  [bold]ishara index folder MY_CLIPS -o clips.csv[/]\n"
        "  [bold]ishara train recipes/demo.yaml data.corpus=null data.root=null data.manifest=clips.csv "
        "split.by=clip[/]\n"
        f"or look closer at this one:\n  [bold]ishara predict {run} {clip.path} --json[/]\n"
        f"  [bold]ishara check {run}[/]",
        soft_wrap=True,
        highlight=False,
    )
    return page


def _recipe(name: str) -> Path:
    places = [folder / f"{name}.yaml" for folder in _RECIPES]
    return next((place for place in places if place.is_file()), places[-1])
