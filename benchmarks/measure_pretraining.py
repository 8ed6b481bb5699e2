"""What masked-landmark pretraining gives: the same folds, seeds and recipes, begun from it or from nothing.

    python benchmarks/measure_pretraining.py [fingerspelling wlasl50] --jobs 2

The corpora, folds and seeds are those of `benchmarks/ablation.yaml`, and what it is compared with is the ablation's
base. A model first learns to fill in what was hidden of clips of all corpora at hand, without their glosses; of the
fold's own corpus only those that the fold learns from. Then it is trained as the recipe says. Stopped, it goes on where
it was.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import torch
import typer
from filelock import FileLock

from ablation.plan import Plan
from ablation.runs import BASE, against, run
from ishara.clips import load_clips
from ishara.clips.manifest import Manifest
from ishara.console import track
from ishara.errors import IsharaError, choices
from ishara.evaluation.predictions import Predictions
from ishara.export.folder import write_recognizer
from ishara.models.conv_transformer import ConvTransformer
from ishara.models.trained import recipe_model
from ishara.pose.features import extract_features
from ishara.pose.pose import Pose
from ishara.pose.prepare import model_layout
from ishara.recipe import Recipe
from ishara.recognizer.folder import CONFIG
from ishara.training.jobs import learn
from ishara.training.progress import shown
from ishara.training.protocol import crossval
from ishara.training.results import per_fold, provenance, write_json
from ishara.training.sides import STORES, prepare_clips
from ishara.training.workers import Workers
from pretraining.masked import Settings, pretrain

PLAN = Path(__file__).with_name("ablation.yaml")
PRETRAINED = "pretrained"
# Whose clips are learnt from without glosses; of a larger corpus so many, evenly over its table.
UNLABELLED = tuple(Path("recipes", f"{name}-conv-transformer.yaml") for name in ("fingerspelling", "wlasl50", "isl30"))
MOST = 1000


@dataclass(frozen=True)
class PretrainedLearner:
    """Learns a fold from a model that was pretrained for it; all of its seeds begin from the same one."""

    settings: Settings

    def __call__(self, recipe: Recipe, manifest: Manifest, folder: Path) -> Predictions:
        """See `ishara.training.jobs.Learner`."""
        home = folder.parent
        start = home / PRETRAINED / folder.name.rpartition("-seed")[0]
        start.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(start.with_suffix(".lock")):
            if not (start / CONFIG).is_file():
                make_start(recipe, manifest, start, home / STORES, self.settings)
        tuned = recipe.with_overrides([f"model.pretrained={start}"])
        return learn(tuned, manifest, folder / "tuned", stores=home / STORES)


def make_start(recipe: Recipe, manifest: Manifest, folder: Path, stores: Path, settings: Settings) -> None:
    """Pretrain, and write what `model.pretrained` reads: a recogniser's folder, whose two glosses mean nothing."""
    torch.set_num_threads(recipe.train.threads or 1)
    recipe = recipe.with_overrides(["train.seed=0"])
    poses = list(unlabelled(recipe, manifest, stores))
    torch.manual_seed(0)
    model = recipe_model(recipe, 2)
    if not isinstance(model, ConvTransformer):
        raise IsharaError(f"{recipe.name}: only a conv_transformer is pretrained; its model is {recipe.model.name}.")
    epochs = track(f"Pretraining for {folder.name}", range(settings.epochs))
    model, losses = pretrain(model, poses, recipe, model_layout(recipe), settings, epochs)
    write_json(folder.with_suffix(".json"), {"clips": len(poses), "losses": losses})
    write_recognizer(
        folder, model.eval(), recipe, ["hidden", "seen"], temperature=lambda _: 1.0, card=lambda _: "Pretrained only.\n"
    )


def unlabelled(recipe: Recipe, manifest: Manifest, stores: Path) -> Iterator[Pose]:
    """The clips to learn from without glosses, prepared as the recipe prepares its own."""
    for path in UNLABELLED:
        other = Recipe.read(path)
        own = other.data == recipe.data
        # A store holds all clips of a fold's manifest: the folds share it.
        clips = manifest if own else load_clips(other.data)
        known = set(manifest.table.filter(pl.col("split").is_in(("train", "validation")))["id"]) if own else None
        store = prepare_clips(recipe, clips, stores if own else stores / path.stem)
        wanted = [i for i, clip in enumerate(store.ids) if known is None or clip in known]
        for i in np.unique(np.linspace(0, len(wanted) - 1, min(MOST, len(wanted))).round().astype(int)):
            pose = store[wanted[i]]
            if extract_features(pose, recipe.features).any():
                yield pose


def measure(plan: Plan, corpus: str, out: Path, workers: Workers, settings: Settings) -> dict[str, Any]:
    """The figures of one corpus beside those of the recipe without pretraining."""
    recipe = plan.base(corpus)
    base = run(recipe, out / "ablation" / corpus / BASE, BASE, workers)
    with shown(bar=False) as report:
        folder = out / PRETRAINED / corpus
        tuned = crossval(recipe, folder, learner=PretrainedLearner(settings), workers=workers, report=report)
    return {
        "corpus": corpus,
        "recipe": plan.corpora[corpus].recipe.stem,
        "recipe_hash": recipe.hash,
        "overrides": list(plan.corpora[corpus].overrides),
        "seeds": list(plan.seeds),
        "folds": per_fold(tuned.predictions),
        "base": against(base, base)["top1"],
        **against(base, tuned.predictions),
    }


def main(
    corpora: Annotated[list[str] | None, typer.Argument(help="Which of the plan's corpora; all by default.")] = None,
    plan: Annotated[Path, typer.Option(help="The ablation's plan.")] = PLAN,
    results: Annotated[Path, typer.Option(help="Folder for the JSON of what was measured.")] = Path("results"),
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the runs.")] = Path("runs"),
    jobs: Annotated[int, typer.Option(min=1, help="Folds beside each other.")] = 1,
) -> None:
    """Measure it on the plan's corpora."""
    chosen = Plan.read(plan)
    settings = Settings()
    for corpus in corpora or chosen.corpora:
        if corpus not in chosen.corpora:
            raise IsharaError(f"{plan}: there is no corpus {corpus!r}. {choices(corpus, chosen.corpora)}")
        content = measure(chosen, corpus, out, Workers(jobs), settings)
        content |= {"pretraining": asdict(settings), **provenance()}
        print(write_json(results / f"measure-pretraining-{corpus}.json", content))


if __name__ == "__main__":
    try:
        typer.run(main)
    except IsharaError as error:
        sys.exit(f"Error: {error}")
