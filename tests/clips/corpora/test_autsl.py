"""AUTSL: label tables without a header, colour videos, glosses in Turkish, English or by number."""

import pytest

from ishara.clips.corpora import read_corpus
from ishara.errors import IsharaError

SIGNS = "SignList_ClassId_TR_EN.csv"


@pytest.fixture
def autsl(tmp_path, put):
    put(tmp_path, "train_labels.csv", content="signer0_sample1,2\nsigner3_sample12,0\n")
    put(tmp_path, "validation_labels.csv", content="signer5_sample1,1\n")
    put(tmp_path, "test_labels.csv", content="signer6_sample9,2\n")
    put(tmp_path, SIGNS, content="ClassId,TR,EN\n0,abla,sister\n1,kız kardeş,sister\n2,çay,tea\n")
    put(tmp_path, "train/signer0_sample1_color.mp4", "train/signer0_sample1_depth.mp4")
    return put(
        tmp_path, "train/signer3_sample12_color.mp4", "val/signer5_sample1_color.mp4", "test/signer6_sample9_color.mp4"
    )


def test_the_official_splits(autsl):
    table = read_corpus("autsl", autsl).table
    assert table["id"].to_list() == ["signer0_sample1", "signer3_sample12", "signer5_sample1", "signer6_sample9"]
    assert table["gloss"].to_list() == ["çay", "abla", "kız kardeş", "çay"]
    assert table["signer"].to_list() == ["0", "3", "5", "6"]
    assert table["split"].to_list() == ["train", "train", "validation", "test"]
    assert table["path"][0] == str(autsl / "train/signer0_sample1_color.mp4")
    assert table["language"].unique().to_list() == ["tsm"]


def test_two_signs_with_one_translation_stay_two_glosses(autsl):
    assert read_corpus("autsl", autsl, {"names": "en"}).glosses == ["sister (0)", "sister (1)", "tea"]
    assert read_corpus("autsl", autsl, {"names": "id"}).glosses == ["0", "1", "2"]
    assert read_corpus("autsl", autsl, {"glosses": "çay"}).glosses == ["çay"]


def test_without_the_list_of_signs_glosses_are_numbers(autsl, warned):
    (autsl / SIGNS).unlink()
    assert read_corpus("autsl", autsl).glosses == ["0", "1", "2"]
    assert f"there is no {SIGNS}; glosses are the numbers" in warned[0]
    with pytest.raises(IsharaError, match=f"there is no {SIGNS}.*names=id does without"):
        read_corpus("autsl", autsl, {"names": "tr"})


def test_a_header_and_file_names_in_a_table_are_no_clips(autsl, put):
    put(autsl, "validation_labels.csv", content="sample_id,label\nsigner5_sample1_color.mp4,1\n")
    assert [clip.id for clip in read_corpus("autsl", autsl) if clip.split == "validation"] == ["signer5_sample1"]


def test_a_video_that_is_missing_is_told_of_and_its_depth_is_no_substitute(autsl, warned):
    (autsl / "train/signer0_sample1_color.mp4").unlink()
    assert len(read_corpus("autsl", autsl)) == 3
    assert "1 of 4 videos are not there: signer0_sample1_color.mp4" in warned[0]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("train_labels.csv", "signer0_sample1,2\nsigner3,0\n", "row 2 is signer3,0; expected a sample and its class"),
        ("train_labels.csv", "signer0_sample1,2\nsigner3_sample1,x\n", "row 2 is signer3_sample1,x"),
        ("train_labels.csv", "signer0_sample1,2,9\n", "expected the columns sample, class; found 3 columns"),
        ("train_labels.csv", "signer0_sample1,7\n", f"{SIGNS} does not name the class 7"),
        (SIGNS, "ClassId,EN\n0,tea\n", "expected the columns ClassId, TR; found ClassId, EN"),
        (SIGNS, "ClassId,TR,EN\n0,,tea\n", "row 2 is 0,None; expected the number of a sign and its name"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(autsl, put, name, content, says):
    put(autsl, name, content=content)
    with pytest.raises(IsharaError, match=says):
        read_corpus("autsl", autsl)


def test_tables_that_are_not_there(autsl):
    for name in ("train", "validation", "test"):
        (autsl / f"{name}_labels.csv").unlink()
    with pytest.raises(IsharaError, match=r"no labelled clips; expected train_labels\.csv"):
        read_corpus("autsl", autsl)
