"""The rendered synthetic corpus: figures whose fingers can be told apart, sessions that tell no sign, honest files."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.clips.corpora import read_corpus
from ishara.clips.corpora.synthetic import generate, generate_videos, read_videos
from ishara.clips.corpora.synthetic.drawn_hand import LEFT, RIGHT, hand_bones, palm_facing
from ishara.clips.corpora.synthetic.film import film, write_film
from ishara.clips.corpora.synthetic.hand import HANDSHAPES, hand_points
from ishara.clips.corpora.synthetic.observe import project
from ishara.clips.corpora.synthetic.perform import perform
from ishara.clips.corpora.synthetic.plan import Planned
from ishara.clips.corpora.synthetic.render import Canvas, Capsules
from ishara.clips.corpora.synthetic.scene import LARGER_HANDS, PICTURE, draw_box, draw_scene, signer_on_film
from ishara.clips.corpora.synthetic.signer import draw_signer, generator
from ishara.clips.corpora.synthetic.vocabulary import SIGNS
from ishara.errors import IsharaError
from ishara.video import Box, read_video
from measure_rendered import linear, measure, nearest

WIDTH, HEIGHT = PICTURE
SMALL = {"glosses": 2, "signers": 3, "takes": 1}
GREY = 100.0
# Of one film: to be measured again, and VERSION raised, when what is drawn changes.
MEAN_COLOUR = [137.35, 127.62, 158.54]


def canvas(size: int = 40, frames: int = 1) -> Canvas:
    """A grey picture, lit from the viewer."""
    background = np.full((size, size, 3), GREY, np.float32)
    return Canvas(background, frames, towards=np.array([0, 0, -1.0]), ambient=0.5, tint=np.ones(3))


def capsule(start: tuple[float, ...], end: tuple[float, ...], radius: float, colour: float = 200.0) -> Capsules:
    ends = np.array([[[start, end]]], np.float32)
    return Capsules(ends, np.full((1, 1, 2), radius, np.float32), np.full((1, 1, 3), colour, np.float32))


def runs(row: np.ndarray) -> int:
    """How many stretches of a row are lighter than the middle between its darkest and lightest."""
    light = row > (row.min() + row.max()) / 2
    return int(light[0]) + int((light[1:] & ~light[:-1]).sum())


@given(st.integers(1, 60), st.integers(1, 4), st.integers(0, 9))
def test_a_box_is_a_square_in_the_picture(number, take, seed):
    left, top, right, bottom = draw_box(draw_scene(draw_signer(number, seed), take, seed), generator(seed))
    assert 0 <= left < right <= WIDTH
    assert 0 <= top < bottom <= HEIGHT
    assert abs((right - left) - (bottom - top)) <= 1


def test_the_hand_that_signs_is_in_the_box():
    within = []
    for number in range(1, 9):
        signer = draw_signer(number)
        actor, scene = signer_on_film(signer), draw_scene(signer, 1)
        left, top, right, bottom = draw_box(scene, generator(0))
        for sign in SIGNS[:20]:
            points = project(perform(sign, actor, 1), scene.camera, actor.body.shoulders)
            hand = points[len(points) // 2, LEFT if signer.left_handed else RIGHT, :2]
            within.append(((hand >= [left, top]) & (hand < [right, bottom])).all(axis=1).mean())
    assert np.mean(within) > 0.98
    assert np.mean(np.array(within) > 0.9) > 0.97


def test_a_film_is_as_long_as_its_performance_and_moves():
    signer = draw_signer(4)
    pictures = film(SIGNS[0], signer, 2)
    assert pictures.shape == (len(perform(SIGNS[0], signer, 2)), HEIGHT, WIDTH, 3)
    assert pictures.dtype == np.uint8
    moving = np.abs(np.diff(pictures.astype(int), axis=0)).max(axis=-1) > 40
    assert moving.any(axis=(1, 2)).mean() > 0.8, "most frames differ from the next"
    assert moving.mean() < 0.2, "most of the picture stands still"


def test_same_numbers_same_film_and_any_other_number_another():
    def first(gloss: int, *numbers: int) -> np.ndarray:
        signer, take, seed = numbers
        return film(SIGNS[gloss], draw_signer(signer, seed), take, seed)[:20]

    pictures = first(2, 2, 1, 0)
    assert np.array_equal(pictures, first(2, 2, 1, 0))
    for other in ((3, 2, 1, 0), (2, 3, 1, 0), (2, 2, 2, 0), (2, 2, 1, 1)):
        assert not np.array_equal(pictures, first(*other))


def test_films_are_the_same_on_every_machine():
    np.testing.assert_allclose(film(SIGNS[0], draw_signer(1), 1).mean(axis=(0, 1, 2)), MEAN_COLOUR, atol=0.2)


def test_a_session_has_its_own_clothes_light_room_and_framing_and_its_signers_looks():
    signer = draw_signer(5)
    first, second = draw_scene(signer, 1), draw_scene(signer, 2)
    np.testing.assert_array_equal(first.looks.skin, second.looks.skin)
    assert first.looks.cut == second.looks.cut
    assert not np.array_equal(first.clothes.colours, second.clothes.colours)
    assert not np.array_equal(first.light.towards, second.light.towards)
    assert not np.array_equal(first.wall, second.wall)
    assert not np.array_equal(first.camera.centre, second.camera.centre)


@given(st.integers(1, 60), st.integers(1, 4), st.integers(0, 9))
def test_signers_stand_out_from_their_clothes_and_their_wall(number, take, seed):
    scene = draw_scene(draw_signer(number, seed), take, seed)
    weights = np.array([0.299, 0.587, 0.114])
    assert abs((scene.clothes.colours[0] - scene.looks.skin) @ weights) > 40
    assert abs((scene.wall - scene.looks.skin) @ weights) > 25


def test_any_few_signers_in_a_row_have_light_and_dark_skin():
    lightness = [draw_scene(draw_signer(number), 1).looks.skin.mean() for number in range(1, 33)]
    for first in range(0, 28, 4):
        assert max(lightness[first : first + 5]) - min(lightness[first : first + 5]) > 90


def test_four_spread_fingers_can_be_told_apart_at_112_pixels():
    """A hand that faces the viewer, as large as in a box about the signer (2.6 shoulder widths) shown at 112 pixels."""
    scale = 112 / (2.6 * 0.37)
    palm = 0.1 * LARGER_HANDS * scale
    points = hand_points(HANDSHAPES["spread"][None], length=palm) * [1, -1, 1] + [20, 35, 0]
    ends, radii = hand_bones(points, palm)
    picture = canvas()
    picture.draw(
        Capsules(
            np.array([[pair[0][0], pair[1][0]] for pair in ends], np.float32)[None],
            np.array(radii, np.float32)[None],
            np.full((1, len(ends), 3), 230.0, np.float32),
        ).far_first()
    )
    above_knuckles = round(35 - 1.35 * palm)
    assert runs(picture.colour[0, above_knuckles, :, 0]) == 4


def test_handshapes_look_different_where_the_hand_is():
    """Two signs that differ in the handshape alone differ in many pixels about the hand, and nowhere else."""
    index, vee = SIGNS[0], replace(SIGNS[0], handshape="vee")
    signer = draw_signer(4)
    apart = np.abs(film(index, signer, 1).astype(int) - film(vee, signer, 1)).max(axis=-1) > 50
    middle = apart[len(apart) // 2]
    assert middle.sum() > 25
    rows, columns = np.nonzero(middle)
    assert np.ptp(rows) < 60
    assert np.ptp(columns) < 60


@pytest.mark.parametrize("left", [False, True])
def test_a_palm_faces_the_viewer_or_not(left):
    """The hand's own third axis comes out of the palm; the viewer is at negative z."""
    points = hand_points(HANDSHAPES["flat"][None]) * ([-1, 1, 1] if left else [1, 1, 1])
    assert palm_facing(points, left=left) == pytest.approx(0)
    turned = points * [-1, 1, -1]
    assert palm_facing(turned, left=left) == pytest.approx(1)


