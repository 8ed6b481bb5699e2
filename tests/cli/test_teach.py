"""`ishara teach`, what `predict` says of unknown signs, and recognisers by name."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import ishara as package
from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.evaluation.card import model_card
from ishara.pose.files import write_pose
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import CONFIG, digest
from ishara.recognizer.open_set import OPEN_SET, OpenSet


@pytest.fixture
def model(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer"))


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    for take in (1, 2, 3):
        write_pose(synthetic_clip("SYN-09", 1, take), tmp_path / "clips" / f"{take}.pose")
    return tmp_path / "clips"


def with_threshold(model: Path, threshold: float | None) -> None:
    """Write a threshold into a recogniser, and vouch for it."""
    found = OpenSet(
        threshold=threshold, reason=None if threshold is not None else "nobody looked", false_accept=0.2, refused=0.1,
        auroc=0.9, known_clips=50, unknown_clips=400, unknown="made-up signs",
    )  # fmt: skip
    (model / OPEN_SET).write_text(found.model_dump_json(), encoding="utf-8")
    config = json.loads((model / CONFIG).read_text(encoding="utf-8"))
    config["files"][OPEN_SET] = digest(model / OPEN_SET)
    (model / CONFIG).write_text(json.dumps(config), encoding="utf-8")


def test_a_sign_is_taught_listed_and_forgotten(ishara, model: Path, clips: Path) -> None:
    code, out, err = ishara("teach", model, clips, "--gloss", "TEA", "--consent", "R. agreed")
    assert code == 0, err
    assert "TEA is known from 3 clips now." in out
    assert "No note" not in out
    assert "TEA" in ishara("predict", model, clips / "1.pose")[1]
    code, out, _ = ishara("teach", model, "--list", "--json")
    row = json.loads(out)
    assert (row["gloss"], row["clips"], row["consent"]) == ("TEA", ["1.pose", "2.pose", "3.pose"], ["R. agreed"])
    assert "TEA" in ishara("teach", model, "--list")[1]
    assert "TEA is forgotten, with what was kept of 3 clips." in ishara("teach", model, "--forget", "TEA")[1]
    assert "Nothing was taught" in ishara("teach", model, "--list")[1]


def test_one_clip_without_a_note_is_taught_with_advice(ishara, model: Path, clips: Path) -> None:
    code, out, _ = ishara("teach", model, clips / "1.pose", "--gloss", "TEA")
    assert code == 0
    assert "known from 1 clip now. Three to five are better" in out
    assert "--consent NOTE" in out


@pytest.mark.parametrize("words", [(), ("--list", "--forget", "TEA"), ("a.pose",), ("a.pose", "--list")])
def test_it_says_how_it_is_used(ishara, model: Path, words: tuple[str, ...]) -> None:
    code, _, err = ishara("teach", model, *words)
    assert code == 1
    assert "expected one of `--gloss GLOSS CLIP…`, `--list` and `--forget GLOSS`" in err


def test_a_part_of_a_file_is_not_taken_for_the_whole(ishara, model: Path, clips: Path, tmp_path: Path) -> None:
    clip = Clip("a", str(clips / "1.pose"), "TEA", start=0.2, end=0.6)
    Manifest.from_clips([clip]).write(tmp_path / "some.csv")
    for word in (tmp_path / "some.csv", "-"):
        code, _, err = ishara("teach", model, word, "--gloss", "TEA")
        assert code == 1
        assert "is part of a file or standard input; teach takes whole files" in err


@pytest.mark.parametrize(("threshold", "known"), [(0.0, True), (1.0, False), (None, None)])
def test_predict_says_whether_the_sign_is_known_and_keeps_the_ranking(
    ishara, model: Path, clips: Path, tmp_path: Path, threshold: float | None, known: bool | None
) -> None:
    with_threshold(model, threshold)
    clip = clips / "1.pose"
    best = Recognizer.load(model).predict(clip).gloss
    _, out, _ = ishara("predict", model, clip)
    assert ("unknown (score" in out) is (known is False)
    assert best in out
    said = json.loads(ishara("predict", model, clip, "--json")[1])
    assert (said["known"], said["gloss"]) == (known, best)
    assert 0 < said["score"] <= 1
    ishara("predict", model, clip, "-o", tmp_path / "table.csv")
    row = pl.read_csv(tmp_path / "table.csv").row(0, named=True)
    assert (row["known"], row["gloss"]) == (known, best)


def test_the_card_says_when_a_sign_is_unknown_and_how_well(tiny_run: Path, model: Path) -> None:
    manifest = Manifest.read(tiny_run / "manifest.csv")
    with_threshold(model, 0.75)
    card = model_card(Recognizer.load(model), manifest)
    assert "below a probability of 0.750 a sign is called unknown" in card
    assert "20% of unknown signs pass; 10% of known ones" in card
    with_threshold(model, None)
    card = model_card(Recognizer.load(model), manifest)
    assert "it has no threshold for them: nobody looked" in card
    assert "gets the name of one\ninside it." in card


@pytest.fixture
def built_in(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recogniser that comes with Ishara, called letters; nothing of a person's own."""
    shutil.copytree(model, tmp_path / "pretrained" / "letters")
    monkeypatch.setattr("ishara.recognizer.names.PRETRAINED", tmp_path / "pretrained")
    monkeypatch.setenv("ISHARA_HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "pretrained" / "letters"


def test_a_name_stands_for_a_recogniser(ishara, built_in: Path, clips: Path, tiny_run: Path) -> None:
    assert package.load("letters").folder == built_in
    assert ishara("predict", "letters", clips / "1.pose")[0] == 0
    # Of the same name: what is no recogniser does not hide it, what is one does.
    Path("letters").mkdir()
    assert package.load("letters").folder == built_in
    shutil.copytree(tiny_run / "recognizer", "letters", dirs_exist_ok=True)
    assert package.load("letters").folder == Path("letters")
    code, _, err = ishara("predict", "lettres", clips / "1.pose")
    assert code == 1
    assert "lettres: is not a recogniser: found nothing" in err
    assert "These come with Ishara: letters." in err


def test_a_report_is_never_written_beside_one_that_comes_with_ishara(ishara, built_in: Path, tiny_run: Path) -> None:
    code, _, err = ishara("evaluate", "letters", "--manifest", tiny_run / "manifest.csv")
    assert code == 1
    assert "letters comes with Ishara, whose folder is no place for a report: say where with --out." in err
    assert [path.name for path in built_in.parent.iterdir()] == ["letters"]


def test_teaching_one_that_comes_with_ishara_teaches_an_own_copy(
    ishara, built_in: Path, clips: Path, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in built_in.iterdir()}
    code, out, err = ishara("teach", "letters", clips / "1.pose", "--gloss", "TEA")
    assert code == 0, err
    own = tmp_path / "home" / "models" / "letters"
    assert f"your own copy was taught: {own}" in out
    assert {path.name: path.read_bytes() for path in built_in.iterdir()} == before
    assert package.load("letters").folder == own
    assert package.load("letters").glosses[-1] == "TEA"
    assert ishara("teach", "letters", clips / "2.pose", "--gloss", "TREE")[0] == 0
    assert package.load("letters").glosses[-2:] == ["TEA", "TREE"]
    # One that was loaded by its path is taught by way of the same copy.
    assert ishara("teach", built_in, clips / "3.pose", "--gloss", "TOE")[0] == 0
    assert package.load("letters").glosses[-3:] == ["TEA", "TREE", "TOE"]
