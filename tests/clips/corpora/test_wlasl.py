"""WLASL: both label forms, what ranges and boxes mean, and what is wrong with a folder of something else."""

import csv
import json

import pytest

from ishara.clips.corpora import read_corpus
from ishara.errors import IsharaError

YOUTUBE = "https://www.youtube.com/watch?v=PPmQd2zWdP0"


def instance(video_id: str, **changes: object) -> dict[str, object]:
    known = {
        "bbox": [10, 4, 40, 48], "fps": 25, "frame_end": -1, "frame_start": 1, "instance_id": 0, "signer_id": 118,
        "source": "aslbrick", "split": "train", "url": f"http://a.org/{video_id}.mp4", "variation_id": 0,
        "video_id": video_id,
    }  # fmt: skip
    return known | changes


def entry(gloss: str, *instances: dict[str, object]) -> dict[str, object]:
    return {"gloss": gloss, "instances": list(instances)}


V03 = [
    entry("book", instance("00001"), instance("00002", split="val", signer_id=7, variation_id=1)),
    entry("drink", instance("00003", split="test")),
    entry("chair", instance("00004")),
]


@pytest.fixture
def wlasl(tmp_path, put):
    """The folder that WLASL's own scripts make."""
    put(tmp_path, "WLASL_v0.3.json", content=V03)
    return put(tmp_path, *(f"videos/0000{n}.mp4" for n in (1, 2, 3, 4)))


def test_the_v03_form(wlasl):
    table = read_corpus("wlasl", wlasl).table
    assert table["id"].to_list() == ["00001", "00002", "00003", "00004"]
    assert table["gloss"].to_list() == ["book", "book", "drink", "chair"]
    assert table["split"].to_list() == ["train", "validation", "test", "train"]
    assert table["signer"].to_list() == ["118", "7", "118", "118"]
    assert table["language"].unique().to_list() == ["ase"]
    assert table["path"][0] == str(wlasl / "videos/00001.mp4")
    assert table["variation"].to_list() == [0, 1, 0, 0]
    assert table["url"][2] == "http://a.org/00003.mp4"
    assert [table[name].null_count() for name in ("start", "end", "box")] == [4, 4, 4]


def test_the_nslt_form_names_its_classes_from_the_list(tmp_path, put):
    actions = {
        "00001": {"subset": "val", "action": [2, 1, 74]},
        "00002": {"subset": "train", "action": [0, 1, 50]},
    }
    put(tmp_path, "nslt_100.json", content=actions)
    put(tmp_path, "videos/00001.mp4", "videos/00002.mp4")
    with pytest.raises(IsharaError, match=r"nslt_100\.json: names classes by number; expected wlasl_class_list\.txt"):
        read_corpus("wlasl", tmp_path)
    put(tmp_path, "wlasl_class_list.txt", content="0\tbook\n1\tdrink\n2\tice cream\n")
    table = read_corpus("wlasl", tmp_path).table
    assert table["gloss"].to_list() == ["ice cream", "book"]
    assert table["split"].to_list() == ["validation", "train"]
    assert table["signer"].null_count() == table["end"].null_count() == 2
    ranged = read_corpus("wlasl", tmp_path, {"ranges": "use"}).table
    assert ranged["end"].to_list() == [74 / 25, 2.0]
    assert read_corpus("wlasl", tmp_path, {"top": 1}).glosses == ["book"]
    put(tmp_path, "wlasl_class_list.txt", content="0\tbook\n")
    with pytest.raises(IsharaError, match=r"'00001' is of class 2, which wlasl_class_list\.txt does not name"):
        read_corpus("wlasl", tmp_path)
    put(tmp_path, "wlasl_class_list.txt", content="0 book\n")
    with pytest.raises(IsharaError, match="line 1 is '0 book'; expected a class's number, a tab and its gloss"):
        read_corpus("wlasl", tmp_path)


def test_the_layout_of_the_notebooks_kaggle_source(tmp_path, put):
    put(tmp_path, "wlasl-complete/WLASL_v0.3.json", content=V03)
    put(tmp_path, "wlasl-complete/nslt_100.json", "wlasl-complete/missing.txt", "wlasl-complete/videos/00003.mp4")
    (clip,) = read_corpus("wlasl", tmp_path)
    assert (clip.gloss, clip.path) == ("drink", str(tmp_path / "wlasl-complete/videos/00003.mp4"))


