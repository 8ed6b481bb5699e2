"""The corpora: each reads its layout, and refuses another with what was found."""

import json
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ishara.clips.corpora import get_corpus, list_corpora, read_corpus
from ishara.clips.corpora.bdslw60 import Name
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.files import read_pose, write_pose

SESSION = np.full((4, 1629), 0.5, np.float32)
BODY = np.full((4, 33, 3), 0.5, np.float32)


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("ISHARA_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize("name", list_corpora())
def test_every_corpus_says_what_it_is_and_refuses_a_folder_of_something_else(name, tmp_path):
    corpus = get_corpus(name)
    assert corpus.name == name
    assert all([corpus.title, corpus.language, corpus.licence, corpus.source, corpus.citation, corpus.layout])
    touch(tmp_path, "holiday.jpg")
    with pytest.raises(IsharaError, match=str(tmp_path)):
        read_corpus(name, tmp_path)
    with pytest.raises(IsharaError, match=r"is not there\. The corpus"):
        read_corpus(name, tmp_path / "gone")
    with pytest.raises(IsharaError, match=f"The corpus '{name}' has no option 'colour'"):
        read_corpus(name, tmp_path, {"colour": 1})


def test_an_unknown_corpus_lists_the_known_ones():
    with pytest.raises(IsharaError, match=r"no corpus 'bdslw6'.*Did you mean 'bdslw60'"):
        read_corpus("bdslw6", ".")


def test_fingerspelling_is_its_index(tmp_path):
    (tmp_path / "index.csv").write_text(
        "path,gloss,signed_language,frames,fps\nase/1.pose,A,ase,9,25\nase/1.pose,A,fsl,9,25\nfsl/2.pose,NA,fsl,9,25\n"
    )
    manifest = read_corpus("fingerspelling", tmp_path)
    assert manifest.table["id"].to_list() == ["ase-A", "fsl-A", "fsl-NA"]
    assert manifest.table["language"].to_list() == ["ase", "fsl", "fsl"]
    assert manifest.table["signer"].null_count() == 3
    assert manifest.table["path"][2] == str(tmp_path / "fsl/2.pose")


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (b"path,gloss\na,A\n", "has no column signed_language; found path, gloss"),
        (b"", "cannot be read as CSV"),
        (b"path,gloss,signed_language\na,A,ase\nb,A,ase\n", "share their id"),
    ],
)
def test_a_wrong_fingerspelling_index_says_what_is_wrong(tmp_path, index, says):
    (tmp_path / "index.csv").write_bytes(index)
    with pytest.raises(IsharaError, match=says):
        read_corpus("fingerspelling", tmp_path)


def landmark_file(path: Path, **members: object) -> Path:
    frames = np.random.default_rng(0).normal(size=(6, 2, 2)).astype(np.float32)
    np.savez(path, frames=frames, offsets=[0, 2, 6], landmarks=["nose", "left_wrist"], **members)
    return path


def test_landmark_arrays_bring_gloss_signer_and_what_else_they_know(tmp_path):
    path = landmark_file(
        tmp_path / "my.npz", gloss=["TEA", "চা"], signer=["s1", "s2"], take=np.int8([1, 2]), split=["train", "test"]
    )
    manifest = read_corpus("landmarks", path, {"language": "ins"})
    assert manifest.table["id"].to_list() == ["my-0000", "my-0001"]
    assert manifest.table["gloss"].to_list() == ["TEA", "চা"]
    assert manifest.table["signer"].to_list() == ["s1", "s2"]
    assert manifest.table["take"].to_list() == [1, 2]
    assert manifest.table["split"].to_list() == ["train", "test"]
    assert manifest.table["language"].to_list() == ["ins", "ins"]
    assert [len(read_pose(clip.path)) for clip in manifest] == [2, 4]


