"""The picture of attention shows the frames that were seen, in order, with their weights; its table sums to 1."""

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread
from numpy.typing import NDArray

from ishara.errors import IsharaError
from ishara.evaluation.attention import attention_table, save_attention
from ishara.evaluation.attention_picture import _one_in_n, attention_picture
from ishara.pose.pose import Pose
from ishara.pose.skeleton import get_skeleton
from ishara.recognizer import Candidate, Prediction
from ishara.recognizer.inputs import ModelInput

BLUE, ORANGE = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)
SKELETON = get_skeleton("holistic")


def predicted(weights: object, glosses: tuple[str, ...] = ("TEA", "TREE")) -> Prediction:
    """Weights at 25 frames a second, and glosses from the most likely to the least."""
    shares = np.asarray(weights, np.float32)
    ranked = tuple(Candidate(gloss, 0.5 / (place + 1)) for place, gloss in enumerate(glosses))
    return Prediction(ranked, shares / shares.sum(), (np.arange(len(shares), dtype=np.float32) + 0.5) / 25)


def even(frames: int) -> Prediction:
    return predicted(np.ones(frames))


def coloured(frames: int, size: int = 16) -> ModelInput:
    """Frames of one colour each, none of which is anywhere else on the page."""
    x = np.empty((frames, 3, size, size), np.uint8)
    x[:, 0], x[:, 2] = 250, 250
    x[:, 1] = np.arange(frames, dtype=np.uint8)[:, None, None]
    return ModelInput(x, np.zeros(frames, np.float32))


def still(frames: int) -> Pose:
    """Somebody of whom all landmarks are surely seen, and who does not move."""
    points = np.random.default_rng(0).random((1, len(SKELETON), 2), np.float32)
    return Pose(np.repeat(points, frames, axis=0), np.ones((frames, len(SKELETON))), 25, SKELETON)


def pixels(png: bytes) -> NDArray[np.uint8]:
    """(H, W, 3)."""
    return (imread(BytesIO(png))[..., :3] * 255).round().astype(np.uint8)


def where(page: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.int64]:
    """(N, 2) rows and columns of a page that have a colour."""
    return np.argwhere((page == colour).all(axis=2))


@pytest.mark.parametrize("frames", [1, 5, 9, 32, 33, 64])
def test_every_frame_that_was_seen_is_there_and_they_read_like_a_page(frames: int) -> None:
    page = pixels(attention_picture("clip.mp4", even(frames), coloured(frames)))
    places = [where(page, (250, number, 250)) for number in range(frames)]
    areas = [len(place) for place in places]
    # All but the framed one are of one size, and large enough to see something.
    assert min(areas) > 0.9 * max(areas)
    assert min(areas) > 100**2
    corners = [tuple(place.min(axis=0)) for place in places]
    rows = [row for row, _ in corners]
    assert sorted(corners, key=lambda corner: (round(corner[0] / 20), corner[1])) == corners
    assert max(rows.count(row) for row in rows) <= 11


def test_a_bar_under_each_frame_is_as_long_as_its_weight() -> None:
    page = pixels(attention_picture("clip.mp4", predicted([1, 4, 2]), coloured(3)))
    lengths = []
    for number, colour in enumerate((BLUE, ORANGE, BLUE)):
        tile = where(page, (250, number, 250))
        (_, left), (bottom, right) = tile.min(axis=0), tile.max(axis=0)
        below = page[bottom + 5 : bottom + 12, left - 4 : right + 5]
        lengths.append(np.ptp(where(below, colour)[:, 1]) / (right - left))
    assert lengths == pytest.approx([0.25, 1, 0.5], abs=0.04)


@given(st.integers(1, 700), st.integers(1, 64), st.integers(0, 10**6))
def test_of_many_frames_one_in_n_is_shown_and_the_heaviest_among_them(frames: int, most: int, seed: int) -> None:
    weights = np.random.default_rng(seed).random(frames)
    shown = _one_in_n(weights, most)
    assert 1 <= len(shown) <= most
    assert len(shown) > most // 2 - 1 or len(shown) == frames
    assert weights.argmax() in shown
    assert len(set(np.diff(shown))) <= 1
    assert set(range(frames)) >= set(shown.tolist())


