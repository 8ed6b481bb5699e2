"""BdSLW60's videos: their names in any folders, annotated sessions, and the official test signers."""

import json
from pathlib import Path

import pytest

from ishara.clips.corpora import read_corpus
from ishara.errors import IsharaError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def annotate(folder: Path, sessions: dict[tuple[str, str], dict[str, object]], word: str = "W1") -> None:
    """Its ``output1.json``: word → signer → hand → session, as the authors' script writes it."""
    table: dict[str, dict[str, dict[str, dict[str, object]]]] = {}
    for (hand, session), annotated in sessions.items():
        table.setdefault(word, {}).setdefault(session.split("W")[0], {}).setdefault(hand, {})[session] = annotated
    (folder / "output1.json").write_text(json.dumps(table))


def session(rate: str, *frames: tuple[int, int]) -> dict[str, object]:
    trials = {str(i): {"starting": first, "ending": last} for i, (first, last) in enumerate(frames)}
    return {"FrameRate": rate, "no_of_trials": len(trials), "trials": trials}


def test_a_folder_per_word_or_none_and_every_form_of_name(tmp_path):
    touch(
        tmp_path,
        "W1/U4W1F_trial_0_R.mp4",
        "W1/U4W1F_2_trial_1_L.mp4",
        "Clips/W216/U8W216FL_trial_10_L.MOV",
        "u13w2f_trial_9_r.webm",
    )
    table = read_corpus("bdslw60", tmp_path).table
    assert table["gloss"].to_list() == ["W216", "W1", "W1", "W2"]
    assert table["signer"].to_list() == ["U8", "U4", "U4", "U13"]
    assert table["session"].to_list() == [1, 2, 1, 1]
    assert table["trial"].to_list() == [10, 1, 0, 9]
    assert table["handedness"].to_list() == ["left", "left", "right", "right"]
    assert table["split"].null_count() == 4


def test_signers_4_and_8_are_the_official_test_side(tmp_path):
    touch(tmp_path, *(f"U{signer}W1F_trial_0_R.mp4" for signer in (1, 4, 8, 14, 18)))
    table = read_corpus("bdslw60", tmp_path, {"split": "official"}).table
    sides = dict(zip(table["signer"], table["split"], strict=True))
    assert sides == {"U1": "train", "U14": "train", "U18": "train", "U4": "test", "U8": "test"}
    with pytest.raises(IsharaError, match=r"The option split is 'random'\. Choose from: none, official"):
        read_corpus("bdslw60", tmp_path, {"split": "random"})


def test_an_annotated_session_is_a_clip_per_trial(tmp_path, warned):
    touch(tmp_path, "W1/U4W1F.mp4", "W1/U5W1F.mp4", "W1/U5W1F_2.mp4", "W2/U4W2F_trial_0_R.mp4")
    rows = {
        ("RightHand", "U4W1F"): session("30", (31, 60), (91, 120)),
        ("LeftHand", "U4W1F"): session("30", (301, 330)),
        ("RightHand", "U5W1F"): session("15", (1, 15)),
    }
    annotate(tmp_path / "W1", rows)
    table = read_corpus("bdslw60", tmp_path).table
    assert table["id"].to_list() == [
        "U4W1F_trial_0_R", "U4W1F_trial_1_R", "U4W1F_trial_0_L", "U5W1F_trial_0_R", "U5W1F_2", "U4W2F_trial_0_R",
    ]  # fmt: skip
    assert table["start"].to_list() == [1, 3, 10, 0, None, None]
    assert table["end"].to_list() == [2, 4, 11, 1, None, None]
    assert table["handedness"].to_list() == ["right", "right", "left", "right", None, "right"]
    assert set(table["path"][:3]) == {str(tmp_path / "W1/U4W1F.mp4")}
    assert (
        "1 files are sessions of several trials that no output1.json parts; each is one clip: W1/U5W1F_2" in warned[0]
    )


def test_a_wrong_trial_is_left_out_and_told(tmp_path, warned):
    touch(tmp_path, "U4W1F.mp4")
    annotate(tmp_path, {("RightHand", "U4W1F"): session("30", (1, 30), (60, 31), (0, 9))})
    assert read_corpus("bdslw60", tmp_path).table["id"].to_list() == ["U4W1F_trial_0_R"]
    assert "2 trials of output1.json are no stretch of a video and were left out: U4W1F RightHand 1" in warned[0]


@pytest.mark.parametrize("content", ["", "[]", '{"W1": 3}', '{"W1": {"U4": {"RightHand": {"U4W1F": {}}}}}', "\x00"])
def test_an_annotation_that_is_none_is_one_error(tmp_path, content):
    touch(tmp_path, "U4W1F.mp4")
    (tmp_path / "output1.json").write_text(content)
    with pytest.raises(IsharaError, match=r"output1\.json: is not BdSLW60's annotation"):
        read_corpus("bdslw60", tmp_path)
