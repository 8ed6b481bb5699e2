"""WLASL's real label files, and the real clips beside them."""

import json

import pytest

from ishara.clips.corpora import read_corpus
from ishara.video import Box, probe

pytestmark = pytest.mark.real

CLIPS = 113


@pytest.fixture(scope="module")
def wlasl(data):
    return data / "wlasl"


@pytest.fixture(scope="module")
def labels(wlasl):
    """Every instance of the largest file in the v0.3 form, by video id."""
    entries = json.loads((wlasl / "asl1000.json").read_text(encoding="utf-8"))
    return {instance["video_id"]: instance for entry in entries for instance in entry["instances"]}


@pytest.fixture(scope="module")
def actions(wlasl):
    return json.loads((wlasl / "nslt_2000.json").read_text(encoding="utf-8"))


def test_every_clip_is_found_through_the_nslt_labels(wlasl):
    manifest = read_corpus("wlasl", wlasl, {"labels": "nslt_2000.json"})
    assert len(manifest) == CLIPS
    assert manifest.missing_files() == []
    expected = dict(line.split(",")[:2] for line in (wlasl / "videos.csv").read_text().splitlines()[1:])
    assert {clip.id: clip.gloss for clip in manifest} == expected


def test_the_v03_labels_know_signers_and_agree_with_the_nslt_labels(wlasl):
    nslt = {clip.id: clip for clip in read_corpus("wlasl", wlasl, {"labels": "nslt_2000.json"})}
    for clip in read_corpus("wlasl", wlasl, {"labels": "asl1000.json"}):
        assert clip.signer is not None
        assert (clip.gloss, clip.split, clip.path) == (nslt[clip.id].gloss, nslt[clip.id].split, nslt[clip.id].path)
        assert (clip.start, clip.end) == (None, None)


def test_subsets_nest(wlasl):
    sizes = {}
    for name, top in (("asl100.json", 100), ("asl300.json", 300), ("asl1000.json", 1000)):
        whole = read_corpus("wlasl", wlasl, {"labels": name})
        sizes[top] = {clip.id for clip in whole}
        chosen = read_corpus("wlasl", wlasl, {"labels": "asl1000.json", "top": top})
        assert {clip.id for clip in chosen} == sizes[top]
    assert sizes[100] < sizes[300] < sizes[1000]


def test_every_box_fits_its_video(wlasl):
    """These clips have the size that they were labelled at, so boxes=use takes every box."""
    manifest = read_corpus("wlasl", wlasl, {"labels": "asl1000.json", "boxes": "use"})
    assert manifest.table["box"].null_count() == 0
    for clip in list(manifest)[::10]:
        box, info = Box.parse(str(clip.box)), probe(clip.path)
        assert box.right <= info.width
        assert box.bottom <= info.height


def test_nslt_labels_count_frames_at_25_per_second_and_cover_the_whole_clip(wlasl, actions):
    """What ishara.clips.corpora.wlasl says of them; FFmpeg's change of rate adds up to two frames."""
    for path in sorted((wlasl / "videos").glob("*.mp4")):
        _, first, last = actions[path.stem]["action"]
        info = probe(path)
        assert first == 1
        assert 25 * info.frames / info.fps == pytest.approx(last, abs=2.5)


def test_the_ranges_of_asl5200_count_frames_at_about_30_per_second(labels, actions):
    """What ishara.clips.corpora.wlasl says of the v0.3 form: its fps of 25 is not the rate that they count at."""
    ratios = []
    for video, instance in labels.items():
        if instance["source"] == "asl5200" and instance["frame_end"] > 0:
            _, first, last = actions[video]["action"]
            assert instance["fps"] == 25
            ratios.append((instance["frame_end"] - instance["frame_start"] + 1) / (last - first - 1))
    assert len(ratios) > 500
    assert sorted(ratios)[len(ratios) // 2] == pytest.approx(30 / 25, abs=0.01)


def test_only_youtube_videos_have_a_range(labels):
    ranged = [instance for instance in labels.values() if instance["frame_end"] > 0]
    assert ranged
    assert all("youtu" in instance["url"] for instance in ranged)
