"""Google's landmark tables: which row is which landmark, gaps, every wrong table, and damage anywhere."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.pose.address import Address, file_of
from ishara.pose.files import read_pose
from ishara.pose.skeleton import MEDIAPIPE_BODY, hand_landmarks

KINDS = {
    "face": [f"face.{i}" for i in range(468)],
    "left_hand": list(hand_landmarks("left_hand")),
    "pose": list(MEDIAPIPE_BODY),
    "right_hand": list(hand_landmarks("right_hand")),
}
ROWS = [(kind, i) for kind, names in KINDS.items() for i in range(len(names))]


def table(*frames: int, kinds: tuple[str, ...] = tuple(KINDS)) -> pl.DataFrame:
    """All landmarks in each frame, at (number of the row, frame, 0.5)."""
    rows = [(f, kind, i, number, f, 0.5) for f in frames for number, (kind, i) in enumerate(ROWS) if kind in kinds]
    schema = {"frame": pl.Int16, "type": pl.String, "landmark_index": pl.Int16, "x": pl.Float64, "y": pl.Float64}
    return pl.DataFrame(rows, schema={**schema, "z": pl.Float64}, orient="row")


@pytest.fixture
def file(tmp_path: Path):
    def write(rows: pl.DataFrame) -> Path:
        rows.write_parquet(tmp_path / "clip.parquet")
        return tmp_path / "clip.parquet"

    return write


def test_each_row_is_its_landmark_in_whatever_order_the_rows_stand(file):
    pose = read_pose(file(table(4, 5).sample(fraction=1, shuffle=True, seed=0)))
    assert (len(pose), pose.fps, pose.skeleton.name) == (2, 30, "holistic-face")
    for number, (kind, i) in enumerate(ROWS):
        np.testing.assert_array_equal(pose.landmark(KINDS[kind][i]), [[number, 4, 0.5], [number, 5, 0.5]])
    assert pose.seen.all()


def test_nan_null_and_rows_that_are_not_there_are_what_was_not_seen(file):
    rows = table(1, 2, kinds=("pose", "right_hand"))
    nowhere = pl.when((pl.col("frame") == 2) & (pl.col("type") == "right_hand") & (pl.col("landmark_index") < 9))
    rows = rows.with_columns(nowhere.then(float("nan")).otherwise(pl.col("x", "y", "z")).name.keep())
    rows = rows.with_columns(nowhere.then(None).otherwise(pl.col("y")).alias("y"))
    pose = read_pose(file(rows))
    right = pose.seen[:, [pose.skeleton.index(name) for name in KINDS["right_hand"]]]
    assert right[0].all()
    assert right[1].tolist() == [False] * 9 + [True] * 12
    assert not pose.seen[:, [pose.skeleton.index(name) for name in KINDS["face"] + KINDS["left_hand"]]].any()


def test_a_frame_that_was_left_out_keeps_its_time(file):
    pose = read_pose(file(table(20, 21, 24)))
    assert pose.seen.any(axis=1).tolist() == [True, True, False, False, True]
    assert len(read_pose(file(table(20, 21, 24)), start=4 / 30)) == 1


def test_the_aspect_is_in_the_address_and_nothing_else_has_a_meaning(file):
    path = str(file(table(1)))
    assert Address.parse(f"{path}?aspect=0.75") == Address(path, aspect=0.75)
    assert str(Address(path, aspect=0.75)) == f"{path}?aspect=0.75"
    assert file_of(f"{path}?aspect=0.75") == path
    assert Address.parse("a.parquet/clip.pose") == Address("a.parquet/clip.pose")
    plain = read_pose(path).coordinates
    np.testing.assert_allclose(read_pose(f"{path}?aspect=0.5").coordinates, plain * [0.5, 1, 0.5])
    for wrong in ("#0", "?layout=holistic"):
        with pytest.raises(IsharaError, match=r"clip\.parquet.*is a table of one clip"):
            read_pose(path + wrong)


def first(value: object, name: str) -> pl.Expr:
    """The column with another value in its first row."""
    return pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda t: t.drop("type", "z"),
            "has no column type, z; found frame, landmark_index, x, y, expected frame, type",
        ),
        (lambda t: t.clear(), "has no rows"),
        (lambda t: pl.concat([t, t[5:6]]), "has a landmark more than once in a frame"),
        (lambda t: t.with_columns(first("tail", "type")), r"1 rows that are no landmark .*first: 'tail' number 0"),
        (
            lambda t: t.with_columns(first(468, "landmark_index")),
            r"'face' number 468\); expected pose 0–32, face 0–467",
        ),
        (lambda t: t.with_columns(first(-1, "landmark_index")), "'face' number -1"),
        (lambda t: t.with_columns(first(None, "frame")), "rows without a frame, type or landmark_index"),
        (
            lambda t: t.with_columns(first(30000, "frame")),
            "has 2 frames, numbered from 1 to 30000; the numbers are dam",
        ),
        (lambda t: t.with_columns(pl.col("x").cast(pl.String)), "a column x of the type String; expected numbers"),
        (lambda t: t.with_columns(pl.col("frame").cast(pl.Float64)), "a column frame of the type Float64; expected"),
        (
            lambda t: t.with_columns(first(float("nan"), "y")),
            "1 landmarks that were seen have coordinates that are NaN",
        ),
        (lambda t: t.with_columns(first(1e300, "y")), "1 landmarks that were seen .*: face.0 in frame 0"),
        (lambda t: t.with_columns(x=float("nan"), y=float("nan"), z=float("nan")), "nobody was seen"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(file, change, says):
    path = file(change(table(1)))
    with pytest.raises(IsharaError, match=rf"clip\.parquet: .*{says}"):
        read_pose(path)


def test_a_manifest_a_text_and_an_empty_file_are_no_landmarks(tmp_path):
    path = tmp_path / "clip.parquet"
    pl.DataFrame({"id": ["a"], "path": ["a.pose"], "gloss": ["TEA"]}).write_parquet(path)
    with pytest.raises(IsharaError, match=r"clip\.parquet: has no column frame, type"):
        read_pose(path)
    for content in (b"", b"PAR1", b"id,path,gloss\n", b"PAR1" + bytes(99) + b"PAR1"):
        path.write_bytes(content)
        with pytest.raises(IsharaError, match=r"clip\.parquet: is damaged or not a Parquet file"):
            read_pose(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("parquet") / "whole.parquet"
    table(1, 2, kinds=("pose", "left_hand", "right_hand")).write_parquet(path)
    return path.read_bytes()


@given(
    places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=5),
    at_the_end=st.booleans(),
    cut=st.floats(0, 0.999),
)
def test_damage_anywhere_gives_a_clip_or_one_error(tmp_path_factory, whole, places, at_the_end, cut):
    """The end of the file says where and what everything is: half of the mutants are changed there."""
    path = tmp_path_factory.mktemp("fuzz") / "damaged.parquet"
    path.write_bytes(whole[: int(cut * len(whole))])
    with pytest.raises(IsharaError, match=r"damaged\.parquet: is damaged"):
        read_pose(path)
    data = bytearray(whole)
    for share, value in places:
        data[-1 - int(share * 900) if at_the_end else int(share * len(data))] = value
    path.write_bytes(data)
    try:
        pose = read_pose(path)
    except IsharaError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017 - a clip is as good an outcome
    else:
        assert np.isfinite(pose.coordinates).all()
