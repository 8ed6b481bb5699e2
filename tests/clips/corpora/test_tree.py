"""The files of a corpus's folder: all that may be read, and a word on what may not."""

import os
from pathlib import Path

from ishara.clips.corpora import tree


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch) -> None:
    told = []
    monkeypatch.setattr(tree._log, "warning", lambda message, *values: told.append(message % values))
    for name in ("TEA/a.mp4", "TEA/deep/b.mp4", "shut/c.mp4", ".Trash/d.mp4", "__MACOSX/e.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    scandir = os.scandir

    def guarded(place: str) -> object:
        if Path(place).name in ("shut", ".Trash"):
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    # The tests may be run by one who may read everything.
    monkeypatch.setattr(os, "scandir", guarded)
    assert tree.files_below(tmp_path) == [tmp_path / "TEA/a.mp4", tmp_path / "TEA/deep/b.mp4"]
    assert told == [f"{tmp_path / 'shut'}: cannot be read (Permission denied); its files are left out."]