def test_a_landmark_array_that_is_known_brings_its_language_and_terms(tmp_path):
    path = landmark_file(tmp_path / "wlasl50-landmarks.npz", gloss=["TEA", "BOOK"])
    assert read_corpus("landmarks", path).table["language"].to_list() == ["ase", "ase"]
    assert read_corpus("landmarks", path, {"language": "bzs"}).table["language"].to_list() == ["bzs", "bzs"]
    assert get_corpus("landmarks").about(path).licence.startswith("C-UDA")
    for elsewhere in (None, tmp_path / "my.npz"):
        assert get_corpus("landmarks").about(elsewhere).licence == "those of the file"


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({}, r"my\.npz: has no `gloss` with one value for each of its 2 clips; found none"),
        ({"gloss": ["TEA"]}, "has no `gloss` with one value"),
        ({"gloss": ["TEA", ""]}, "have no gloss: row 3"),
        ({"gloss": ["A", "B"], "split": ["train", "dev"]}, "unknown split"),
    ],
)
def test_a_wrong_landmark_array_says_what_is_wrong(tmp_path, members, says):
    with pytest.raises(IsharaError, match=says):
        read_corpus("landmarks", landmark_file(tmp_path / "my.npz", **members))


def test_landmarks_of_a_folder_names_the_files_in_it(tmp_path):
    landmark_file(tmp_path / "my.npz", gloss=["A", "B"])
    with pytest.raises(IsharaError, match=r"expected one \.npz file\. Those in it: my\.npz"):
        read_corpus("landmarks", tmp_path)


def test_a_folder_per_gloss_in_any_script(tmp_path, warned):
    touch(
        tmp_path,
        "চা/s1_01.mp4",
        "চা/s2_01.pose",
        "TEA (cold)/s1_01.MP4",
        "TEA (cold)/.hidden.mp4",
        "TEA (cold)/notes.txt",
    )
    touch(tmp_path, ".git/x.mp4", "চা/deeper/s1_02.mp4", "readme.md")
    manifest = read_corpus("folder", tmp_path, {"signer": "^(s[0-9]+)_", "language": "ase"})
    assert manifest.table["id"].to_list() == ["TEA (cold)/s1_01.MP4", "চা/s1_01.mp4", "চা/s2_01.pose"]
    assert manifest.table["gloss"].to_list() == ["TEA (cold)", "চা", "চা"]
    assert manifest.table["signer"].to_list() == ["s1", "s1", "s2"]
    assert "3 files or folders are no clips and were left out: TEA (cold)/.hidden.mp4" in warned[0]


def test_a_folder_without_a_signer_pattern_has_no_signers(tmp_path):
    assert read_corpus("folder", touch(tmp_path, "TEA/1.mp4")).table["signer"].to_list() == [None]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [("(s[", "is not a regular expression"), ("s1", "has 0 groups; expected one"), ("^(x+)_", "matches no file name")],
)
def test_a_wrong_signer_pattern_says_what_is_wrong(tmp_path, pattern, says):
    with pytest.raises(IsharaError, match=says):
        read_corpus("folder", touch(tmp_path, "TEA/s1_1.mp4"), {"signer": pattern})


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("U13W2F_trial_9_L", Name("U13", "W2", 1, 9, "left")),
        ("U4W1F", Name("U4", "W1", 1, None, None)),
        ("U4W1F_2_trial_0_R", Name("U4", "W1", 2, 0, "right")),
        ("U4W1F2_trial_0_R", Name("U4", "W1", 2, 0, "right")),
        ("U4W1FL_trial_10_L", Name("U4", "W1", 1, 10, "left")),
        ("u4w1f_trial_3_r", Name("U4", "W1", 1, 3, "right")),
        ("W1U4F_trial_3_R", None),
        ("U4W1F_trial_x_R", None),
        ("copy of U4W1F_trial_3_R", None),
    ],
)
def test_bdslw60_names(stem, expected):
    assert Name.parse(stem) == expected


def test_bdslw60_videos(tmp_path, warned):
    touch(tmp_path, "W1/U4W1F_trial_0_R.mp4", "W1/U5W1F_trial_0_L.mp4", "W2/U4W2F_2_trial_1_R.mp4", "W2/intro.mp4")
    manifest = read_corpus("bdslw60", tmp_path)
    assert manifest.table["id"].to_list() == ["U4W1F_trial_0_R", "U5W1F_trial_0_L", "U4W2F_2_trial_1_R"]
    assert manifest.table["gloss"].to_list() == ["W1", "W1", "W2"]
    assert manifest.table["signer"].to_list() == ["U4", "U5", "U4"]
    assert manifest.table["session"].to_list() == [1, 1, 2]
    assert manifest.table["handedness"].to_list() == ["right", "left", "right"]
    assert "1 files are not named as in BdSLW60: W2/intro.mp4" in warned[0]


