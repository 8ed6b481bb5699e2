"""The measurement of taught signs: nothing near-identical on both sides, real time warping, and its page."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import measure_teaching
from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.recipe import Recipe
from teaching import warping
from teaching.page import tables
from teaching.parting import CHOICES, GLOSSES, SHOTS, choose, draw, units

ROOT = Path(__file__).parents[1]
CLIPS = [Clip(f"{gloss}-{take}", f"{gloss}-{take}.pose", f"G{gloss:02}") for gloss in range(42) for take in range(8)]
MANIFEST = Manifest.from_clips(CLIPS)
TOGETHER = [frozenset({f"{gloss}-0", f"{gloss}-1"}) for gloss in range(42)]


@given(st.sampled_from(SHOTS), st.integers(0, 1000))
def test_near_identical_clips_never_both_teach_and_ask(shots: int, seed: int) -> None:
    own = units(MANIFEST, TOGETHER)
    drawn = draw({"G00": own["G00"]}, shots, np.random.default_rng(seed))
    support, query = set(drawn.support["G00"]), set(drawn.query["G00"])
    assert len(support) == shots
    assert not support & query
    twins = {"0-0", "0-1"}
    assert not (twins & support and twins & query)
    assert len(query) == 8 - shots - bool(twins & support)


def test_glosses_are_held_out_once_and_their_clips_are_on_no_side() -> None:
    recipe = Recipe.read(measure_teaching.RECIPE)
    made = choose(MANIFEST, recipe, TOGETHER)
    assert [choice.name for choice in made] == list(CHOICES)
    held_out = [gloss for choice in made for gloss in choice.glosses]
    assert len(held_out) == len(set(held_out)) == GLOSSES * len(CHOICES)
    for choice in made:
        table = choice.manifest.table
        sides = dict(zip(table["id"], table["split"], strict=True))
        for clip in CLIPS:
            assert (sides[clip.id] is None) is (clip.gloss in choice.glosses)
        assert all(sides[a] == sides[b] for a, b in map(sorted, TOGETHER))


def test_one_recording_under_two_glosses_is_refused() -> None:
    with pytest.raises(IsharaError, match="have different glosses"):
        units(MANIFEST, [frozenset({"0-0", "1-0"})])


def test_warping_is_the_cheapest_path_over_both_lengths() -> None:
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=(length, 3)).astype(np.float32) for length in (1, 4, 6, 9)]

    def plain(a: np.ndarray, b: np.ndarray) -> float:
        total = np.full((len(a) + 1, len(b) + 1), np.inf)
        total[0, 0] = 0
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                cost = float(np.linalg.norm(x - y))
                total[i + 1, j + 1] = min(total[i, j + 1] + cost, total[i + 1, j] + cost, total[i, j] + 2 * cost)
        return float(total[-1, -1]) / (len(a) + len(b))

    found = warping.distances(clips, clips)
    np.testing.assert_allclose(found, [[plain(a, b) for b in clips] for a in clips], atol=2e-3)
    slower = np.repeat(clips[3], 2, axis=0)
    assert warping.distances([clips[3]], [slower])[0, 0] == pytest.approx(0, abs=2e-3)


def test_the_page_on_teaching_says_what_was_measured() -> None:
    measured = json.loads((ROOT / "results" / measure_teaching.RESULT).read_text(encoding="utf-8"))
    assert tables(measured) in (ROOT / "docs/teach.md").read_text(encoding="utf-8")
    assert measured["draws"] >= 30
    assert len(measured["choices"]) == 3
