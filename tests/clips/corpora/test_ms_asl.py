"""MS-ASL: stretches of YouTube videos, glosses by class, official splits."""

import pytest

from ishara.clips.corpora import read_corpus
from ishara.errors import IsharaError


def item(video: str, label: int, **changes: object) -> dict[str, object]:
    known = {
        "org_text": "match [light-a-MATCH]", "clean_text": "match", "start_time": 0.0, "signer_id": 0, "signer": 0,
        "start": 0, "end": 83, "file": "match light-a-MATCH", "label": label, "height": 360.0, "fps": 30.0,
        "end_time": 2.767, "url": f"https://www.youtube.com/watch?v={video}", "text": "match",
        "box": [0.25, 0.5, 1.0, 0.75], "width": 640.0,
    }  # fmt: skip
    return known | changes


@pytest.fixture
def ms_asl(tmp_path, put):
    put(tmp_path, "MS-ASL/MSASL_classes.json", content=["hello", "nice", "teacher"])
    train = [item("C37R_Ix8-qs", 1), item("C37R_Ix8-qs", 0, start_time=3.5, end_time=5.0, signer_id=4)]
    put(tmp_path, "MS-ASL/MSASL_train.json", content=train)
    put(tmp_path, "MS-ASL/MSASL_val.json", content=[item("abcdefghijk", 1, url="www.youtube.com/embed/abcdefghijk")])
    put(tmp_path, "MS-ASL/MSASL_test.json", content=[item("gone_______", 2)])
    return put(tmp_path, "videos/C37R_Ix8-qs.mp4", "videos/abcdefghijk.mkv")


def test_clips_are_stretches_of_whole_videos(ms_asl, warned):
    table = read_corpus("ms_asl", ms_asl).table
    assert table["id"].to_list() == ["train-00000", "train-00001", "validation-00000"]
    assert table["gloss"].to_list() == ["nice", "hello", "nice"]
    assert table["split"].to_list() == ["train", "train", "validation"]
    assert table["signer"].to_list() == ["0", "4", "0"]
    assert table["start"].to_list() == [0.0, 3.5, 0.0]
    assert table["end"].to_list() == [2.767, 5.0, 2.767]
    assert table["path"].to_list()[1:] == [str(ms_asl / f"videos/{n}") for n in ("C37R_Ix8-qs.mp4", "abcdefghijk.mkv")]
    assert table["text"].unique().to_list() == ["match"]
    assert table["language"].unique().to_list() == ["ase"]
    assert "1 of 4 videos are not there: gone_______.mp4" in warned[0]


def test_subsets_are_the_first_classes(ms_asl):
    assert read_corpus("ms_asl", ms_asl, {"top": 1}).glosses == ["hello"]
    assert read_corpus("ms_asl", ms_asl, {"glosses": "nice"}).glosses == ["nice"]
    with pytest.raises(IsharaError, match=r"no gloss 'nicer' among its 3\. Did you mean 'nice'"):
        read_corpus("ms_asl", ms_asl, {"glosses": "nicer"})


def test_a_box_is_a_fraction_of_whatever_picture_is_there(ms_asl, make_video):
    make_video(ms_asl / "videos/C37R_Ix8-qs.mp4", width=64, height=48)
    make_video(ms_asl / "videos/abcdefghijk.mkv", width=128, height=96)
    assert [clip.box for clip in read_corpus("ms_asl", ms_asl)] == [None] * 3
    boxes = [clip.box for clip in read_corpus("ms_asl", ms_asl, {"boxes": "use"})]
    assert boxes == ["32 12 48 48", "32 12 48 48", "64 24 96 96"]


def test_a_video_that_cannot_be_read_has_no_box_and_is_told_of(ms_asl, make_video, warned):
    make_video(ms_asl / "videos/C37R_Ix8-qs.mp4")
    boxes = [clip.box for clip in read_corpus("ms_asl", ms_asl, {"boxes": "use"})]
    assert [box is None for box in boxes] == [False, False, True]
    assert "abcdefghijk.mkv" in warned[-1]


def test_a_clip_that_ends_before_it_starts_is_left_out(ms_asl, put, warned):
    put(ms_asl, "MS-ASL/MSASL_val.json", content=[item("abcdefghijk", 1, start_time=4.0)])
    assert [clip.split for clip in read_corpus("ms_asl", ms_asl)] == ["train", "train"]
    assert "1 clips end before they start and were left out: validation-00000" in warned[0]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("MSASL_train.json", {"a": 1}, "expected a list of clips; found dict"),
        ("MSASL_train.json", [{"url": "x"}], "clip 1: the key 'start_time' is missing"),
        ("MSASL_train.json", [item("x", 3)], "clip 1 has the label 3; MSASL_classes.json has 3 glosses"),
        ("MSASL_train.json", "[", "cannot be read as JSON"),
        ("MSASL_classes.json", {}, "expected a list of glosses"),
        ("MSASL_classes.json", ["hello", "hello", "nice"], "hello is there more than once"),
    ],
)
def test_a_wrong_label_file_says_what_is_wrong(ms_asl, put, name, content, says):
    put(ms_asl / "MS-ASL", name, content=content)
    with pytest.raises(IsharaError, match=says):
        read_corpus("ms_asl", ms_asl)


def test_label_files_that_are_not_there(ms_asl):
    for name in ("train", "val", "test"):
        (ms_asl / f"MS-ASL/MSASL_{name}.json").unlink()
    with pytest.raises(IsharaError, match=r"no labelled clips; expected MSASL_train\.json"):
        read_corpus("ms_asl", ms_asl)
    (ms_asl / "MS-ASL/MSASL_classes.json").unlink()
    with pytest.raises(IsharaError, match=r"there is no MSASL_classes\.json"):
        read_corpus("ms_asl", ms_asl)


def test_a_signer_that_is_not_known_is_none_and_no_signer_of_that_number(ms_asl, put):
    put(ms_asl, "MS-ASL/MSASL_val.json", content=[item("abcdefghijk", 1, signer_id=-1)])
    assert read_corpus("ms_asl", ms_asl).table["signer"].to_list() == ["0", "4", None]