def test_bdslw60_words_are_named_where_a_table_stands_beside(tmp_path):
    touch(tmp_path, "U4W1F_trial_0_R.mp4", "U4W2F_trial_0_R.mp4")
    (tmp_path / "words.csv").write_text("word,gloss\nW1,আম\n", encoding="utf-8")
    assert read_corpus("bdslw60", tmp_path).table["gloss"].to_list() == ["আম", "W2"]
    (tmp_path / "words.csv").write_text("word,gloss\nW1,A\nW1,B\n")
    with pytest.raises(IsharaError, match=r"words\.csv: expected the columns word"):
        read_corpus("bdslw60", tmp_path)


def phase2(root: Path, **arrays: np.ndarray) -> Path:
    """The notebook's folder: landmarks and normalized arrays named by their video, and the files that it lists."""
    home = root / "processed_data"
    touch(home, "bdslw60_analysis.png", "training_format/x.pkl")
    (home / "test_results").mkdir()
    (home / "test_results" / "quick_test_results.json").write_text(json.dumps({"video_name": "U13W2F_trial_9_L.mp4"}))
    for folder in ("landmarks", "normalized"):
        (home / folder).mkdir()
        for name, array in arrays.items():
            np.save(home / folder / f"{name}.npy", array)
    return home


def test_bdslw60_phase_2_folders(tmp_path):
    home = phase2(tmp_path, U13W2F_trial_9_L=BODY, U4W1F_trial_0_R=SESSION)
    for root in (home, tmp_path):
        manifest = read_corpus("bdslw60", root)
        assert manifest.table["id"].to_list() == ["U13W2F_trial_9_L", "U4W1F_trial_0_R"]
        assert all("/landmarks/" in clip.path for clip in manifest)
        assert [len(read_pose(clip.path).skeleton) for clip in manifest] == [33, 543]
    chosen = read_corpus("bdslw60", home, {"landmarks": "normalized"})
    assert all("/normalized/" in clip.path for clip in chosen)
    with pytest.raises(IsharaError, match="Choose from: landmarks, normalized"):
        read_corpus("bdslw60", home, {"landmarks": "normalised"})


def test_bdslw60_phase_2_zip_is_unpacked_once(tmp_path):
    home = phase2(tmp_path / "made", U13W2F_trial_9_L=BODY)
    path = zipped(tmp_path / "processed_data.zip", home)
    first = read_corpus("bdslw60", path)
    assert len(read_pose(next(iter(first)).path)) == 4
    assert first.table.equals(read_corpus("bdslw60", path).table)


