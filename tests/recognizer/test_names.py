"""Recognisers by name: what lies in the package is found."""

from pathlib import Path

import ishara
from ishara.recognizer import Recognizer
from ishara.recognizer.names import find_by_name, names


def test_what_ships_is_named_and_found() -> None:
    shipped = Path(ishara.__file__).parent / "pretrained"
    assert names() == sorted(folder.name for folder in shipped.iterdir() if folder.is_dir())
    assert "fingerspelling" in names()
    for name in names():
        assert find_by_name(Path(name)) == shipped / name
        assert Recognizer.load(name).folder == shipped / name