@pytest.mark.parametrize(
    ("options", "glosses"),
    [
        ({"top": 2}, ["book", "drink"]),
        ({"glosses": "chair, book"}, ["book", "chair"]),
        ({}, ["book", "chair", "drink"]),
    ],
)
def test_subsets_are_the_first_glosses_of_the_file_or_those_that_are_listed(wlasl, options, glosses):
    assert read_corpus("wlasl", wlasl, options).glosses == glosses


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"top": 4}, "top is '4'; expected a number from 1 to 3"),
        ({"top": "many"}, "top is 'many'"),
        ({"glosses": "book,chairs"}, "there is no gloss 'chairs' among its 3. Did you mean 'chair'"),
        ({"glosses": ","}, "glosses is empty"),
        ({"glosses": "book", "top": 1}, "either top or glosses"),
        ({"ranges": "yes"}, "ranges is 'yes'. Choose from: auto, ignore, use"),
        ({"labels": "asl10.json"}, r"no label file asl10\.json. Label files here: WLASL_v0\.3\.json"),
    ],
)
def test_a_wrong_option_says_what_is_wrong(wlasl, options, says):
    with pytest.raises(IsharaError, match=says):
        read_corpus("wlasl", wlasl, options)


def test_which_label_file_is_read(tmp_path, put, warned):
    put(tmp_path, "videos/00001.mp4", "videos/00002.mp4")
    for name in ("asl100.json", "asl1000.json", "asl300.json"):
        put(tmp_path, name, content=[entry(name, instance("00001"))])
    assert read_corpus("wlasl", tmp_path).glosses == ["asl1000.json"]
    assert "labels are read from asl1000.json; labels=FILE takes another: asl300.json, asl100.json" in warned[0]
    assert read_corpus("wlasl", tmp_path, {"labels": "asl100.json"}).glosses == ["asl100.json"]
    put(tmp_path, "WLASL_v0.3.json", content=[entry("full", instance("00001"))])
    assert read_corpus("wlasl", tmp_path).glosses == ["full"]
    assert len(warned) == 1
    elsewhere = put(tmp_path / "other", "mine.json", content=[entry("mine", instance("00002"))]) / "mine.json"
    assert read_corpus("wlasl", tmp_path, {"labels": str(elsewhere)}).glosses == ["mine"]


def test_missing_videos_are_counted_and_listed(tmp_path, put, warned):
    put(tmp_path, "WLASL_v0.3.json", content=V03)
    put(tmp_path, "videos/00003.webm")
    (clip,) = read_corpus("wlasl", tmp_path, {"missing": str(tmp_path / "lists/missing.csv")})
    assert clip.path == str(tmp_path / "videos/00003.webm")
    assert "3 of 4 videos are not there: 00001.mp4, 00002.mp4, 00004.mp4" in warned[0]
    with (tmp_path / "lists/missing.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[1] == {
        "file": "00002.mp4", "gloss": "book", "split": "validation", "url": "http://a.org/00002.mp4",
    }  # fmt: skip
    (tmp_path / "videos/00003.webm").unlink()
    with pytest.raises(IsharaError, match="none of the 4 videos that the labels name is here or below"):
        read_corpus("wlasl", tmp_path)


def test_a_range_is_of_the_whole_source_video_and_counts_its_own_frames(tmp_path, put, make_video):
    """A video named by its video_id was cut already; one named by its YouTube id was not. Its fps is not used."""
    cut = instance("00001", url=YOUTUBE, frame_start=31, frame_end=90)
    whole = instance("00002", url=YOUTUBE, frame_start=61, frame_end=-1)
    first = instance("00003", url=YOUTUBE, frame_start=1, frame_end=60)
    put(tmp_path, "WLASL_v0.3.json", content=[entry("book", cut, whole, first)])
    make_video(tmp_path / "videos/00001.mp4", fps=30)
    source = make_video(tmp_path / "raw_videos_mp4/PPmQd2zWdP0.mp4", fps=30)

    def ranges(**options: object) -> list[tuple[float | None, float | None]]:
        return [(clip.start, clip.end) for clip in read_corpus("wlasl", tmp_path, options)]

    assert ranges() == [(None, None), (2.0, None), (None, 2.0)]
    assert ranges(ranges="use") == [(1.0, 3.0), (2.0, None), (None, 2.0)]
    assert ranges(ranges="ignore") == [(None, None)] * 3
    assert [clip.path for clip in read_corpus("wlasl", tmp_path)][1:] == [str(source)] * 2


def test_a_whole_video_that_cannot_be_read_costs_its_own_clips_only(tmp_path, put, make_video, warned):
    whole = instance("00002", url=YOUTUBE, frame_start=61, frame_end=90)
    put(tmp_path, "WLASL_v0.3.json", content=[entry("book", instance("00001"), whole)])
    put(tmp_path, "videos/PPmQd2zWdP0.mp4", content="no video")
    with pytest.raises(IsharaError, match="none of the 1 videos that are here can be read"):
        read_corpus("wlasl", tmp_path)
    make_video(tmp_path / "videos/00001.mp4")
    assert [clip.id for clip in read_corpus("wlasl", tmp_path)] == ["00001"]
    assert "1 videos cannot be read" in warned[-2]
    assert "PPmQd2zWdP0.mp4" in warned[-2]
    assert "1 clips were left out, since the frame rate of their video is not known: 00002" in warned[-1]


