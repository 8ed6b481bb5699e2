"""INCLUDE and INCLUDE-50: the words' folders, the official lists, and what is refused or left out."""

from pathlib import Path

import pytest

from ishara.clips.corpora import read_corpus
from ishara.clips.corpora.include import _WORDS50
from ishara.errors import IsharaError

# As in the zip files of Zenodo, some unpacked into a folder of their own, and with the corpus's own odd folders.
CLIPS = (
    "Adjectives/1. loud/MVI_5177.MOV",
    "Adjectives/1. loud/MVI_5258.MOV",
    "Adjectives/10. Mean/MVI_9593.MOV",
    "Greetings_1of2/Greetings/52. Good afternoon/MVI_0050_ (1).MOV",
    "Places/19. House/Extra/MVI_3439.MOV",
    "Days_and_Time/Second (Number)/MVI_4650.MOV",
    "Seasons/Ex. Monsoon/MVI_4674.MOV",
)
LISTS = {
    "include_train": ["Adjectives/1. loud/MVI_5177.MOV", "Adjectives/10. Mean/MVI_9593.MOV"],
    "include_val": ["Greetings/52. Good afternoon/MVI_0050_ (1).MOV"],
    "include_test": ["Places/19. House/Extra/MVI_3439.MOV", "Days_and_Time/Second (Number)/MVI_4650.MOV", ""],
    "include50_train": ["Adjectives/1. loud/MVI_5258.MOV", "Animals/1. Dog/MVI_2978.MOV"],
    "include50_val": ["Adjectives/1. loud/MVI_5177.MOV"],
    "include50_test": ["Places/19. House/Extra/MVI_3439.MOV"],
}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in CLIPS:
        path = tmp_path / "INCLUDE" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "INCLUDE"


def lists(folder: Path) -> Path:
    folder.mkdir()
    for name, lines in LISTS.items():
        (folder / f"{name}.txt").write_text("\n".join(lines))
    return folder


def test_a_gloss_is_its_folder_without_the_number_whatever_lies_above_and_below(corpus, warned):
    table = read_corpus("include", corpus).table
    found = dict(zip(table["id"], table["gloss"], strict=True))
    assert found == {
        "Adjectives/1. loud/MVI_5177": "loud",
        "Adjectives/1. loud/MVI_5258": "loud",
        "Adjectives/10. Mean/MVI_9593": "Mean",
        "Days_and_Time/Second (Number)/MVI_4650": "Second (Number)",
        "Greetings/52. Good afternoon/MVI_0050_ (1)": "Good afternoon",
        "Places/19. House/Extra/MVI_3439": "House",
        "Seasons/Ex. Monsoon/MVI_4674": "Ex. Monsoon",
    }
    assert set(table["category"]) == {"Adjectives", "Days_and_Time", "Greetings", "Places", "Seasons"}
    assert table["language"].unique().to_list() == ["ins"]
    assert table["signer"].null_count() == table["split"].null_count() == len(table)
    assert "include_train.txt, include_val.txt, include_test.txt" in warned[0]
    assert "so no clip has a split" in warned[0]


def test_the_official_lists_give_the_split_and_what_they_do_not_name_is_left_out(corpus, warned):
    lists(corpus / "train_test_paths")
    table = read_corpus("include", corpus).table
    assert dict(zip(table["id"], table["split"], strict=True)) == {
        "Adjectives/1. loud/MVI_5177": "train",
        "Adjectives/10. Mean/MVI_9593": "train",
        "Greetings/52. Good afternoon/MVI_0050_ (1)": "validation",
        "Places/19. House/Extra/MVI_3439": "test",
        "Days_and_Time/Second (Number)/MVI_4650": "test",
    }
    assert len(warned) == 1
    assert "2 files are in no official list of include and were left out: Adjectives/1. loud/MVI_5258.MOV" in warned[0]


def test_include50_has_lists_of_its_own_and_missing_clips_are_counted_and_named(corpus, tmp_path, warned):
    table = read_corpus("include50", corpus, {"lists": str(lists(tmp_path / "lists"))}).table
    assert dict(zip(table["id"], table["split"], strict=True)) == {
        "Adjectives/1. loud/MVI_5258": "train",
        "Adjectives/1. loud/MVI_5177": "validation",
        "Places/19. House/Extra/MVI_3439": "test",
    }
    assert "1 files of the official lists of include50 are not there: Animals/1. Dog/MVI_2978" in warned[1]


def test_include50_without_lists_is_its_fifty_words(corpus):
    assert len(_WORDS50) == 50
    assert set(read_corpus("include50", corpus).table["gloss"]) == {"loud", "House"}


def test_lists_that_are_not_whole_are_refused(corpus, tmp_path):
    folder = lists(corpus / "train_test_paths")
    (folder / "include_val.txt").unlink()
    with pytest.raises(IsharaError, match=r"train_test_paths: there is no include_val\.txt"):
        read_corpus("include", corpus)
    for side in ("train", "val", "test"):
        (folder / f"include_{side}.txt").write_text("\n")
    with pytest.raises(IsharaError, match=r"its lists include_train\.txt, .* are empty"):
        read_corpus("include", corpus)
    with pytest.raises(IsharaError, match="elsewhere: there is no include_train"):
        read_corpus("include", corpus, {"lists": str(tmp_path / "elsewhere")})


def test_clips_of_no_category_are_reported_and_left_out_and_doubles_refused(corpus, warned):
    for name in ("Verbs/1. go/MVI_1.MOV", "Adjectives/MVI_2.MOV", "MVI_3.MOV"):
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (corpus / name).touch()
    assert len(read_corpus("include", corpus)) == len(CLIPS)
    assert "3 files are not named as in INCLUDE and were left out: Adjectives/MVI_2.MOV, MVI_3.MOV, Verbs" in warned[0]
    (corpus / "Adjectives_1of8/Adjectives/1. loud").mkdir(parents=True)
    (corpus / "Adjectives_1of8/Adjectives/1. loud/MVI_5177.MOV").touch()
    with pytest.raises(IsharaError, match=r"1 clips are there more than once.*Adjectives/1\. loud/MVI_5177"):
        read_corpus("include", corpus)


def test_a_folder_of_one_word_of_another_list_is_refused(tmp_path):
    (tmp_path / "Adjectives/10. Mean").mkdir(parents=True)
    (tmp_path / "Adjectives/10. Mean/MVI_9593.MOV").touch()
    with pytest.raises(IsharaError, match="none of the clips here belongs to include50"):
        read_corpus("include50", tmp_path)
