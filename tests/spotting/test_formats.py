"""What is written is read back by others: ELAN's library, a table reader, a video decoder."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import polars as pl
import pytest
from pympi import Elan

from ishara.errors import IsharaError
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.recognizer import Candidate, Prediction
from ishara.spotting import Segment
from ishara.spotting.formats import FORMATS, Found, check_output, write_found
from ishara.spotting.formats.film import subtitled
from ishara.spotting.formats.vtt import timestamp
from ishara.video import read_video
from ishara.video.write import write_video


def segment(start: float, end: float, gloss: str, probability: float = 0.8, *, known: bool = True) -> Segment:
    ranked = (Candidate(gloss, probability), Candidate("OTHER", 1 - probability))
    none = np.zeros(1, np.float32)
    return Segment(start, end, gloss, probability, Prediction(ranked, none, none, score=probability), known)


SEGMENTS = (
    segment(0.04, 0.72, "TEA & <MILK>"),
    segment(0.72, 1.2004, "চা"),
    segment(3725.5, 3726.2, "MAYBE", 0.2, known=False),
)


@pytest.fixture
def found(tmp_path: Path) -> Found:
    return Found(str(tmp_path / "a recording.mp4"), "letters", SEGMENTS)


def test_an_elan_file_holds_every_sign_in_time_order_on_tiers_of_known_types(tmp_path: Path, found: Found) -> None:
    path = write_found(tmp_path / "out" / "a.eaf", found)
    elan = Elan.Eaf(str(path))
    assert sorted(elan.get_tier_names()) == ["gloss", "other glosses", "probability"]
    assert elan.get_annotation_data_for_tier("gloss") == [
        (40, 720, "TEA & <MILK>"),
        (720, 1200, "চা"),
        (3725500, 3726200, "?"),
    ]
    told = elan.get_ref_annotation_data_for_tier("probability")
    assert [(begin, value) for begin, _, value, _ in told] == [(40, "0.800"), (720, "0.800"), (3725500, "0.200")]
    others = [row[2] for row in elan.get_ref_annotation_data_for_tier("other glosses")]
    assert others == ["OTHER 0.20", "OTHER 0.20", "MAYBE 0.20, OTHER 0.80"]

    document = ElementTree.parse(path).getroot()
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE", -1)) for slot in document.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    for annotation in document.iter("ALIGNABLE_ANNOTATION"):
        assert slots[annotation.get("TIME_SLOT_REF1")] < slots[annotation.get("TIME_SLOT_REF2")]
    types = {kind.get("LINGUISTIC_TYPE_ID"): kind for kind in document.iter("LINGUISTIC_TYPE")}
    tiers = {tier.get("TIER_ID"): tier for tier in document.iter("TIER")}
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in tiers.values()} == set(types)
    constraints = {constraint.get("STEREOTYPE") for constraint in document.iter("CONSTRAINT")}
    for name in ("probability", "other glosses"):
        assert tiers[name].get("PARENT_REF") == "gloss"
        assert types[name].get("CONSTRAINTS") in constraints
    assert tiers["gloss"].get("PARENT_REF") is None
    assert types["gloss"].get("TIME_ALIGNABLE") == "true"
    ids = {a.get("ANNOTATION_ID") for a in document.iter("ALIGNABLE_ANNOTATION")}
    assert {a.get("ANNOTATION_REF") for a in document.iter("REF_ANNOTATION")} == ids


def test_an_elan_file_leads_to_the_recording_or_to_the_video_of_its_landmarks(tmp_path: Path, found: Found) -> None:
    def linked(what: Found) -> dict[str, str]:
        return Elan.Eaf(str(write_found(tmp_path / "out" / "a.eaf", what))).media_descriptors[0]

    link = linked(found)
    assert Path(unquote(urlparse(link["MEDIA_URL"]).path)) == (tmp_path / "a recording.mp4").resolve()
    assert link["RELATIVE_MEDIA_URL"] == "../a recording.mp4"
    assert link["MIME_TYPE"] == "video/mp4"
    landmarks = Found(str(tmp_path / "a.pose"), "letters", (), video="https://example.org/a.webm")
    assert linked(landmarks)["MEDIA_URL"] == "https://example.org/a.webm"
    assert linked(landmarks)["MIME_TYPE"] == "video/webm"


def test_subtitles_hold_a_cue_for_each_sign(tmp_path: Path, found: Found) -> None:
    text = write_found(tmp_path / "a.vtt", found).read_text(encoding="utf-8")
    head, *cues = text.strip().split("\n\n")
    assert head == "WEBVTT"
    assert cues == [
        "1\n00:00:00.040 --> 00:00:00.720\nTEA &amp; &lt;MILK&gt;",
        "2\n00:00:00.720 --> 00:00:01.200\nচা",
        "3\n01:02:05.500 --> 01:02:06.200\n?",
    ]
    assert timestamp(59.9996) == "00:01:00.000"


def test_tables_and_json_hold_everything(tmp_path: Path, found: Found) -> None:
    table = pl.read_csv(write_found(tmp_path / "a.csv", found))
    assert table["gloss"].to_list() == ["TEA & <MILK>", "চা", "MAYBE"]
    assert table["known"].to_list() == [True, True, False]
    assert table["start"].to_list() == [0.04, 0.72, 3725.5]
    assert table["gloss_2"].to_list() == ["OTHER"] * 3
    value = json.loads(write_found(tmp_path / "a.json", found).read_text(encoding="utf-8"))
    assert value["recording"] == found.source
    assert [s["end"] for s in value["segments"]] == [0.72, 1.2, 3726.2]
    assert value["segments"][2]["ranked"][0] == {"gloss": "MAYBE", "probability": 0.2}


def test_a_film_shows_each_gloss_while_it_is_signed(tmp_path: Path) -> None:
    grey = np.full((66, 97, 3), 120, np.uint8)
    source = write_video(tmp_path / "a.mp4", (grey[:, :96] for _ in range(30)), 25)
    found = Found(str(source), "letters", (segment(0.4, 0.8, "চা"),))
    film = read_video(write_found(tmp_path / "b.mp4", found))
    assert len(film.rgb) == 30
    changed = [float(np.abs(frame.astype(int) - 120).max()) > 60 for frame in film.rgb]
    assert [number for number, seen in enumerate(changed) if seen] == list(range(10, 20))


@pytest.mark.parametrize("text", ["A", "a gloss that is far too long for so small a picture " * 3, "নমস্কার", "\u0301"])
def test_any_label_fits_into_any_picture(text: str) -> None:
    dark = np.zeros((40, 64, 3), np.uint8)
    drawn = next(subtitled([dark], 25, [segment(0, 1, text)]))
    assert drawn.shape == dark.shape
    assert not dark.any()
    assert not drawn[:10].any()


def test_landmarks_become_a_film_too(tmp_path: Path, three_signs: Pose) -> None:
    source = write_pose(three_signs.frames(slice(0, 20)), tmp_path / "a.pose")
    film = read_video(write_found(tmp_path / "b.mp4", Found(str(source), "letters", (segment(0.1, 0.5, "A"),))))
    assert len(film.rgb) == 20


@pytest.mark.parametrize("suffix", [".eaf", ".vtt", ".csv", ".json"])
def test_no_sign_at_all_gives_an_empty_file_that_can_be_read(tmp_path: Path, suffix: str) -> None:
    path = write_found(tmp_path / f"a{suffix}", Found("b.mp4", "letters", ()))
    text = path.read_text(encoding="utf-8")
    if suffix == ".eaf":
        assert Elan.Eaf(str(path)).get_annotation_data_for_tier("gloss") == []
    elif suffix == ".csv":
        assert text.startswith("start,end,gloss")
    else:
        assert json.loads(text)["segments"] == [] if suffix == ".json" else text == "WEBVTT\n"


def test_a_file_is_written_anew_and_nothing_is_left_beside_it(tmp_path: Path, found: Found) -> None:
    for suffix in FORMATS:
        if suffix != ".mp4":
            for _ in range(2):
                write_found(tmp_path / f"a{suffix}", found)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "a.eaf", "a.json", "a.vtt"]


def test_what_cannot_be_written_is_refused_before_anything_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match=r"\.eaf, \.vtt, \.csv, \.json, \.mp4"):
        check_output(tmp_path / "a.srt", "b.mp4")
    with pytest.raises(IsharaError, match="is the recording itself"):
        check_output(tmp_path / "b.mp4", str(tmp_path / "b.mp4"))
    (tmp_path / "c.csv").mkdir()
    with pytest.raises(IsharaError, match="is a folder"):
        check_output(tmp_path / "c.csv", "b.mp4")
    (tmp_path / "file").touch()
    with pytest.raises(IsharaError, match="cannot be written"):
        write_found(tmp_path / "file" / "a.vtt", Found("b.mp4", "letters", ()))
