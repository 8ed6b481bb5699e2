"""Getting a corpus: downloads, archives and URLs; what fails leaves nothing that looks whole."""

import inspect
import io
import sys
import tarfile
import types
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest

from ishara.clips.corpora import get_corpus, read_corpus
from ishara.clips.corpora.get import get_files
from ishara.errors import IsharaError

MEMBERS = {"wlasl-complete/WLASL_v0.3.json": b"[]", "wlasl-complete/videos/00001.mp4": b"video"}
WLASL, AUTSL = get_corpus("wlasl"), get_corpus("autsl")


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes], *others: tarfile.TarInfo) -> Path:
    mode = "w:gz" if path.suffix in (".gz", ".tgz") else "w:bz2" if path.suffix == ".bz2" else "w"
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for other in others:
            archive.addfile(other)
    return path


def held(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def nothing_left(folder: Path) -> bool:
    return not folder.exists() and not list(folder.parent.glob(f".{folder.name}*"))


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., str]], None]:
    """Put a stand-in in the place of kagglehub: a function of the handle and the folder that returns a path."""

    def install(download: Callable[..., str]) -> None:
        module = types.ModuleType("kagglehub")
        module.dataset_download = lambda handle, *, output_dir: download(handle, Path(output_dir))
        monkeypatch.setitem(sys.modules, "kagglehub", module)

    return install


def test_wlasl_is_downloaded_from_the_notebooks_source(tmp_path, kaggle):
    asked = []

    def download(handle: str, folder: Path) -> str:
        asked.append(handle)
        assert not (tmp_path / "wlasl").exists()
        (folder / "wlasl-complete").mkdir()
        (folder / "wlasl-complete/WLASL_v0.3.json").write_bytes(b"[]")
        return str(folder)

    kaggle(download)
    assert get_files(WLASL, tmp_path / "wlasl") == tmp_path / "wlasl"
    assert held(tmp_path / "wlasl") == {"wlasl-complete/WLASL_v0.3.json": b"[]"}
    assert asked == ["sttaseen/wlasl2000-resized"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("error", [ConnectionError("connection\nlost"), ValueError("401 Client Error"), KeyError()])
def test_a_download_that_fails_leaves_nothing_and_says_how_to_go_on(tmp_path, kaggle, error):
    def download(_: str, folder: Path) -> str:
        (folder / "half.zip").write_bytes(b"half")
        raise error

    kaggle(download)
    with pytest.raises(IsharaError, match=r"sttaseen/wlasl2000-resized: cannot be downloaded.*again.*--from"):
        get_files(WLASL, tmp_path / "wlasl")
    assert nothing_left(tmp_path / "wlasl")


def test_ctrl_c_leaves_nothing(tmp_path, kaggle):
    def download(_: str, folder: Path) -> str:
        (folder / "half.zip").write_bytes(b"half")
        raise KeyboardInterrupt

    kaggle(download)
    with pytest.raises(KeyboardInterrupt):
        get_files(WLASL, tmp_path / "wlasl")
    assert nothing_left(tmp_path / "wlasl")


def test_a_download_that_brings_nothing_or_lies_elsewhere_is_no_success(tmp_path, kaggle):
    kaggle(lambda _, folder: str(folder))
    with pytest.raises(IsharaError, match="brought no files"):
        get_files(WLASL, tmp_path / "wlasl")
    kaggle(lambda *_: "/kaggle/input/wlasl2000-resized")
    with pytest.raises(IsharaError, match="Kaggle keeps the files at /kaggle/input/wlasl2000-resized"):
        get_files(WLASL, tmp_path / "wlasl")
    assert nothing_left(tmp_path / "wlasl")


def test_the_stand_in_is_called_as_kagglehub_is():
    kagglehub = pytest.importorskip("kagglehub")
    inspect.signature(kagglehub.dataset_download).bind("owner/name", output_dir="folder")


def test_without_kagglehub_the_command_that_mends_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(IsharaError, match=r"pip install 'ishara\[download\]'"):
        get_files(WLASL, tmp_path / "wlasl")
    assert nothing_left(tmp_path / "wlasl")


def test_where_the_owner_is_to_be_asked_it_says_whom_and_under_which_terms(tmp_path):
    with pytest.raises(IsharaError) as refused:
        get_files(AUTSL, tmp_path / "autsl")
    for part in (AUTSL.source, AUTSL.licence, AUTSL.layout, "--from ARCHIVE"):
        assert part in str(refused.value)
    assert nothing_left(tmp_path / "autsl")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "download"])
def test_an_archive_is_unpacked_whatever_it_is_called(tmp_path, name):
    make = zipped if name in ("a.zip", "download") else tarred
    folder = tmp_path / "new" / "autsl"
    get_files(AUTSL, folder, str(make(tmp_path / name, MEMBERS)))
    assert held(folder) == MEMBERS
    assert [path.name for path in folder.parent.iterdir()] == ["autsl"]


def test_progress_sees_every_file(tmp_path):
    seen = []

    def track(members):
        seen.append(len(members))
        yield from members

    get_files(AUTSL, tmp_path / "autsl", str(zipped(tmp_path / "a.zip", MEMBERS)), progress=track)
    assert seen == [2]


def test_a_url_is_fetched_and_unpacked(tmp_path):
    archive = zipped(tmp_path / "a.zip", MEMBERS).read_bytes()
    with fsspec.open("memory://corpora/a.zip", "wb") as file:
        file.write(archive)
    get_files(AUTSL, tmp_path / "out/autsl", "memory://corpora/a.zip")
    assert held(tmp_path / "out/autsl") == MEMBERS
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["autsl"]