def test_boxes_are_used_where_they_are_asked_for_and_fit(tmp_path, put, make_video, warned):
    entries = [instance(f"{n:05d}") for n in range(1, 12)]
    put(tmp_path, "WLASL_v0.3.json", content=[entry("book", *entries, instance("00012", bbox=None))])
    for n in range(1, 11):
        make_video(tmp_path / f"videos/{n:05d}.mp4")
    make_video(tmp_path / "videos/00012.mp4")
    assert {clip.box for clip in read_corpus("wlasl", tmp_path)} == {None}
    boxes = {clip.id: clip.box for clip in read_corpus("wlasl", tmp_path, {"boxes": "use"})}
    assert (boxes["00001"], boxes["00012"]) == ("10 4 40 48", None)
    make_video(tmp_path / "videos/00011.mp4", width=32, height=24)
    boxes = {clip.id: clip.box for clip in read_corpus("wlasl", tmp_path, {"boxes": "use"})}
    assert (boxes["00001"], boxes["00011"]) == ("10 4 40 48", None)
    assert "1 boxes exceed the picture and were left out: 00011 (32x24)" in warned[-1]
    make_video(tmp_path / "videos/00010.mp4", width=32, height=24)
    with pytest.raises(IsharaError, match=r"boxes of 2 of 11 videos exceed the picture.*were resized"):
        read_corpus("wlasl", tmp_path, {"boxes": "use"})


def test_a_cut_mp4_is_taken_before_its_raw_file(tmp_path, put):
    put(tmp_path, "WLASL_v0.3.json", content=[entry("book", instance("00001"))])
    put(tmp_path, "raw_videos/00001.mp4", "raw_videos/00001.mkv", "videos/00001.mkv", ".trash/00001.mp4")
    (clip,) = read_corpus("wlasl", tmp_path)
    assert clip.path == str(tmp_path / "videos/00001.mkv")


def test_videos_may_be_linked_into_place_even_in_a_circle(tmp_path, put):
    root = put(tmp_path / "labels", "WLASL_v0.3.json", content=[entry("book", instance("00001"))])
    put(tmp_path / "disk", "00001.mp4")
    (root / "videos").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "back").symlink_to(root)
    assert len(read_corpus("wlasl", root)) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read as JSON"),
        ([], "expected a list of glosses with instances.*found nothing"),
        ("3", "found int"),
        ([{"instances": []}], r"entry 1 \('\?'\): the key 'gloss' is missing"),
        ([entry("book", {"split": "train"})], r"entry 1 \('book'\): the key 'instances.0.video_id' is missing"),
        ([entry("book", instance("1", split="dev"))], "found 'dev'. Choose from: test, train, val"),
        ([entry("book", instance("1", frame_start=9, frame_end=3))], "frame_end 3 is before the frame_start 9"),
        ([entry("book", instance("1", frame_start=0))], "frame_start: found 0"),
        ([entry("book", instance("1", bbox=[1, 2]))], "instances.0.bbox"),
        ([entry("book", instance("00001"), instance("00001"))], "share their id"),
        ({"1": {"subset": "dev", "action": [0, 1, 2]}}, "'1': subset: found 'dev'"),
        ({"1": {"subset": "train", "action": [0, 1]}}, "'1': .*action"),
    ],
)
def test_a_wrong_label_file_says_what_is_wrong(tmp_path, put, content, says):
    put(tmp_path, "WLASL_v0.3.json", content=content)
    put(tmp_path, "wlasl_class_list.txt", content="0\tbook\n")
    put(tmp_path, "videos/00001.mp4")
    with pytest.raises(IsharaError, match=says):
        read_corpus("wlasl", tmp_path)


def test_labels_that_are_not_there_and_a_file_for_a_folder(tmp_path, put):
    put(tmp_path, "videos/00001.mp4")
    with pytest.raises(IsharaError, match=r"no label file \(WLASL_v\*\.json"):
        read_corpus("wlasl", tmp_path)
    path = put(tmp_path, "WLASL_v0.3.json", content=json.dumps(V03)) / "WLASL_v0.3.json"
    with pytest.raises(IsharaError, match="is a file; expected the folder"):
        read_corpus("wlasl", path)


def test_a_signer_that_is_not_known_is_none_and_no_signer_of_that_number(tmp_path, put):
    put(tmp_path, "WLASL_v0.3.json", content=[entry("book", instance("00001", signer_id=-1), instance("00002"))])
    put(tmp_path, "videos/00001.mp4", "videos/00002.mp4")
    assert read_corpus("wlasl", tmp_path).table["signer"].to_list() == [None, "118"]