def test_the_nearer_capsule_is_seen_in_whatever_order_they_are_drawn():
    near, far = (capsule((10, 20, z), (30, 20, z), 5, colour) for z, colour in ((-50, 200.0), (50, 20.0)))
    for order in ((near, far), (far, near)):
        picture = canvas()
        for each in order:
            picture.draw(each)
        assert picture.colour[0, 20, 20, 0] > 150
    both = Capsules.joined([near, far]).far_first()
    assert both.ends[0, 0, 0, 2] > both.ends[0, 1, 0, 2]


def test_a_capsule_is_round_soft_at_its_edge_and_darker_there():
    picture = canvas()
    picture.draw(capsule((20, 20, 0), (20, 20, 0), 8))
    row = picture.colour[0, 20, :, 0]
    np.testing.assert_allclose(row[1:20][::-1], row[21:40], atol=1e-3)
    np.testing.assert_allclose(picture.colour[0, :, 20, 0], row, atol=1e-3)
    assert row[20] > row[26]
    assert (row[:11] == GREY).all()


@given(
    st.lists(st.tuples(*[st.floats(-90, 130)] * 6), min_size=1, max_size=4),
    st.floats(0.2, 60),
    st.floats(0, 255),
)
def test_capsules_anywhere_are_drawn_within_their_reach_and_within_their_colour(places, radius, colour):
    frames = len(places)
    ends = np.array(places, np.float32).reshape(frames, 1, 2, 3)
    picture = canvas(frames=frames)
    picture.draw(Capsules(ends, np.full((frames, 1, 2), radius), np.full((frames, 1, 3), colour)))
    assert np.isfinite(picture.colour).all()
    assert picture.colour.min() >= -0.01
    assert picture.colour.max() <= max(GREY, colour) + 0.01
    rows, columns = np.mgrid[:40, :40]
    for t, (low, high) in enumerate(zip(ends.min(axis=(1, 2)), ends.max(axis=(1, 2)), strict=True)):
        away = np.maximum.reduce([low[0] - columns, columns - high[0], low[1] - rows, rows - high[1]])
        assert (picture.colour[t][away > radius + 1] == GREY).all()