def zipped(path: Path, home: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(home.rglob("*")):
            archive.write(file, Path(home.name) / file.relative_to(home))
    return path


def test_bdslw60_arrays_that_cannot_be_interpreted_are_refused_with_what_was_found(tmp_path):
    home = phase2(tmp_path, U13W2F_trial_9_L=np.ones((4, 108), np.float32))
    with pytest.raises(
        IsharaError,
        match=r"none of the 1 arrays can be interpreted.*shape \(108,\).*test_results/quick_test_results\.json",
    ):
        read_corpus("bdslw60", home)


def test_bdslw60_phase_2_without_arrays_is_refused_with_what_was_found(tmp_path):
    with pytest.raises(IsharaError, match=r"landmarks/ has no landmark arrays.*Found: .*quick_test_results\.json"):
        read_corpus("bdslw60", phase2(tmp_path))


def test_one_bad_array_among_many_is_reported_and_left_out(tmp_path, warned):
    home = phase2(tmp_path, U13W2F_trial_9_L=BODY, U4W1F_trial_0_R=BODY)
    (home / "landmarks" / "U4W1F_trial_0_R.npy").write_bytes(b"\x93NUMPY")
    assert len(read_corpus("bdslw60", home)) == 1
    assert "1 arrays were left out" in warned[0]


def test_random_numbers_are_not_taken_for_a_recording(tmp_path, warned):
    noise = np.random.default_rng(0).uniform(96, 864, (30, 1629)).astype(np.float32)
    np.savez(tmp_path / "U4W1F.npz", landmarks=np.tile(SESSION[:1], (30, 1)))
    np.savez(tmp_path / "U5W1F.npz", landmarks=noise)
    assert [clip.id for clip in read_corpus("bdslw60", tmp_path)] == ["U4W1F"]
    assert "U5W1F.npz: its landmarks jump across the image in every frame" in warned[0]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "member",
    ["../evil.npy", "landmarks/../../evil.npy", "/evil.npy", "..\\evil.npy", "C:\\evil.npy", link("landmarks/x")],
)
def test_a_zip_that_leads_outside_its_folder_is_not_unpacked(tmp_path, member, monkeypatch):
    monkeypatch.setenv("ISHARA_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("landmarks/U4W1F.npy", b"x")
        archive.writestr(member, "/etc")
    with pytest.raises(IsharaError, match=r"evil\.zip: has the member .* leads outside the folder"):
        read_corpus("bdslw60", path)
    assert not list(tmp_path.rglob("*.npy"))


def test_a_zip_that_swells_beyond_measure_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("landmarks/U4W1F.npy", bytes(30_000_000))
    with pytest.raises(IsharaError, match="times its own size"):
        read_corpus("bdslw60", path)


def test_a_damaged_zip_is_one_error(tmp_path):
    whole = zipped(tmp_path / "whole.zip", phase2(tmp_path / "made", U13W2F_trial_9_L=BODY)).read_bytes()
    path = tmp_path / "damaged.zip"
    flipped = bytearray(whole)
    flipped[whole.index(b"\x93NUMPY") + 200] ^= 0xFF
    for content in (b"", whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(IsharaError, match=r"damaged\.zip: is damaged or not a zip file"):
            read_corpus("bdslw60", path)


def test_your_own_pose_files_become_clips_that_can_be_read(tmp_path):
    write_pose(synthetic_clip("SYN-01"), tmp_path / "TEA" / "s1_1.pose")
    (clip,) = read_corpus("folder", tmp_path)
    assert read_pose(clip.path).skeleton.name == "holistic"


def test_the_options_of_an_array_are_in_its_clips_addresses(tmp_path):
    path = tmp_path / "my.npz"
    frames = np.random.default_rng(0).uniform(0.1, 1, (6, 108)).astype(np.float32)
    np.savez(path, frames=frames, offsets=[0, 2, 6], gloss=["TEA", "MILK"])
    with pytest.raises(IsharaError, match="Name another layout with the option layout"):
        read_corpus("landmarks", path)
    manifest = read_corpus("landmarks", path, {"layout": "spoter54-xy", "aspect": 1.5})
    assert manifest.table["path"][1] == f"{path}?layout=spoter54-xy&aspect=1.5#1"
    assert manifest.table["id"].to_list() == ["my-0000", "my-0001"]
    assert not manifest.missing_files()
    moved = Manifest.read(manifest.write(tmp_path / "clips.csv"))
    pose = read_pose(moved.table["path"][1])
    np.testing.assert_allclose(pose.landmark("nose"), frames[2:, :2] * np.float32([1.5, 1]))
    with pytest.raises(IsharaError, match=r"my\.npz: the aspect is 'wide'"):
        read_corpus("landmarks", path, {"aspect": "wide"})


def test_bdslw60_arrays_take_a_layout_and_an_aspect_and_its_videos_neither(tmp_path):
    home = phase2(tmp_path, U13W2F_trial_9_L=np.ones((4, 108), np.float32))
    (clip,) = read_corpus("bdslw60", home, {"layout": "spoter54-xy", "aspect": 16 / 9})
    assert clip.id == "U13W2F_trial_9_L"
    assert read_pose(clip.path).coordinates[0, 0].tolist() == [pytest.approx(16 / 9), 1]
    (video,) = read_corpus("bdslw60", touch(tmp_path / "videos", "U4W1F_trial_0_R.mp4"), {"aspect": 1.5})
    assert video.path == str(tmp_path / "videos/U4W1F_trial_0_R.mp4")
