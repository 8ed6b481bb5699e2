"""The manifest: what it accepts, how it names what it refuses, and that it comes back as it was written."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.clips.clip import Clip
from ishara.clips.manifest import COLUMNS, Manifest
from ishara.errors import IsharaError

text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=8)
clips = st.builds(
    Clip,
    id=text,
    path=text.map(lambda name: f"/clips/{name}.pose"),
    gloss=text,
    signer=st.none() | text,
    split=st.sampled_from([None, "train", "validation", "test"]),
    start=st.none() | st.floats(0, 5),
    end=st.none() | st.floats(6, 9),
    box=st.none() | st.just("20 0 220 240"),
    language=st.sampled_from([None, "ase", "ins"]),
)


def table(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame({"id": ["a", "b"], "path": ["a.pose", "b.pose"], "gloss": ["TEA", "চা"], **columns})


@given(
    made=st.lists(clips, min_size=1, max_size=6, unique_by=lambda clip: clip.id),
    suffix=st.sampled_from([".csv", ".parquet"]),
)
def test_what_is_written_is_read_back(tmp_path_factory, made, suffix):
    path = tmp_path_factory.mktemp("manifest") / f"clips{suffix}"
    Manifest.from_clips(made).write(path)
    assert list(Manifest.read(path)) == made


def test_paths_below_the_manifest_move_with_it(tmp_path):
    home, other = tmp_path / "here", tmp_path / "there"
    home.mkdir()
    Manifest.from_clips([Clip("a", str(home.resolve() / "poses/a.pose"), "TEA")]).write(home / "clips.csv")
    assert "poses/a.pose" in (home / "clips.csv").read_text()
    assert str(tmp_path) not in (home / "clips.csv").read_text()
    home.rename(other)
    (clip,) = Manifest.read(other / "clips.csv")
    assert clip.path == str(other.resolve() / "poses/a.pose")


def test_columns_beyond_the_known_ones_are_kept():
    manifest = Manifest(table(take=[1, 2]))
    assert manifest.table.columns == [*COLUMNS, "take"]
    assert manifest.glosses == ["TEA", "চা"]


def test_numbers_as_ids_and_signers_stay_text(tmp_path):
    (tmp_path / "m.csv").write_text("id,path,gloss,signer\n007,a.pose,12,01\n")
    (clip,) = Manifest.read(tmp_path / "m.csv")
    assert (clip.id, clip.gloss, clip.signer) == ("007", "12", "01")


def test_starts_may_be_whole_in_many_rows_and_then_not(tmp_path):
    rows = [f"{i},a.pose,TEA,{0 if i < 150 else 0.5}" for i in range(200)]
    (tmp_path / "m.csv").write_text("\n".join(["id,path,gloss,start", *rows]))
    assert [clip.start for clip in Manifest.read(tmp_path / "m.csv")][::199] == [0, 0.5]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (table().drop("gloss"), "no column gloss; found id, path"),
        (
            pl.DataFrame({"\x1b[2J\x00": [1], "a" * 99: [2]}),
            rf"found what is no text, {'a' * 40}…, expected at least id",
        ),
        (table().clear(), "has no clips"),
        (table(id=["a", "a"]), "2 rows of the manifest share their id with another row: row 2, 3"),
        (table(gloss=["TEA", " "]), "1 rows of the manifest have no gloss: row 3"),
        (table(gloss=[None, "TEA"]), "have no gloss: row 2"),
        (table(gloss=["TEA", "COF\nFEE"]), "have a gloss with a line break, tab or other control character: row 3"),
        (
            table(split=["train", "dev"]),
            r"unknown split \(first: 'dev'\): row 3\. Choose from: test, train, validation\.$",
        ),
        (table(start=[2.0, 0.0], end=[1.0, None]), "an end that is not after the start: row 2"),
        (table(start=[-1.0, 0.0]), "a start below 0"),
        (table(start=["soon", "0"]), "not a number of seconds"),
        (table(box=["0 0 9", None]), r"have a box that is not `left top right bottom`.*: row 2\.$"),
        (table(box=["0 0 9 9", "9 0 9 9"]), "have a box that is not .*: row 3"),
    ],
)
def test_a_wrong_table_says_what_and_in_which_rows(frame, says):
    with pytest.raises(IsharaError, match=says):
        Manifest(frame)


def test_many_wrong_rows_are_counted_and_the_first_listed():
    frame = pl.DataFrame({"id": [str(i) for i in range(9)], "path": ["p"] * 9, "gloss": [""] * 9})
    with pytest.raises(IsharaError, match=r"9 rows .*: row 2, 3, 4, 5, 6, …"):
        Manifest(frame)


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe binary", b"id,path,gloss\n"])
@pytest.mark.parametrize("name", ["bad.csv", "bad.parquet"])
def test_a_damaged_manifest_is_one_error_that_names_it(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IsharaError, match=f"{name}: "):
        Manifest.read(tmp_path / name)


def test_a_table_that_polars_refuses_is_one_line(tmp_path):
    (tmp_path / "m.csv").write_text(
        "id,path,gloss,take\n" + "".join(f"{i},a.pose,TEA,1\n" for i in range(200)) + "x,a,b,c"
    )
    with pytest.raises(IsharaError, match=r"m\.csv: cannot be read as a table \(.*'take'.*\); expected CSV") as caught:
        Manifest.read(tmp_path / "m.csv")
    assert "\n" not in str(caught.value)


def test_a_missing_manifest_says_how_to_make_one(tmp_path):
    with pytest.raises(IsharaError, match=r"gone\.csv: there is no such manifest\. `ishara index"):
        Manifest.read(tmp_path / "gone.csv")


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(IsharaError, match=r"written as \.csv or \.parquet"):
        Manifest(table()).write(tmp_path / "clips.xlsx")


def test_missing_files_are_found_once_per_file_and_remote_ones_are_not_looked_for(tmp_path):
    there = tmp_path / "set.npz"
    there.touch()
    manifest = Manifest.from_clips(
        [
            Clip("a", f"{there}#0", "TEA"),
            Clip("b", str(tmp_path / "gone.pose"), "TEA"),
            Clip("c", "s3://bucket/far.pose", "TEA"),
        ]
    )
    assert [clip.id for clip in manifest.missing_files()] == ["b"]


def test_where_keeps_the_clips_that_match_and_refuses_none():
    manifest = Manifest(table(signer=["s1", "s2"]))
    assert [clip.id for clip in manifest.where(pl.col("signer") == "s2")] == ["b"]
    with pytest.raises(IsharaError, match="no clips"):
        manifest.where(pl.col("signer") == "s3")


def test_writing_leaves_no_part_behind(tmp_path):
    Manifest(table()).write(tmp_path / "sub" / "clips.csv")
    assert [path.name for path in Path(tmp_path / "sub").iterdir()] == ["clips.csv"]


@pytest.fixture
def worth_a_look(tmp_path) -> Manifest:
    (tmp_path / "C#").mkdir()
    for name in ("C#/a.pose", "set.npz"):
        (tmp_path / name).touch()
    paths = ["gone.pose", "C#/a.pose", "C#/a.pose", "set.npz?aspect=1.5#0", "set.npz#1", "gone.npz?aspect=1.5#0"]
    clips = [Clip(str(i), str(tmp_path / path), "TEA", language=f"l{i}") for i, path in enumerate(paths)]
    there = str(tmp_path / "C#/a.pose")
    return Manifest.from_clips([*clips, Clip("6", there, "TEA", start=0.0), Clip("7", there, "TEA", start=2.0)])


def test_missing_files_have_rows_and_a_number_sign_in_a_folder_is_no_clip(worth_a_look):
    assert [(row, clip.id) for row, clip in worth_a_look.missing_rows()] == [(2, "0"), (7, "5")]
    assert [clip.id for clip in worth_a_look.missing_files()] == ["0", "5"]


def test_the_same_stretch_of_a_file_listed_twice_is_told_with_rows_but_not_refused(worth_a_look):
    assert worth_a_look.repeated_rows() == [[3, 4, 8]]
    missing, repeated = worth_a_look.warnings()
    assert missing.startswith("2 files are not there: row 2, 7. The first is ")
    assert missing.endswith("gone.pose.")
    assert repeated == "3 rows name 1 files or stretches more than once: row 3 = 4 = 8."


def test_a_manifest_without_faults_has_no_warnings(tmp_path):
    (tmp_path / "a.pose").touch()
    assert Manifest.from_clips([Clip("a", str(tmp_path / "a.pose"), "TEA")]).warnings() == []


def test_a_folder_is_no_manifest(tmp_path):
    with pytest.raises(IsharaError, match=r"is a folder; expected a manifest, such as .*manifest\.csv\.$"):
        Manifest.read(tmp_path)