class Interrupted(Exception):
    pass


def stop_after(count: int):
    """Goes through the clips, and stops before the one after so many."""

    def track(clips: list[Planned]) -> Iterator[Planned]:
        for number, clip in enumerate(clips):
            if number == count:
                raise Interrupted
            yield clip

    return track


def nothing(clips: list[Planned]) -> Iterator[Planned]:
    raise AssertionError(f"{len(clips)} clips were drawn again")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rendered") / "corpus"
    generate_videos(folder, **SMALL)
    return folder


def test_corpus_is_complete_split_by_signer_and_a_corpus_like_others(folder):
    manifest = read_corpus("synthetic-video", folder)
    assert manifest.table.equals(read_videos(folder).table)
    assert len(manifest) == 2 * 3
    assert not manifest.missing_files()
    splits = manifest.table.group_by("signer").agg(pl.col("split").n_unique())
    assert splits["split"].to_list() == [1] * 3
    assert set(manifest.table["split"]) == {"train", "validation", "test"}
    assert set(manifest.table["language"]) == {"synthetic"}
    assert set(manifest.table["handedness"]) == {"left", "right"}


def test_files_hold_the_films(folder):
    clip = next(c for c in read_videos(folder) if c.id == "signer-02-SYN-02-01")
    found, expected = read_video(clip.path), film(SIGNS[1], draw_signer(2), 1)
    assert found.rgb.shape == expected.shape
    assert found.info.fps == 25
    assert np.abs(found.rgb.astype(int) - expected).mean() < 8
    cropped = read_video(clip.path, 4, box=Box.parse(clip.box), square=112)
    assert cropped.rgb.shape == (4, 112, 112, 3)


def test_corpus_says_that_it_is_synthetic(folder):
    text = (folder / "README.txt").read_text(encoding="utf-8")
    assert "synthetic" in text
    assert "Nobody signed this" in text
    assert all(sign.gloss in text and sign.description in text for sign in SIGNS[:2])