def test_long_clips_stay_legible() -> None:
    pages = [pixels(attention_picture("clip", even(n), coloured(n))) for n in (64, 200)]
    assert len(pages[1]) <= len(pages[0])
    skeletons = [pixels(attention_picture("clip", even(n), still(n))) for n in (32, 900)]
    assert len(skeletons[1]) <= len(skeletons[0])


def test_a_skeleton_stays_inside_its_tile() -> None:
    pose = still(4)
    beyond = pose.coordinates.copy()
    beyond[:, SKELETON.index("left_knee")] = (40, 9)
    confidence = pose.confidence.copy()
    confidence[:, SKELETON.index("left_knee")] = 0.1  # as MediaPipe guesses what is not in the picture
    calm, wild = (pixels(attention_picture("clip", even(4), clip)) for clip in (pose, pose.replace(beyond, confidence)))
    white = (calm == 255).all(axis=2)
    assert (wild[white] == 255).all()


def test_a_skeleton_is_that_of_the_frames_time() -> None:
    """Where a model leaves frames out, those that it saw are drawn, and no others."""
    moving = still(60)
    seen = np.zeros_like(moving.confidence)
    seen[30:] = 1  # a signer enters the picture
    moving = moving.replace(moving.coordinates, seen)
    late = Prediction((Candidate("TEA", 1.0),), np.full(3, 1 / 3, np.float32), np.float32([1.3, 1.5, 1.7]))
    early = Prediction(late.ranked, late.attention, np.float32([0.1, 0.3, 0.5]))
    # The strip's bars and the glosses' are blue too; hands come on top of them.
    blue = [len(where(pixels(attention_picture("clip", p, moving)), BLUE)) for p in (early, late)]
    assert blue[1] > blue[0] + 100


def test_names_of_any_kind_can_be_drawn_and_nothing_is_said() -> None:
    names = ("s3://bucket/" + "long/" * 60 + "clip.mp4", "a\nb\t$x_1$ \U0001f91f নাম", "")
    glosses = ("$\\alpha$ and_more_than_fits_here", "ভাষা", "\U0001f91f", "手話")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in names:
            assert attention_picture(name, predicted([1, 2], glosses), coloured(2), truth="ভাষা", top=99)


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(IsharaError, match=r"clip\.mp4: 3 frames do not belong to 4 weights"):
        attention_picture("clip.mp4", even(4), coloured(3))
    features = ModelInput(np.zeros((4, 10), np.float32), np.zeros(4, np.float32))
    with pytest.raises(IsharaError, match=r"features of landmarks have no picture; expected the landmarks"):
        attention_picture("clip.pose", even(4), features)


def test_the_table_has_each_frame_with_its_time_and_weight(tmp_path: Path) -> None:
    prediction = predicted(np.random.default_rng(0).random(50))
    save_attention(tmp_path / "deep" / "s01.t1.png", 'a, "b"', prediction, coloured(50))
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["s01.t1.csv", "s01.t1.png"]
    table = pl.read_csv(tmp_path / "deep" / "s01.t1.csv")
    assert table.equals(attention_table('a, "b"', prediction))
    assert table.columns == ["clip", "frame", "time", "weight"]
    assert table["clip"].unique().to_list() == ['a, "b"']
    assert table["frame"].to_list() == list(range(50))
    assert table["weight"].sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(table["time"], prediction.times, atol=1e-4)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(IsharaError, match=r"file/clip\.csv: cannot be written"):
        save_attention(tmp_path / "file" / "clip.png", "clip", even(2), coloured(2))


def test_a_table_of_the_users_own_is_not_replaced(tmp_path: Path) -> None:
    own = tmp_path / "clip.csv"
    own.write_text("id,path\n")
    with pytest.raises(IsharaError, match=r"clip\.csv: is there already and is no table of attention"):
        save_attention(tmp_path / "clip.png", "clip", even(2), coloured(2))
    assert own.read_text() == "id,path\n"
    own.unlink()
    for _ in range(2):
        save_attention(tmp_path / "clip.png", "clip", even(2), coloured(2))
