"""The pages of the corpora: there is one for each, they agree with the registry, and their commands work."""

import itertools
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from ishara.cli import app
from ishara.clips.corpora import get_corpus, list_corpora
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.pose.files import write_pose
from ishara.pose.skeleton import HANDS
from ishara.recipe import Recipe
from ishara.recognizer import Recognizer

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "corpora"
PAGES = sorted(DOCS.glob("*.md"))
RECIPES = ("train", "crossval", "check")
# Where two corpora share a page, or one needs none.
SHARED = {"include50": "include"}
WITHOUT = {"synthetic", "synthetic-video"}


def commands(page: Path) -> list[list[str]]:
    """The ``ishara`` commands of a page's shell blocks, as words."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("ishara ")]


ALL = [pytest.param(words, id=f"{page.stem}:{' '.join(words)[:60]}") for page in PAGES for words in commands(page)]


@pytest.mark.parametrize("name", [name for name in list_corpora() if name not in WITHOUT])
def test_every_corpus_has_a_page_that_says_where_and_under_which_terms(name):
    page = DOCS / f"{SHARED.get(name, name)}.md"
    text, corpus = page.read_text(encoding="utf-8"), get_corpus(name)
    assert f"`{name}`" in text
    assert "Terms" in text
    assert "## Layout" in text
    assert [words for words in commands(page) if words[0] == "index"]
    if corpus.source.startswith("https://"):
        assert corpus.source in text
    assert all(f"`{option}" in text for option in corpus.options), f"{page} does not tell of all of {corpus.options}"


def test_the_table_of_corpora_is_that_of_the_registry():
    table = ["| name | what | language | terms | where to ask |", "|---|---|---|---|---|"]
    for name in list_corpora():
        corpus = get_corpus(name)
        link = f"`{name}`" if name in WITHOUT else f"[`{name}`]({SHARED.get(name, name)}.md)"
        table.append(f"| {link} | {corpus.title} | {corpus.language} | {corpus.licence} | {corpus.source} |")
    expected = "\n".join(table)
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    assert expected in text, f"The table of {DOCS / 'README.md'} should be:\n{expected}"


@pytest.mark.parametrize("words", [case for case in ALL if case.values[0][0] in RECIPES])
def test_a_recipe_and_its_changes_are_valid(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    taking = {"-o", "--out", "--protocol", "--results"}
    given = [word for i, word in enumerate(words[1:]) if words[i] not in taking and not word.startswith("-")]
    # Without a recipe, the changes are of one that is chosen.
    recipe = Recipe.read(given[0] if given[0].endswith(".yaml") else "recipes/demo.yaml", given[1:])
    assert recipe.data.corpus is None or recipe.data.corpus in list_corpora()


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def _folder(root: Path) -> None:
    for signer in ("s1", "s2"):
        for gloss in ("TEA", "চা"):
            write_pose(synthetic_clip("SYN-01"), root / "my-signs" / gloss / f"{signer}_01.pose")


def _fingerspelling(root: Path) -> None:
    touch(root / "fingerspelling", "ase/a.pose")
    (root / "fingerspelling/index.csv").write_text("path,gloss,signed_language\nase/a.pose,A,ase\n")


def _landmarks(root: Path) -> None:
    for name in ("isl30-kinect", "wlasl50-landmarks"):
        frames = np.random.default_rng(0).normal(size=(4, 2, 2)).astype(np.float32)
        np.savez(root / f"{name}.npz", frames=frames, offsets=[0, 2, 4], landmarks=["nose", "neck"], gloss=["A", "B"])


def _google(root: Path) -> None:
    """Two signs by four generated signers, as Kaggle's tables without a face."""
    rows = ["path,participant_id,sequence_id,sign"]
    for signer, gloss, take in itertools.product(range(1, 5), ("SYN-01", "SYN-02"), (1, 2)):
        path = f"train_landmark_files/{signer}/{gloss[-1]}{take}.parquet"
        rows.append(f"{path},{signer},{gloss[-1]}{take},{gloss}")
        pose = synthetic_clip(gloss, signer, take)
        kinds = [("pose", i) for i in range(33)] + [(hand, i) for hand in HANDS for i in range(21)]
        points = pose.coordinates.reshape(-1, 3) / 512
        table = pl.DataFrame(
            {
                "frame": np.repeat(np.arange(len(pose)), len(kinds)),
                "type": [kind for kind, _ in kinds] * len(pose),
                "landmark_index": [i for _, i in kinds] * len(pose),
                **dict(zip("xyz", np.where(pose.seen.reshape(-1, 1), points, np.nan).T, strict=True)),
            }
        )
        (root / "asl-signs" / path).parent.mkdir(parents=True, exist_ok=True)
        table.write_parquet(root / "asl-signs" / path)
    (root / "asl-signs/train.csv").write_text("\n".join(rows))


def _include(root: Path) -> None:
    touch(root / "INCLUDE", "Adjectives/1. loud/MVI_5177.MOV", "Places/19. House/Extra/MVI_3439.MOV")
    for side, line in {
        "train": "Adjectives/1. loud/MVI_5177.MOV",
        "val": "",
        "test": "Places/19. House/Extra/MVI_3439.MOV",
    }.items():
        for subset in ("include", "include50"):
            path = root / f"INCLUDE/train_test_paths/{subset}_{side}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(line)


MINIATURES: dict[str, Callable[[Path], None]] = {
    "bdslw401": lambda root: touch(root / "bdslw401", "Front/Front/train/W001S01F_01.mp4"),
    "bdslw60": lambda root: touch(root / "bdslw60", "W1/U4W1F_trial_0_R.mp4"),
    "fingerspelling": _fingerspelling,
    "folder": _folder,
    "google_islr": _google,
    "include": _include,
    "landmarks": _landmarks,
    "lsa64": lambda root: touch(root / "lsa64", "all_cut/001_001_001.mp4"),
}


def _indexing() -> Iterator[object]:
    for page in PAGES:
        for words in commands(page) if page.stem in MINIATURES else []:
            if words[0] == "index":
                yield pytest.param(page.stem, words, id=f"{page.stem}:{words[1]}")


@pytest.mark.parametrize(("name", "words"), list(_indexing()))
def test_indexing_works_on_a_miniature_as_the_page_says(tmp_path, monkeypatch, name, words):
    MINIATURES[name](tmp_path)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert len(Manifest.read(words[words.index("-o") + 1]))


@pytest.mark.slow
def test_a_recogniser_of_parquet_landmarks_is_trained_and_predicts_as_the_page_says(tmp_path, monkeypatch):
    """From the files to a result, with one epoch of a small model."""
    _google(tmp_path)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    monkeypatch.chdir(tmp_path)
    small = ["train.max_epochs=1", "model.options={d_model: 24, heads: 2, layers: 1, feedforward: 32}"]
    for words in commands(DOCS / "google_islr.md"):
        if words[0] in ("index", "train"):
            result = CliRunner().invoke(app, words + (small if words[0] == "train" else []))
            assert result.exit_code == 0, result.output
    clip = next(iter(Manifest.read("google_islr.csv")))
    assert clip.path.endswith(".parquet?aspect=0.75")
    assert Recognizer.load("runs/google-islr-once").predict(clip.path).ranked[0].gloss in ("SYN-01", "SYN-02")