@pytest.mark.parametrize(
    ("url", "says"),
    [("memory://corpora/gone.zip", "there is no such file"), ("nosuch://x/a.zip", "cannot be fetched .*nosuch")],
)
def test_a_url_that_cannot_be_fetched_is_one_error(tmp_path, url, says):
    with pytest.raises(IsharaError, match=says):
        get_files(AUTSL, tmp_path / "autsl", url)
    assert nothing_left(tmp_path / "autsl")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    archive = str(zipped(tmp_path / "a.zip", MEMBERS))
    (tmp_path / "autsl").mkdir()
    get_files(AUTSL, tmp_path / "autsl", archive)
    with pytest.raises(IsharaError, match=r"autsl: is there already\. Give another folder with -o"):
        get_files(AUTSL, tmp_path / "autsl", archive)
    assert held(tmp_path / "autsl") == MEMBERS


def device(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "..\\evil", "C:\\evil", "\\evil"])
@pytest.mark.parametrize("make", [zipped, tarred])
def test_nothing_is_written_outside_the_folder(tmp_path, make, name):
    archive = make(tmp_path / "a.bin", {"first.txt": b"1", name: b"x"})
    with pytest.raises(IsharaError, match=r"a\.bin: has the member .* leads outside the folder"):
        get_files(AUTSL, tmp_path / "in/autsl", str(archive))
    assert [path.name for path in tmp_path.rglob("*")] in (["a.bin", "in"], ["in", "a.bin"])


@pytest.mark.parametrize(
    "member",
    [
        device("link", tarfile.SYMTYPE, "/etc/passwd"),
        device("link", tarfile.SYMTYPE, "first.txt"),
        device("link", tarfile.LNKTYPE, "first.txt"),
        device("pipe", tarfile.FIFOTYPE),
        device("disk", tarfile.BLKTYPE),
    ],
)
def test_links_and_devices_in_a_tar_file_are_refused(tmp_path, member):
    archive = tarred(tmp_path / "a.tar", {"first.txt": b"1"}, member)
    with pytest.raises(IsharaError, match=f"has the member '{member.name}'.* or is no file; nothing was unpacked"):
        get_files(AUTSL, tmp_path / "autsl", str(archive))
    assert nothing_left(tmp_path / "autsl")


def test_an_archive_that_swells_beyond_measure_is_refused(tmp_path):
    for archive in (tmp_path / "bomb.tar.gz", tmp_path / "bomb.tgz"):
        tarred(archive, {f"{n}.bin": bytes(9_000_000) for n in range(3)})
        with pytest.raises(IsharaError, match="times its own size"):
            get_files(AUTSL, tmp_path / "autsl", str(archive))
    assert nothing_left(tmp_path / "autsl")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2"])
def test_a_damaged_archive_is_one_error_and_leaves_nothing(tmp_path, name):
    noise = bytes(n * n % 251 for n in range(40_000))
    whole = (zipped if name == "a.zip" else tarred)(tmp_path / name, {"a": noise, "b": noise}).read_bytes()
    for content in (b"", b"<html>", whole[: len(whole) // 2]):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(IsharaError, match=f"{name}: is damaged"):
            get_files(AUTSL, tmp_path / "autsl", str(tmp_path / name))
        assert nothing_left(tmp_path / "autsl")


def test_an_encrypted_zip_says_so(tmp_path):
    archive = zipped(tmp_path / "train.zip", {"a.txt": b"secret"})
    content = bytearray(archive.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    archive.write_bytes(content)
    with pytest.raises(IsharaError, match=r"train\.zip: is encrypted\. Unpack it with its key"):
        get_files(AUTSL, tmp_path / "autsl", str(archive))


def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "x.mp4")

    archive = zipped(tmp_path / "a.zip", MEMBERS)
    monkeypatch.setattr(zipfile.ZipFile, "extract", full)
    with pytest.raises(IsharaError, match=r"x\.mp4: No space left on device\. Nothing was kept of autsl"):
        get_files(AUTSL, tmp_path / "autsl", str(archive))
    assert nothing_left(tmp_path / "autsl")


def test_a_source_that_is_no_archive_file_is_refused(tmp_path):
    with pytest.raises(IsharaError, match=r"gone\.zip: there is no such file"):
        get_files(AUTSL, tmp_path / "autsl", str(tmp_path / "gone.zip"))
    with pytest.raises(IsharaError, match="is a folder, so there is nothing to unpack"):
        get_files(replace(AUTSL, kaggle=None), tmp_path / "autsl", str(tmp_path))


def test_the_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(IsharaError, match="is the current folder"):
        get_files(get_corpus("folder"), Path(), "archive.zip")


def test_a_generated_corpus_is_made_and_an_archive_of_it_is_refused(tmp_path: Path) -> None:
    folder = get_files(get_corpus("synthetic"), tmp_path / "made")
    assert len(read_corpus("synthetic", folder)) == 600
    with pytest.raises(IsharaError, match=r"synthetic: is generated, not unpacked; leave out --from"):
        get_files(get_corpus("synthetic"), tmp_path / "other", "some.zip")


def test_a_rendered_corpus_is_made_where_it_is_wanted(tmp_path: Path) -> None:
    asked: list[object] = []

    def stopped(clips: Sequence[object]) -> Iterator[object]:
        asked.extend(clips)
        yield clips[0]
        raise KeyboardInterrupt

    folder = tmp_path / "made"
    with pytest.raises(KeyboardInterrupt):
        get_files(get_corpus("synthetic-video"), folder, progress=stopped)
    assert len(asked) == 1280
    assert [path.name for path in folder.rglob("*.mp4")] == ["SYN-01-01.mp4"]
    asked.clear()
    with pytest.raises(KeyboardInterrupt):
        get_files(get_corpus("synthetic-video"), folder, progress=stopped)
    assert len(asked) == 1279, "it goes on where it was"