def test_an_interrupted_corpus_is_refused_then_gone_on_with_and_comes_out_the_same(folder, tmp_path):
    target = tmp_path / "again"
    with pytest.raises(Interrupted):
        generate_videos(target, **SMALL, track=stop_after(4))
    with pytest.raises(IsharaError, match="the corpus is not finished"):
        read_videos(target)
    left: list[str] = []

    def track(clips: list[Planned]) -> list[Planned]:
        left.extend(each.clip.id for each in clips)
        return clips

    generate_videos(target, **SMALL, track=track)
    assert left == ["signer-03-SYN-01-01", "signer-03-SYN-02-01"]
    assert contents(target) == contents(folder)


def test_a_finished_corpus_is_not_made_again_and_a_lost_clip_is(folder, tmp_path):
    target = shutil.copytree(folder, tmp_path / "corpus")
    generate_videos(target, **SMALL, track=nothing)
    lost = Path(next(iter(read_videos(target))).path)
    lost.unlink()
    generate_videos(target, **SMALL)
    assert contents(target) == contents(folder)
    # A larger corpus has the same clips and more.
    larger = generate_videos(target, **{**SMALL, "glosses": 3})
    assert len(larger) == 9
    assert {n: b for n, b in contents(target).items() if "SYN-03" not in n and "mp4" in n} == {
        n: b for n, b in contents(folder).items() if "mp4" in n
    }


def test_another_seed_keeps_nothing(folder, tmp_path):
    target = shutil.copytree(folder, tmp_path / "corpus")
    with pytest.raises(Interrupted):
        generate_videos(target, **SMALL, seed=1, track=stop_after(1))
    assert {name for name in contents(target) if name.endswith(("mp4", "csv"))} == {"signer-01/SYN-01-01.mp4"}
    first = "signer-01/SYN-01-01.mp4"
    assert contents(target)[first] != contents(folder)[first]


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    generate(tmp_path, glosses=2, signers=3, takes=1)
    before = contents(tmp_path)
    with pytest.raises(IsharaError, match="holds something else"):
        generate_videos(tmp_path, **SMALL)
    with pytest.raises(IsharaError, match=r"there is no synthetic-video\.json"):
        read_videos(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"glosses": 1}, "glosses is 1; expected at least 2"),
        ({"glosses": len(SIGNS) + 1}, f"has {len(SIGNS)} signs"),
        ({"signers": 2}, "signers is 2; expected at least 3"),
        ({"takes": 0}, "takes is 0; expected at least 1"),
        ({"seed": -1}, "seed is -1; expected at least 0"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_written(tmp_path, options, message):
    with pytest.raises(IsharaError, match=message):
        generate_videos(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(IsharaError, match="taken: the corpus cannot be written here"):
        generate_videos(tmp_path / "taken", **SMALL)


def test_a_film_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(IsharaError, match=r"a\.mp4: cannot be written"):
        write_film(np.zeros((2, 16, 16, 3), np.uint8), tmp_path / "taken" / "a.mp4")
    assert contents(tmp_path) == {"taken": b""}


def test_baselines_see_what_is_there_and_nothing_of_the_other_side():
    r = np.random.default_rng(0)
    glosses = np.tile(["A", "B", "C"], 30)
    sides = {name: np.arange(90) // 30 == i for i, name in enumerate(("train", "validation", "test"))}
    noise = r.normal(size=(90, 12)).astype(np.float32)
    told = noise + 9 * (glosses[:, None] == np.array(["A", "B", "C"]).repeat(4))
    for baseline in (linear, nearest):
        assert baseline(told, glosses, sides) == 1
        assert baseline(noise, glosses, sides) < 0.7
    leaky = noise.copy()
    leaky[sides["validation"]] = told[sides["validation"]]
    assert linear(leaky, glosses, sides) < 0.7


def test_the_measurement_goes_over_all_views(folder):
    found = measure(read_videos(folder))
    assert len(found) == 3
    for shares in found.values():
        assert len(shares) == 8
        assert all(0 <= share <= 1 for share in shares.values())
