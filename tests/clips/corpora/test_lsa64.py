"""LSA64: names, the gloss of each number, and what is refused or left out."""

from pathlib import Path

import pytest

from ishara.clips.corpora import read_corpus
from ishara.clips.corpora.lsa64 import _SIGNS
from ishara.errors import IsharaError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_name_is_sign_signer_and_repetition(tmp_path):
    touch(tmp_path, "all/001_001_001.mp4", "all/001_010_005.mp4", "all/030_002_003.mp4", "all/064_009_001.mp4")
    table = read_corpus("lsa64", tmp_path).table
    assert table["id"].to_list() == ["001_001_001", "001_010_005", "030_002_003", "064_009_001"]
    assert table["gloss"].to_list() == ["Opaque", "Opaque", "Birthday", "Find"]
    assert table["signer"].to_list() == ["001", "010", "002", "009"]
    assert table["take"].to_list() == [1, 5, 3, 1]
    assert table["language"].unique().to_list() == ["aed"]
    assert table["path"][0] == str(tmp_path / "all/001_001_001.mp4")


def test_its_64_glosses_are_distinct_and_its_22_two_handed_signs_are_told(tmp_path):
    """The source calls two signs "Red"; as one gloss they would be one class."""
    touch(tmp_path, *(f"{sign:03d}_001_001.mp4" for sign in range(1, 65)))
    table = read_corpus("lsa64", tmp_path).table
    assert len(set(_SIGNS)) == table["gloss"].n_unique() == 64
    hands = dict(zip(table["gloss"], table["hands"], strict=True))
    assert sum(side == "both" for side in hands.values()) == 22
    assert (hands["Opaque"], hands["Mock"], hands["Birthday"], hands["Give"]) == ("right", "both", "right", "both")


def test_strange_names_among_good_ones_are_reported_and_left_out(tmp_path, warned):
    touch(tmp_path, "001_001_001.mp4", "065_001_001.mp4", "000_001_001.mp4", "1_1_1.mp4", "intro.mp4", "list.txt")
    touch(tmp_path, "__MACOSX/._001_001_001.mp4", ".DS_Store")
    assert len(read_corpus("lsa64", tmp_path)) == 1
    (message,) = warned
    assert "4 files are not named as in LSA64 and were left out: 000_001_001.mp4, 065_001_001.mp4, 1_1_1" in message


@pytest.mark.parametrize("other", ["cut/001_001_001.mp4", "raw/001_001_001.pose"])
def test_two_versions_below_one_folder_are_refused(tmp_path, other):
    touch(tmp_path, "raw/001_001_001.mp4", other)
    with pytest.raises(IsharaError, match=r"1 clips are there more than once.*first: 001_001_001.*one version"):
        read_corpus("lsa64", tmp_path)


def test_a_folder_without_clips_says_what_was_found_and_a_file_that_it_is_one(tmp_path):
    touch(tmp_path, "lsa64_cut.zip.part", "intro.mp4")
    with pytest.raises(IsharaError, match=r"no clips of LSA64 here\. Expected: .*Found: intro\.mp4, lsa64_cut"):
        read_corpus("lsa64", tmp_path)
    with pytest.raises(IsharaError, match=r"intro\.mp4: is a file; expected a folder"):
        read_corpus("lsa64", tmp_path / "intro.mp4")
