"""ASL Citizen: a table per official split, glosses from the tables and never from file names."""

import pytest

from ishara.clips.corpora import read_corpus
from ishara.errors import IsharaError

HEADER = "Participant ID,Video file,Gloss,ASL-LEX Code\n"


@pytest.fixture
def asl_citizen(tmp_path, put):
    home = tmp_path / "ASL_Citizen"
    put(
        home,
        "splits/train.csv",
        content=HEADER + "P1,15890366051589533-APPLE.mp4,APPLE ,C_02_055\nP1,2-DOG.mp4,DOG,D\n",
    )
    put(home, "splits/val.csv", content="\ufeff" + HEADER + "P2,3-seedAPPLE.mp4,APPLE,C_02_055\n")
    put(home, "splits/test.csv", content=HEADER + "P3,4-REMEMBER.mp4,REMEMBER2,C_02_014\n")
    return put(home, *(f"videos/{n}.mp4" for n in ("15890366051589533-APPLE", "2-DOG", "3-seedAPPLE", "4-REMEMBER")))


@pytest.mark.parametrize("outside", [False, True])
def test_the_official_splits(asl_citizen, outside):
    table = read_corpus("asl_citizen", asl_citizen.parent if outside else asl_citizen).table
    assert table["id"].to_list() == ["15890366051589533-APPLE", "2-DOG", "3-seedAPPLE", "4-REMEMBER"]
    assert table["gloss"].to_list() == ["APPLE", "DOG", "APPLE", "REMEMBER2"]
    assert table["signer"].to_list() == ["P1", "P1", "P2", "P3"]
    assert table["split"].to_list() == ["train", "train", "validation", "test"]
    assert table["asl_lex_code"][0] == "C_02_055"
    assert table["language"].unique().to_list() == ["ase"]
    assert table["path"][1] == str(asl_citizen / "videos/2-DOG.mp4")


def test_a_list_of_glosses_and_a_missing_video(asl_citizen, warned):
    assert read_corpus("asl_citizen", asl_citizen, {"glosses": "DOG,APPLE"}).glosses == ["APPLE", "DOG"]
    (asl_citizen / "videos/2-DOG.mp4").unlink()
    assert len(read_corpus("asl_citizen", asl_citizen)) == 3
    assert "1 of 4 videos are not there: 2-DOG.mp4" in warned[0]
    with pytest.raises(IsharaError, match="no gloss 'dog'"):
        read_corpus("asl_citizen", asl_citizen, {"glosses": "dog"})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "user,file\nP1,1.mp4\n",
            "expected the columns Participant ID, Video file, Gloss, ASL-LEX Code; found user, file",
        ),
        ("", "cannot be read as CSV"),
        (HEADER + "P1,2-DOG.mp4,,D\n", "row 2 has no gloss"),
        (HEADER + "P1,,DOG,D\n", "row 2 has no video file"),
        (HEADER + "P1,2-DOG.mp4,DOG,D\nP1,2-DOG.mp4,CAT,D\n", "share their id"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(asl_citizen, put, content, says):
    put(asl_citizen, "splits/train.csv", content=content)
    with pytest.raises(IsharaError, match=says):
        read_corpus("asl_citizen", asl_citizen)


def test_a_table_in_another_encoding_and_tables_that_are_not_there(asl_citizen):
    (asl_citizen / "splits/train.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(IsharaError, match=r"train\.csv: is not text in UTF-8"):
        read_corpus("asl_citizen", asl_citizen)
    for name in ("train", "val", "test"):
        (asl_citizen / f"splits/{name}.csv").unlink()
    with pytest.raises(IsharaError, match=r"no labelled clips; expected splits/train\.csv"):
        read_corpus("asl_citizen", asl_citizen)
