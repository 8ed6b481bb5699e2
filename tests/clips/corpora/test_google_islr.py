"""Google ISLR: its index, landmark files with real Parquet, and what is refused or left out."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips.corpora import read_corpus
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.files import read_pose

PARTS = {"face": 468, "left_hand": 21, "pose": 33, "right_hand": 21}


def landmarks(path: Path, frames: int = 2) -> Path:
    """A file as Kaggle has it: 543 rows a frame, the left hand never seen."""
    kinds = [kind for kind, points in PARTS.items() for _ in range(points)]
    index = [i for points in PARTS.values() for i in range(points)]
    rng = np.random.default_rng(0)
    table = pl.DataFrame(
        {
            "frame": np.repeat(np.arange(29, 29 + frames, dtype=np.int16), len(kinds)),
            "row_id": [f"{f}-{kind}-{i}" for f in range(frames) for kind, i in zip(kinds, index, strict=True)],
            "type": kinds * frames,
            "landmark_index": np.tile(np.int16(index), frames),
            **{axis: rng.uniform(0.2, 0.8, len(kinds) * frames) for axis in "xyz"},
        }
    )
    unseen = pl.when(pl.col("type") == "left_hand").then(None).otherwise(pl.col("x", "y", "z")).name.keep()
    path.parent.mkdir(parents=True, exist_ok=True)
    table.with_columns(unseen).with_columns(pl.col("x", "y", "z").fill_null(float("nan"))).write_parquet(path)
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    root = tmp_path / "asl-signs"
    rows = [("26734", "1000035562", "blow"), ("28656", "1000106739", "wait"), ("26734", "100015657", "blow")]
    for signer, sequence, _ in rows:
        landmarks(root / f"train_landmark_files/{signer}/{sequence}.parquet")
    lines = [f"train_landmark_files/{p}/{s}.parquet,{p},{s},{sign}" for p, s, sign in rows]
    (root / "train.csv").write_text("path,participant_id,sequence_id,sign\n" + "\n".join(lines) + "\n")
    (root / "sign_to_prediction_index_map.json").write_text("{}")
    return root


def test_a_row_of_the_index_is_a_clip_of_its_signer(corpus):
    table = read_corpus("google_islr", corpus).table
    assert table["id"].to_list() == ["26734-1000035562", "28656-1000106739", "26734-100015657"]
    assert table["gloss"].to_list() == ["blow", "wait", "blow"]
    assert table["signer"].to_list() == ["26734", "28656", "26734"]
    assert table["language"].unique().to_list() == ["ase"]
    assert table["path"][1] == str(corpus / "train_landmark_files/28656/1000106739.parquet")


def test_its_clips_are_read_with_the_aspect_that_was_given_wherever_the_manifest_goes(corpus, tmp_path):
    plain = read_corpus("google_islr", corpus)
    given = read_corpus("google_islr", corpus, {"aspect": 0.75})
    assert not given.missing_files()
    moved = Manifest.read(given.write(tmp_path / "clips.csv"))
    whole, narrow = (read_pose(next(iter(manifest)).path) for manifest in (plain, moved))
    assert whole.skeleton.name == "holistic-face"
    assert whole.fps == 30
    np.testing.assert_allclose(narrow.coordinates, whole.coordinates * np.float32([0.75, 1, 0.75]))
    left = [whole.skeleton.index(name) for name in whole.skeleton.groups["left_hand"]]
    assert not whole.seen[:, left].any()
    assert np.delete(whole.seen, left, axis=1).all()
    with pytest.raises(IsharaError, match="the aspect is 'tall'"):
        read_corpus("google_islr", corpus, {"aspect": "tall"})


def test_files_that_are_not_there_and_rows_with_empty_fields_are_left_out_and_told(corpus, warned):
    with (corpus / "train.csv").open("a") as index:
        index.write("train_landmark_files/9/8.parquet,9,8,dad\ntrain_landmark_files/9/7.parquet,9,7,\n")
    assert len(read_corpus("google_islr", corpus)) == 3
    assert "1 rows of train.csv have an empty field and were left out: 6" in warned[0]
    assert "1 files of train.csv are not there and were left out: train_landmark_files/9/8.parquet" in warned[1]


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (None, r"there is no train\.csv\. Expected: train\.csv with the columns path, participant_id"),
        ("", "cannot be read as CSV"),
        ("path,sign\na,b\n", "expected the columns path, participant_id, sequence_id, sign; found path, sign"),
        ("path,participant_id,sequence_id,sign\na.parquet,1,2,\n", "has no row that gives path"),
        ("path,participant_id,sequence_id,sign\na.parquet,1,2,tea\n", "none of the 1 files .* is there .first: a.parq"),
    ],
)
def test_a_wrong_index_says_what_is_wrong(corpus, index, says):
    (corpus / "train.csv").unlink()
    if index is not None:
        (corpus / "train.csv").write_text(index)
    with pytest.raises(IsharaError, match=says):
        read_corpus("google_islr", corpus)


def test_one_sequence_twice_is_refused_with_the_index(corpus):
    text = (corpus / "train.csv").read_text()
    (corpus / "train.csv").write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(IsharaError, match=r"train\.csv: 2 rows of the manifest share their id"):
        read_corpus("google_islr", corpus)
