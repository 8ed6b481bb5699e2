"""Jobs of a cross-validation: what their folders are called."""

import pytest

from ishara.training.jobs import folder_name


@pytest.mark.parametrize("name", ["s01", "repeat-1-fold-2", "ase+fsl", "রহিম", "Anna Maria"])
def test_a_plain_name_is_the_folders(name: str) -> None:
    assert folder_name(name) == name


@pytest.mark.parametrize(
    "name", ["P/1", "/abs", "..", "a:b", "a\\b", "s1.", "+".join(f"signer{i:03}" for i in range(40)), "রহিম" * 30]
)
def test_a_name_that_is_none_for_a_folder_gets_a_like_one(name: str) -> None:
    folder = folder_name(name)
    assert not set(folder) & set('/\\:*?"<>|')
    assert folder.strip(". ")
    assert len(folder.encode()) < 200
    assert folder != folder_name(f"{name}'")


def test_names_that_differ_only_in_what_a_folder_cannot_have_stay_apart() -> None:
    assert len({folder_name(name) for name in ("P/1", "P:1", "P\\1", "P_1")}) == 4
