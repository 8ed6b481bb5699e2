"""What a path stands for: unmistakable where it can be, else an error that says what to type."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ishara.clips import load_clips
from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.clips.source import find_source, run_name
from ishara.errors import IsharaError
from ishara.pose.files import write_pose
from ishara.recipe import Recipe


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test stands: empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ISHARA_DATA", raising=False)
    return tmp_path


def put(*names: str) -> None:
    """Empty files, with their folders."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def write_manifest(path: str, *clips: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Manifest.from_clips(Clip(clip, str(Path(clip).resolve()), "TEA") for clip in clips).write(path)


def test_a_folder_per_gloss(folder: Path) -> None:
    put("my signs/TEA/1.mp4", "my signs/চা/1.pose")
    source = find_source("my signs")
    assert (source.data.corpus, source.data.root, source.name) == ("folder", Path("my signs"), "my-signs")
    assert load_clips(source.data).glosses == ["TEA", "চা"]


@pytest.mark.parametrize("typed", ["signs", "signs/", "./signs", "{here}/signs", "signs/../signs"])
def test_one_folder_is_one_source_however_it_is_typed(folder: Path, typed: str) -> None:
    put("signs/TEA/1.mp4")
    assert find_source(typed.format(here=folder)).data.root == Path("signs")


def test_below_the_folder_of_data_a_path_is_relative_to_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("data/signs/TEA/1.mp4", "home/other")
    monkeypatch.setenv("ISHARA_DATA", str(folder / "data"))
    monkeypatch.chdir(folder / "home")
    assert find_source("signs").data.root == Path("signs")
    assert find_source("../data/signs").data.root == Path("signs")
    put("signs/TEA/2.mp4")
    assert find_source("../data/signs").data.root == folder / "data/signs"


def test_manifests_are_called_after_their_folder_where_their_name_tells_nothing(folder: Path) -> None:
    write_manifest("poses/manifest.csv", "a.pose")
    write_manifest("clips.csv", "a.pose")
    assert find_source("poses").data.manifest == Path("poses/manifest.csv")
    assert [find_source(path).name for path in ("poses", "poses/manifest.csv", "clips.csv")] == [
        "poses",
        "poses",
        "clips",
    ]


def test_an_array_of_landmarks(folder: Path) -> None:
    np.savez("thirty.npz", frames=np.zeros((2, 3)))
    source = find_source("thirty.npz")
    assert (source.data.corpus, source.data.root, source.name) == ("landmarks", Path("thirty.npz"), "thirty")


def test_corpora_that_cannot_be_mistaken(folder: Path, corpus: Path) -> None:
    assert find_source(corpus).data.corpus == "synthetic"
    Path("letters").mkdir()
    pl.DataFrame({"path": ["a.pose"], "gloss": ["A"], "signed_language": ["ase"]}).write_csv("letters/index.csv")
    put("wlasl/WLASL_v0.3.json", "wlasl/videos/1.mp4", "islr/train_landmark_files/1/2.parquet")
    assert [find_source(name).data.corpus for name in ("letters", "wlasl", "islr")] == [
        "fingerspelling",
        "wlasl",
        "google_islr",
    ]


def test_a_corpus_that_was_named_is_taken(folder: Path) -> None:
    put("cut/001_002_003.mp4", "TEA/x.mp4")
    assert find_source("cut", "lsa64").data.corpus == "lsa64"
    with pytest.raises(IsharaError, match="Did you mean 'lsa64'"):
        find_source("cut", "lsa46")


def test_a_manifest_beside_other_clips_is_not_clear(folder: Path) -> None:
    put("signs/TEA/1.pose", "signs/TEA/2.pose")
    write_manifest("signs/manifest.csv", "signs/TEA/1.pose")
    with pytest.raises(IsharaError, match=r"signs/manifest.csv` or `ishara train .*signs --corpus folder`"):
        find_source("signs")
    write_manifest("signs/manifest.csv", "signs/TEA/1.pose", "signs/TEA/2.pose")
    assert find_source("signs").data.manifest == Path("signs/manifest.csv")


def test_a_table_that_is_no_manifest_is_not_taken_for_one(folder: Path) -> None:
    put("signs/TEA/1.pose")
    Path("signs/manifest.csv").write_text("name,size\na,3\n")
    assert find_source("signs").data.corpus == "folder"


@pytest.mark.parametrize(
    ("files", "path", "said"),
    [
        ([], "nowhere", "there is no such file or folder. Expected a folder with a folder per gloss"),
        (["empty/.hidden"], "empty", "empty: holds no clips .* it is empty"),
        (["text/notes.txt"], "text", "found notes.txt"),
        (["flat/1.mp4"], "flat", "`ishara train flat --corpus NAME`. Choose from: asl_citizen"),
        (["deep/clips/TEA/1.mp4"], "deep", "2 folders deep .* Type `ishara train deep/clips`"),
        (["deep/s1/TEA/1.mp4", "deep/s2/TEA/1.mp4"], "deep", "`ishara train deep/s1`.* list the clips in a manifest"),
        (["arrays/a.npz", "arrays/b.npz"], "arrays", "a.npz, b.npz. Give one of them: `ishara train arrays/a.npz`"),
        (["one.mp4"], "one.mp4", "is one clip; .*`ishara predict RUN one.mp4`"),
        (["notes.txt"], "notes.txt", "is neither clips nor a recipe"),
        (
            ["two/WLASL_v0.3.json", "two/MSASL_train.json"],
            "two",
            "two --corpus wlasl` or `ishara train two --corpus ms_asl",
        ),
    ],
)
def test_what_cannot_be_taken_says_what_to_do(folder: Path, files: list[str], path: str, said: str) -> None:
    put(*files)
    with pytest.raises(IsharaError, match=said):
        find_source(path)


def test_a_run_is_gone_on_with_by_its_recipe(folder: Path, tiny_recipe: Recipe) -> None:
    write_manifest("runs/tea/manifest.csv", "a.pose")
    Path("runs/tea/recipe.yaml").write_text(tiny_recipe.to_yaml())
    with pytest.raises(IsharaError, match=r"`ishara train runs/tea/recipe.yaml` goes on with it"):
        find_source("runs/tea")


def test_a_clip_is_no_manifest(folder: Path) -> None:
    write_pose(synthetic_clip("SYN-01"), Path("clip.pose"))
    with pytest.raises(IsharaError, match="is one clip"):
        find_source("clip.pose")


@pytest.mark.parametrize(
    ("text", "name"),
    [("My clips (2)", "My-clips-2"), ("Gebärden", "Gebarden"), ("চা", "clips"), ("-x-", "x"), ("", "clips")],
)
def test_names_of_runs(text: str, name: str) -> None:
    assert run_name(text) == name
    Recipe.from_dict({"name": name, "data": {"manifest": "a.csv"}})
