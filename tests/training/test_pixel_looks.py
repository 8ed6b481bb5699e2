"""Looking at a video several times: what is drawn, and that training, recogniser and calibration see the same looks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.evaluation.calibration import fit_temperature
from ishara.recipe import Pixels, Recipe
from ishara.recognizer import ModelInput, Recognizer
from ishara.recognizer.folder import INSIDE_RUN
from ishara.recognizer.gallery import GALLERY, read_gallery
from ishara.training import fit
from ishara.training.preflight import check_names
from ishara.training.sides import load_sides
from ishara.video.looks import further_looks

Make = Callable[..., Recipe]


def seen(**augment: object) -> Pixels:
    return Pixels.model_validate({"frames": 4, "size": 32, "sampling": "segments", "augment": augment})


def test_looks_are_other_frames_and_parts_and_the_same_each_time(videos: Manifest) -> None:
    path, options = next(iter(videos)).path, seen(crop_scale=(0.5, 0.8), mirror=0.5)
    first = further_looks(path, options, 8)
    assert [look.shape for look in first] == [(4, 3, 32, 32)] * 7
    for look, again in zip(first, further_looks(path, options, 8), strict=True):
        np.testing.assert_array_equal(look, again)
    assert len({look.tobytes() for look in first}) == 7
    assert further_looks(path, options, 1) == ()


def test_they_are_mirrored_as_often_as_training_mirrors(videos: Manifest) -> None:
    path = next(iter(videos)).path
    pairs = list(zip(further_looks(path, seen(mirror=1), 4), further_looks(path, seen(), 4), strict=True))
    for mirrored, straight in pairs:
        np.testing.assert_array_equal(mirrored, straight[..., ::-1])
    some = further_looks(path, seen(mirror=0.5), 17)
    straight = further_looks(path, seen(), 17)
    assert 3 < sum(np.array_equal(a, b) for a, b in zip(some, straight, strict=True)) < 13


def test_looks_that_would_all_be_the_same_are_refused(pixel_recipe: Make) -> None:
    with pytest.raises(IsharaError, match=r"inference.views: 2 looks at a clip would all be the same"):
        check_names(pixel_recipe("sign2text", "inference.views=2", "pixels.sampling=uniform", "pixels.augment=none"))
    check_names(pixel_recipe("sign2text", "inference.views=2", "pixels.sampling=segments"))


@pytest.fixture(scope="module")
def run(videos: Manifest, pixel_recipe: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looks") / "run"
    fit(pixel_recipe("sign2text", "inference.views=3", "pixels.sampling=segments"), videos, folder)
    return folder


def test_the_recogniser_and_its_calibration_see_the_same_looks(run: Path, videos: Manifest) -> None:
    recognizer = Recognizer.load(run)
    clips = list(Manifest.read(run / "manifest.csv").where(pl.col("split") == "validation"))
    prepared = [recognizer.prepare(clip.path) for clip in clips]
    assert [len(clip.views) for clip in prepared] == [2] * len(clips)
    logits = recognizer.run(prepared).logits
    apart = [
        recognizer.run([ModelInput(x, np.zeros(len(x))) for x in (clip.x, *clip.views)]).logits.mean(axis=0)
        for clip in prepared
    ]
    np.testing.assert_allclose(logits, apart, rtol=0, atol=1e-4)
    labels = np.array([recognizer.labels.index(clip.gloss) for clip in clips])
    assert recognizer.temperature == pytest.approx(fit_temperature(logits, labels), rel=1e-2)


def test_training_reads_the_looks_that_the_recogniser_does(run: Path, videos: Manifest) -> None:
    recognizer = Recognizer.load(run)
    sides = load_sides(recognizer.recipe, Manifest.read(run / "manifest.csv"), run)
    looks = sides.training.views(0)  # type: ignore[attr-defined]
    paths = {clip.id: clip.path for clip in videos}
    for own, theirs in zip(looks, recognizer.prepare(paths[sides.training_ids[0]]).views, strict=True):
        np.testing.assert_array_equal(own, theirs)


def test_the_gallery_has_one_look_at_clips_that_were_learnt_from(run: Path, videos: Manifest) -> None:
    several, once = Recognizer.load(run), Recognizer.load(run, views=1)
    paths = {clip.id: clip.path for clip in videos}
    gallery = read_gallery(run / INSIDE_RUN / GALLERY, len(several.labels))
    assert set(gallery.validated) == {True, False}
    for validated, recognizer in ((True, several), (False, once)):
        place = int(np.flatnonzero(gallery.validated == validated)[0])
        clip = recognizer.prepare(paths[str(gallery.clip[place])])
        np.testing.assert_allclose(gallery.embedding[place], recognizer.run([clip]).embedding[0], rtol=0, atol=1e-4)


def test_another_number_of_looks_may_be_asked_for(run: Path, videos: Manifest) -> None:
    path = next(iter(videos)).path
    once = Recognizer.load(run, views=1)
    assert once.prepare(path).views == ()
    assert len(Recognizer.load(run, views=5).prepare(path).views) == 4
