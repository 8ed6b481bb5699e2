"""Looking at a clip several times: what is averaged, that it stays the clip, and where it may not be asked for."""

import shutil

import numpy as np
import polars as pl
import pytest

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.calibration import fit_temperature
from ishara.explain.landmarks import LandmarkClip
from ishara.pose.files import read_pose
from ishara.pose.prepare import prepare
from ishara.pose.views import further_views
from ishara.recipe import Recipe
from ishara.recognizer import ModelInput, Recognizer
from ishara.recognizer.folder import CARD
from ishara.training import fit, split_clips
from ishara.training.preflight import check_names


def looking(recipe: Recipe, views: int, **augment) -> Recipe:
    changes = {"inference": {"views": views}} | ({"augment": augment} if augment else {})
    return Recipe.from_dict(recipe.model_dump() | changes)


@pytest.fixture
def pose(corpus):
    return read_pose(next(corpus.rglob("*.pose")))


def test_further_looks_are_the_same_each_time_and_lose_nothing(tiny_recipe, pose):
    losses = {"frame_dropout": 0.9, "landmark_dropout": 0.9, "hand_dropout": 0.9, "noise": 9.0, "hand_noise": 9.0}
    recipe = looking(tiny_recipe, 4, rotation=20, mirror=1.0, **losses)
    prepared = prepare(pose, recipe.pose)
    first = further_views(prepared, recipe)
    assert [view.shape for view in first] == [first[0].shape] * 3
    assert all(len(view) == len(prepared) for view in first)
    for view, again in zip(first, further_views(prepared, recipe), strict=True):
        np.testing.assert_array_equal(view, again)
    assert np.abs(first[0] - first[1]).max() > 0.01
    # A turn in the picture alone: a mirrored or noisy clip would be much further away than 20 degrees bring it.
    plain = further_views(prepared, looking(tiny_recipe, 2, rotation=1e-9))[0]
    assert np.abs(first[0] - plain).max() < 2 * np.sin(np.radians(10)) * np.abs(plain).max() * np.sqrt(2)


def test_the_logits_of_the_looks_are_averaged(tiny_run):
    recognizer = Recognizer.load(tiny_run)
    rng = np.random.default_rng(0)

    def clip(frames: int) -> np.ndarray:
        return rng.standard_normal((frames, *recognizer.config.frame)).astype(np.float32)

    looks = [clip(9), clip(14), clip(5)]
    alone = recognizer.run([ModelInput(look, np.zeros(len(look))) for look in looks])
    several = ModelInput(looks[0], np.zeros(9), tuple(looks[1:]))
    single = ModelInput(looks[1], np.zeros(14))
    together = recognizer.run([single, several])
    np.testing.assert_allclose(together.logits, [alone.logits[1], alone.logits.mean(axis=0)], rtol=0, atol=1e-4)
    np.testing.assert_allclose(together.embedding[1], alone.embedding.mean(axis=0), rtol=0, atol=1e-4)
    assert [len(attention) for attention in together.attention] == [14, 9]


def test_a_recogniser_looks_as_often_as_its_recipe_or_the_caller_says(tiny_run, pose):
    plain, several = Recognizer.load(tiny_run), Recognizer.load(tiny_run, views=5)
    assert plain.prepare(pose).views == ()
    found = several.prepare(pose)
    assert len(found.views) == 4
    looks = [ModelInput(x, np.zeros(len(x))) for x in (found.x, *found.views)]
    expected = plain.run(looks).logits.mean(axis=0)
    np.testing.assert_allclose(several.run([found]).logits[0], expected, rtol=0, atol=1e-4)
    explained = LandmarkClip.of(pose, several.recipe)
    assert len(explained.as_input(explained.pose).views) == 4
    with pytest.raises(IsharaError, match=r"inference.views: found 0"):
        Recognizer.load(tiny_run, views=0)


def test_looks_at_pictures_that_would_all_be_the_same_are_refused(tiny_recipe):
    recipe = looking(tiny_recipe, 2).model_copy(update={"model": Recipe.model_fields["model"].default})
    pixels = recipe.model_copy(update={"model": recipe.model.model_copy(update={"name": "sign2text"})})
    with pytest.raises(IsharaError, match=r"inference.views: 2 looks at a clip would all be the same"):
        check_names(pixels)


def test_calibration_sees_the_same_looks(tiny_recipe, tmp_path):
    recipe = looking(tiny_recipe, 3)
    fit(recipe, split_clips(recipe), tmp_path / "run")
    recognizer = Recognizer.load(tmp_path / "run")
    assert recognizer.recipe.inference.views == 3
    clips = list(Manifest.read(tmp_path / "run" / "manifest.csv").where(pl.col("split") == "validation"))
    logits = recognizer.run([recognizer.prepare(clip.path) for clip in clips]).logits
    labels = np.array([recognizer.labels.index(clip.gloss) for clip in clips])
    assert recognizer.temperature == pytest.approx(fit_temperature(logits, labels), rel=1e-2)


def test_the_command_evaluates_with_more_looks_beside_the_run(ishara, tiny_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    card = (run / "recognizer" / CARD).read_bytes()
    code, _, err = ishara("evaluate", run, "--views", "3")
    assert code == 0, err
    assert (run / "evaluation-test-3-views" / "report.html").is_file()
    assert not (run / "evaluation-test").exists()
    assert (run / "recognizer" / CARD).read_bytes() == card
    code, _, err = ishara("evaluate", run, "--views", "3", "--results", tmp_path)
    assert code == 1
    assert "leave out --views" in err
