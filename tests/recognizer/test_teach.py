"""Taught signs: known from then on, by whoever loads the folder; a bad clip, gloss, file or folder is one sentence."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.errors import IsharaError
from ishara.export.folder import write_form
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.skeleton import HANDS
from ishara.recognizer import Recognizer
from ishara.recognizer.folder import CONFIG, GRAPH
from ishara.recognizer.gallery import GALLERY, Gallery, Space, Teaching, read_gallery
from ishara.recognizer.taught import LOCK, TAUGHT
from ishara.recognizer.teach import forget, taught, teach


@pytest.fixture
def recognizer(tiny_run: Path, tmp_path: Path) -> Recognizer:
    return Recognizer.load(shutil.copytree(tiny_run / "recognizer", tmp_path / "recognizer"))


def takes(gloss: str, *numbers: int) -> list[Pose]:
    return [synthetic_clip(gloss, 1, take) for take in numbers]


def without_hands(pose: Pose) -> Pose:
    confidence = pose.confidence.copy()
    for hand in HANDS:
        confidence[:, [pose.skeleton.index(name) for name in pose.skeleton.groups[hand]]] = 0
    return pose.replace(pose.coordinates, confidence)


def test_a_taught_sign_is_ranked_and_shares_the_probability(recognizer: Recognizer) -> None:
    clip = synthetic_clip("SYN-09", 1, 1)
    before = recognizer.predict(clip)
    found = teach(recognizer, "TEA", takes("SYN-09", 1, 2, 3), consent="R. agreed, for this class")
    assert (found.gloss, len(found.clips), found.consent) == ("TEA", 3, ("R. agreed, for this class",))
    assert found.taken_for == before.gloss
    assert recognizer.glosses == [*recognizer.labels, "TEA"]
    after = recognizer.predict(clip)
    assert sum(c.probability for c in after.ranked) == pytest.approx(1)
    assert sorted(c.gloss for c in after.ranked) == sorted(recognizer.glosses)
    trained = [c.gloss for c in after.ranked if c.gloss != "TEA"]
    assert trained == [c.gloss for c in before.ranked]
    assert after.gloss == "TEA"
    assert after.score >= before.score


def test_whoever_loads_the_folder_knows_it_and_a_copy_and_a_form_too(recognizer: Recognizer, tmp_path: Path) -> None:
    teach(recognizer, "TEA", takes("SYN-09", 1))
    clip = synthetic_clip("SYN-09", 2, 2)
    expected = [(c.gloss, pytest.approx(c.probability, abs=1e-6)) for c in recognizer.predict(clip).ranked]

    def graph(to: Path) -> None:
        shutil.copyfile(recognizer.folder / GRAPH, to / GRAPH)

    form = write_form(tmp_path / "form", recognizer, recognizer.config, graph=graph, proof=lambda _: None)
    for folder in (recognizer.folder, recognizer.save(tmp_path / "copy"), form.folder):
        loaded = Recognizer.load(folder)
        assert [(c.gloss, c.probability) for c in loaded.predict(clip).ranked] == expected


def test_what_is_taught_is_listed_added_to_and_forgotten(recognizer: Recognizer) -> None:
    teach(recognizer, "TEA", takes("SYN-09", 1), consent="one")
    teach(recognizer, "TREE", takes("SYN-10", 1))
    found = teach(recognizer, "TEA", takes("SYN-09", 1, 2), consent="two")
    assert found.again == ("recording",)
    assert [(row.gloss, len(row.clips), row.consent) for row in taught(recognizer)] == [
        ("TEA", 2, ("one", "two")), ("TREE", 1, ()),
    ]  # fmt: skip
    assert forget(recognizer, "TEA") == 2
    assert recognizer.glosses == [*recognizer.labels, "TREE"]
    assert forget(recognizer, "TREE") == 1
    assert not (recognizer.folder / TAUGHT).exists()
    assert Recognizer.load(recognizer.folder).predict(synthetic_clip("SYN-09")).gloss in recognizer.labels


def test_the_files_of_a_clip_are_called_by_their_name_alone(recognizer: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    write_pose(synthetic_clip("SYN-09"), tmp_path / "private" / "a.pose")
    assert teach(recognizer, "TEA", [tmp_path / "private" / "a.pose"]).clips == ("a.pose",)
    assert b"private" not in (recognizer.folder / TAUGHT).read_bytes()


@pytest.mark.parametrize(
    ("gloss", "clips", "expected"),
    [
        ("SYN-01", takes("SYN-09", 1), "SYN-01: the recogniser was trained on this gloss"),
        ("syn-01", takes("SYN-09", 1), "SYN-01: the recogniser was trained on this gloss"),
        ("  ", takes("SYN-09", 1), "'' is not a gloss"),
        ("a\nb", takes("SYN-09", 1), "is not a gloss; expected 1 to 100 printable characters"),
        ("TEA", [], "no clips to teach TEA from"),
        ("TEA", [*takes("SYN-09", 1), "none.pose"], r"none\.pose"),
        ("TEA", [*takes("SYN-09", 1), without_hands(synthetic_clip("SYN-09"))], "no hand was found in any of its"),
    ],
)
def test_what_cannot_be_taught_is_one_sentence_and_changes_nothing(
    recognizer: Recognizer, gloss: str, clips: list[Pose], expected: str
) -> None:
    with pytest.raises(IsharaError, match=expected) as caught:
        teach(recognizer, gloss, clips)
    assert "\n" not in str(caught.value)
    assert not (recognizer.folder / TAUGHT).exists()
    assert recognizer.glosses == recognizer.labels


def test_forgetting_what_was_not_taught_says_so(recognizer: Recognizer) -> None:
    with pytest.raises(IsharaError, match=r"TEA: it was not taught\. Nothing was"):
        forget(recognizer, "TEA")
    with pytest.raises(IsharaError, match="SYN-01 was trained, and cannot be forgotten"):
        forget(recognizer, "SYN-01")


def test_a_folder_that_cannot_be_written_to_says_so(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ishara.recognizer.taught.tempfile.mkstemp", refuse)
    with pytest.raises(IsharaError, match=r"cannot be written to \(Permission denied\), so nothing was changed"):
        teach(recognizer, "TEA", takes("SYN-09", 1))
    assert recognizer.glosses == recognizer.labels


def test_an_older_recogniser_still_predicts_but_cannot_be_taught(recognizer: Recognizer) -> None:
    config = recognizer.config
    for name in (GALLERY, "open_set.json"):
        (recognizer.folder / name).unlink()
    files = {name: sha for name, sha in config.files.items() if (recognizer.folder / name).is_file()}
    older = config.model_copy(update={"files": files})
    (recognizer.folder / CONFIG).write_text(older.model_dump_json(), encoding="utf-8")
    loaded = Recognizer.load(recognizer.folder)
    prediction = loaded.predict(synthetic_clip("SYN-01"))
    assert prediction.known is None
    assert prediction.score == pytest.approx(prediction.probability)
    with pytest.raises(IsharaError, match=r"has no gallery\.npz.*Train it again"):
        teach(loaded, "TEA", takes("SYN-09", 1))


def test_two_processes_at_once_lose_nothing(recognizer: Recognizer, tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        write_pose(synthetic_clip("SYN-09", 1, number), tmp_path / f"{number}.pose")
    code = (
        "import sys, ishara; from ishara.recognizer.teach import teach\n"
        "r = ishara.load(sys.argv[1]); print('ready', flush=True); sys.stdin.readline()\n"
        "[teach(r, f'{sys.argv[2]}{n}', [f'{sys.argv[3]}/{n}.pose']) for n in (1, 2, 3, 4)]"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(recognizer.folder), name, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in "AB"
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
    assert sorted(recognizer.reload_taught().glosses) == [f"{name}{n}" for name in "AB" for n in (1, 2, 3, 4)]


def spoil(path: Path, **changes: object) -> None:
    with np.load(path) as loaded:
        values = dict(loaded)
    for name, value in changes.items():
        values.pop(name) if value is None else values.update({name: value})
    np.savez(path, **values)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda f: f.write_bytes(f.read_bytes()[:-40]), "is damaged"),
        (lambda f: f.write_bytes(b""), "is damaged"),
        (lambda f: spoil(f, format=np.array(9)), "has format 9; this version of Ishara reads format 1"),
        (lambda f: spoil(f, gallery=np.array("0" * 64)), "was taught to another recogniser"),
        (lambda f: spoil(f, consent=None), "has no 'consent'"),
        (
            lambda f: spoil(f, gloss=np.array(["A", "B"])),
            r"'gloss' is <U1 of shape \(2,\); expected text of shape \(1,\)",
        ),
        (lambda f: spoil(f, gloss=np.array(["SYN-01"])), r"has a gloss that cannot be taught \('SYN-01'\)"),
        (lambda f: spoil(f, embedding=np.full((1, 24), np.nan, np.float32)), "'embedding' holds numbers that are not"),
        (lambda f: spoil(f, embedding=np.zeros((1, 3), np.float32)), "has embeddings of 3 numbers, not"),
        (lambda f: spoil(f, clip=np.array([{}], object)), "is damaged"),
    ],
)
def test_a_damaged_file_of_taught_signs_is_named_with_what_to_do(recognizer: Recognizer, damage, expected: str) -> None:
    teach(recognizer, "TEA", takes("SYN-09", 1))
    damage(recognizer.folder / TAUGHT)
    with pytest.raises(IsharaError, match=expected) as caught:
        Recognizer.load(recognizer.folder)
    message = str(caught.value)
    assert message.startswith(str(recognizer.folder / TAUGHT))
    assert message.endswith("Put back a copy of taught.npz, or delete it and teach the signs again.")
    assert "\n" not in message


def test_an_interrupted_write_leaves_what_was_there(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    teach(recognizer, "TEA", takes("SYN-09", 1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ishara.recognizer.taught.os.fsync", full)
    with pytest.raises(IsharaError, match="No space left on device"):
        teach(recognizer, "TREE", takes("SYN-10", 1))
    left = {path.name for path in recognizer.folder.iterdir()} - set(recognizer.config.files)
    assert left == {CONFIG, "README.md", TAUGHT, LOCK}
    assert Recognizer.load(recognizer.folder).glosses[-1] == "TEA"


def test_a_gallery_holds_every_clip_with_its_side(tiny_run: Path) -> None:
    recognizer = Recognizer.load(tiny_run)
    gallery = read_gallery(recognizer.folder / GALLERY, len(recognizer.labels))
    sides = ["validation" if validated else "train" for validated in gallery.validated]
    known = {row["id"]: row for row in _manifest(tiny_run)}
    assert sorted(gallery.clip) == sorted(clip for clip, row in known.items() if row["split"] != "test")
    for clip, gloss, side in zip(gallery.clip, gallery.gloss, sides, strict=True):
        assert (known[clip]["gloss"], known[clip]["split"]) == (recognizer.labels[gloss], side)
    first = known[gallery.clip[0]]
    expected = recognizer.run([recognizer.prepare(first["path"])]).embedding[0]
    np.testing.assert_allclose(gallery.embedding[0], expected, rtol=2e-3, atol=2e-3)


def _manifest(run: Path) -> list[dict[str, str]]:
    from ishara.clips.manifest import Manifest

    return Manifest.read(run / "manifest.csv").table.to_dicts()


def _gallery(rng: np.random.Generator, validated: int) -> Gallery:
    """Two trained glosses along two axes."""
    gloss = np.repeat([0, 1], 20)
    places = np.eye(6, dtype=np.float32)[gloss] * 4
    return Gallery(
        embedding=places + rng.normal(0, 0.3, (40, 6)).astype(np.float32),
        clip=np.array([str(i) for i in range(40)]),
        gloss=gloss,
        validated=np.arange(40) % 20 < validated,
        predicted=gloss,
        probability=np.full(40, 0.9, np.float32),
    )


@pytest.mark.parametrize("validated", [0, 8])
def test_validation_clips_that_were_right_are_not_lost_to_taught_signs(validated: int) -> None:
    rng = np.random.default_rng(0)
    gallery = _gallery(rng, validated)
    new = (np.eye(6)[2] * 4 + rng.normal(0, 0.3, (3, 6))).astype(np.float32)
    teaching = Teaching(gallery, ["NEW"], [new])
    probabilities = np.where(np.arange(2) == gallery.gloss[:, None], 0.9, 0.1)
    kept = gallery.validated if validated else ~gallery.validated
    assert (teaching.odds(gallery.embedding[kept], probabilities[kept])[:, 0] <= 0.9 + 1e-9).all()
    asked = (np.eye(6)[[2, 2]] * 4 + rng.normal(0, 0.3, (2, 6))).astype(np.float32)
    assert (teaching.odds(asked, np.array([[0.6, 0.4], [0.4, 0.6]])) > 0.6).all()


def test_cosines_in_the_space_depend_on_no_rotation_of_the_embedding() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 5)) * np.array([5, 1, 1, 0.1, 0])
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    inside, turned = Space.of(values)(values), Space.of(values @ turn)(values @ turn)
    np.testing.assert_allclose(inside @ inside.T, turned @ turned.T, atol=1e-8)
