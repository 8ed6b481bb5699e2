"""File names of clips: safe, different for different ids, and the same from one run to the next."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.pose.extract import file_names

ids = st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=8, unique=True)


@given(ids)
def test_names_are_safe_and_differ_on_every_file_system(ids):
    names = file_names(ids)
    assert list(names) == ids
    folded = {unicodedata.normalize("NFKC", name).casefold() for name in names.values()}
    assert len(folded) == len(ids)
    for name in names.values():
        assert name
        assert not name.startswith((".", "-"))
        assert not set(name) & set('/\\:*?"<>|\0\n ')
        assert len(name.encode()) < 200


@given(ids, ids)
def test_a_name_does_not_change_with_clips_that_are_not_alike(first, second):
    alone, both = file_names(first), file_names(list(dict.fromkeys(first + second)))
    alike = {unicodedata.normalize("NFKC", clip).casefold() for clip in second if clip not in first}
    for clip in first:
        if unicodedata.normalize("NFKC", clip).casefold() not in alike:
            assert both[clip] == alone[clip]


@pytest.mark.parametrize("clip", ["U4W1F_trial_2_L", "00335", "চা-1", "a.b", "día"])
def test_safe_ids_are_their_own_names(clip):
    assert file_names([clip]) == {clip: clip}


@pytest.mark.parametrize("clip", ["a/b", "../x", ".hidden", "-rf", "..", "con", "x" * 300, "চা" * 100, "a b", "\ud800"])
def test_others_keep_what_can_be_read_of_them(clip):
    (name,) = file_names([clip]).values()
    assert name != clip
    assert file_names([name])[name] != name
    name.encode()


def test_ids_that_differ_in_case_alone_get_names_that_do_not():
    names = file_names(["Tea", "tea", "tree"])
    assert names["tree"] == "tree"
    assert names["Tea"].casefold() != names["tea"].casefold()
