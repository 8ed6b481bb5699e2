"""BdSLW401: names, views, the split of the folders, the words' names, and what is refused or left out."""

from pathlib import Path

import pytest

from ishara.clips.corpora import read_corpus
from ishara.clips.corpora.bdslw401 import Name
from ishara.errors import IsharaError


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Kaggle's folders: a view, again the view, a split, and all clips of it."""
    for name in (
        "Front/Front/train/W001S01F_01.mp4",
        "Front/Front/train/W002S01F_01.mp4",
        "Front/Front/val/W001S03F_01.mp4",
        "Front/Front/test/W401S18F_11.mp4",
        "Lateral/Lateral/train/W001S01L_01.mp4",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("W001S04F_02.mp4", Name("W001", "S04", "front", 2, None)),
        ("Lateral/val/W401S18L_11.mp4", Name("W401", "S18", "lateral", 11, "validation")),
        ("train/test/w12s3_05.MP4", Name("W012", "S03", None, 5, "test")),
        ("W001S04F.mp4", None),
        ("U4W1F_trial_0_L.mp4", None),
        ("W001S04F_trial_02.mp4", None),
    ],
)
def test_what_a_path_says(path, expected):
    assert Name.parse(Path(path)) == expected


def test_both_views_with_the_split_of_their_folder(corpus):
    table = read_corpus("bdslw401", corpus).table
    assert table["id"].to_list() == ["W401S18F_11", "W001S01F_01", "W002S01F_01", "W001S03F_01", "W001S01L_01"]
    assert table["gloss"].to_list() == ["W401", "W001", "W002", "W001", "W001"]
    assert table["signer"].to_list() == ["S18", "S01", "S01", "S03", "S01"]
    assert table["split"].to_list() == ["test", "train", "train", "validation", "train"]
    assert table["view"].to_list() == [*["front"] * 4, "lateral"]
    assert table["take"].to_list() == [11, 1, 1, 1, 1]


def test_one_view_may_be_chosen(corpus):
    assert read_corpus("bdslw401", corpus, {"view": "lateral"}).table["id"].to_list() == ["W001S01L_01"]
    with pytest.raises(IsharaError, match=r"The option view is 'side'\. Choose from: all, front, lateral"):
        read_corpus("bdslw401", corpus, {"view": "side"})
    with pytest.raises(IsharaError, match="none of the 4 clips is a lateral view"):
        read_corpus("bdslw401", corpus / "Front", {"view": "lateral"})


def test_words_are_named_where_a_table_stands_beside(corpus):
    (corpus / "words.csv").write_text("word,gloss\nW001,আম\n", encoding="utf-8")
    assert read_corpus("bdslw401", corpus).table["gloss"].to_list() == ["W401", "আম", "W002", "আম", "আম"]


def test_strange_names_are_left_out_and_doubles_refused(corpus, warned):
    (corpus / "Front/Front/train/not_a_clip.mp4").touch()
    assert len(read_corpus("bdslw401", corpus)) == 5
    assert "1 files are not named as in BdSLW401 and were left out: Front/Front/train/not_a_clip.mp4" in warned[0]
    (corpus / "copy").mkdir()
    (corpus / "copy/W001S01F_01.mp4").touch()
    with pytest.raises(IsharaError, match="1 clips are there more than once"):
        read_corpus("bdslw401", corpus)


def test_a_folder_of_bdslw60_is_refused_with_what_was_found(tmp_path):
    (tmp_path / "U4W1F_trial_0_R.mp4").touch()
    with pytest.raises(IsharaError, match=r"no clips of BdSLW401 here.*W<word>S<signer>.*Found: U4W1F_trial_0_R\.mp4"):
        read_corpus("bdslw401", tmp_path)
