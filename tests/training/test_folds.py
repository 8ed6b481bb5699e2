"""The split and the folds of a recipe: checked for leaks, and refused where nothing could be learnt or tested."""

import itertools
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from ishara.clips.clip import Clip
from ishara.clips.manifest import Manifest
from ishara.clips.splits import Fold, folds
from ishara.errors import IsharaError
from ishara.recipe import Recipe
from ishara.training.folds import inner_folds, make_folds, make_nested_folds, split_clips

PROTOCOLS = ("leave-one-group-out", "group-k-fold", "stratified-k-fold", "held-out")


@pytest.fixture
def planted(tiny_recipe: Recipe, corpus: Path, tmp_path: Path) -> Recipe:
    """A manifest in which a training clip comes again as a test clip of another signer, under another name."""
    manifest = Manifest.read(corpus / "index.csv")
    source = manifest.table.filter(pl.col("split") == "train")["path"][0]
    copy = manifest.table.filter(pl.col("split") == "test")["id"][0]
    shutil.copy(source, tmp_path / "copy.pose")
    paths = [str(tmp_path / "copy.pose") if clip.id == copy else clip.path for clip in manifest]
    manifest.with_column("path", paths).write(tmp_path / "clips.csv")
    data = ["data.corpus=null", "data.root=null", f"data.manifest={tmp_path / 'clips.csv'}"]
    return tiny_recipe.with_overrides(data)


def test_a_leak_in_an_official_split_is_told(planted: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    split_clips(planted)
    assert "near-identical clips stand on two sides" in capsys.readouterr().err


def test_signers_with_a_clip_in_common_are_tested_together(planted: Recipe) -> None:
    recipe = planted.with_overrides(["split.by=group", "split.validation=0.3"])
    names = [fold.name for fold in make_folds(recipe)]
    assert len(names) == 3
    assert sum("+" in name for name in names) == 1


def test_an_unjoined_leak_is_told_for_every_fold_that_has_it(
    planted: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = planted.with_overrides(["split.by=group", "split.validation=0.3", "split.near_duplicates=report"])
    assert len(make_folds(recipe)) == 4
    assert "The split leaks" in capsys.readouterr().err


def test_nothing_is_looked_for_where_the_recipe_says_so(planted: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    split_clips(planted.with_overrides(["split.near_duplicates=ignore"]))
    assert capsys.readouterr().err == ""


def test_only_the_folds_that_are_named_are_made_and_as_they_are_among_all(tiny_recipe: Recipe) -> None:
    recipe = tiny_recipe.with_overrides(["split.by=group", "split.validation=0.3"])
    every = {fold.name: fold.manifest.table for fold in make_folds(recipe)}
    third, first = list(every)[2], next(iter(every))
    made = make_folds(recipe.with_overrides([f"protocol.only=[{third}, {first}]"]))
    assert [fold.name for fold in made] == [first, third]
    assert all(fold.manifest.table.equals(every[fold.name]) for fold in made)
    with pytest.raises(IsharaError, match=r"protocol\.only: there is no fold 'nobody'.*signer-01"):
        make_folds(recipe.with_overrides(["protocol.only=[nobody]"]))


def test_clips_parted_though_it_is_known_who_signs_are_told(
    tiny_recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    split_clips(tiny_recipe.with_overrides(["split={by: clip}"]))
    assert "4 of 4 values of 'signer' stand on several sides" in capsys.readouterr().err
    make_folds(tiny_recipe.with_overrides(["split={by: clip}", "protocol={name: stratified-k-fold, folds: 2}"]))
    assert capsys.readouterr().err.count("split.by=group tests others") == 1
    make_folds(tiny_recipe.with_overrides(["split={by: group}", "protocol={name: leave-one-group-out}"]))
    assert capsys.readouterr().err == ""


def test_a_split_without_the_group_column_is_refused(tiny_recipe: Recipe) -> None:
    with pytest.raises(IsharaError, match=r"village"):
        split_clips(tiny_recipe.with_overrides(["split.by=group", "split.group=village"]))


def test_clips_without_files_are_told_and_none_at_all_is_refused(
    planted: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "copy.pose").unlink()
    split_clips(planted)
    assert "1 of 36 clips have no file; the first that is not there" in capsys.readouterr().err
    manifest = Manifest.read(tmp_path / "clips.csv")
    manifest.with_column("path", [f"/nowhere/{clip.id}.pose" for clip in manifest]).write(tmp_path / "clips.csv")
    with pytest.raises(IsharaError, match="36 of 36 clips have no file"):
        split_clips(planted)


def test_a_held_out_split_is_one_fold_of_the_groups_it_names(tiny_recipe: Recipe, corpus: Path) -> None:
    signers = sorted(Manifest.read(corpus / "index.csv").table["signer"].unique())
    overrides = ["split.by=group", f"split.test=[{signers[0]}, {signers[3]}]", "split.validation=0.3"]
    recipe = tiny_recipe.with_overrides([*overrides, "protocol.name=held-out", "protocol.seeds=[0, 1]"])
    (fold,) = make_folds(recipe)
    tested = fold.manifest.where(pl.col("split") == "test").table["signer"].unique()
    assert sorted(tested) == [signers[0], signers[3]]
    with pytest.raises(IsharaError, match="cannot be repeated"):
        make_folds(recipe.with_overrides(["protocol.repeats=2"]))


def corpus_of(*clips: tuple[str, str], **columns: list[object]) -> Manifest:
    """Clips of such glosses by such signers."""
    return Manifest.from_clips(
        [Clip(f"c{i}", f"/c{i}.pose", gloss, signer) for i, (gloss, signer) in enumerate(clips)], **columns
    )


def recipe_for(monkeypatch: pytest.MonkeyPatch, clips: Manifest, *overrides: str) -> Recipe:
    """A recipe whose clips these are, without files."""
    monkeypatch.setattr("ishara.training.folds.load_clips", lambda _: clips)
    monkeypatch.setattr(Manifest, "missing_files", lambda _: [])
    recipe = Recipe.from_dict({"name": "any", "data": {"manifest": "clips.csv"}})
    return recipe.with_overrides(["split.near_duplicates=ignore", *overrides])


BY_CLIP = "protocol.name=stratified-k-fold"
NONE_VALIDATED = "split.validation=0"
CHOOSE = "protocol.choose={grid: {optimizer.lr: [0.1, 0.2]}, inner: 2}"


@pytest.mark.parametrize(
    ("clips", "overrides", "says"),
    [
        # One clip per gloss: whatever is tested was never learnt.
        ([(f"g{i}", "s0") for i in range(6)], [BY_CLIP, "protocol.folds=3"], "Fold fold-1: not one of the 2 glosses"),
        # Each signer has glosses of their own.
        (
            [(f"g{s}{i}", f"s{s}") for s in range(4) for i in range(2)],
            [NONE_VALIDATED],
            r"Fold s0: not one of the 2 glosses that it tests has a clip to train on\. Take fewer folds",
        ),
        # One signer.
        ([("a", "s0"), ("b", "s0")] * 5, [], r"needs at least 2 values of 'signer'.*Take folds of clips"),
        # Two signers, of whom one is tested and the other would be validated with.
        ([("a", "s0"), ("b", "s1")] * 5, [], r"leaves nothing to train: .*split\.validation=0 goes with"),
        # One gloss.
        ([("a", f"s{i % 4}") for i in range(8)], [NONE_VALIDATED], r"Fold s0: .*only one gloss \(a\)"),
        # More folds than clips.
        ([("a", "s0"), ("b", "s0")], [BY_CLIP], r"5 folds needs at least 5 separate clips.*Take fewer folds"),
        # No signer is known.
        ([("a", None), ("b", None)] * 5, [], r"no clip has a signer.*stratified-k-fold"),
        # Enough signers for the folds, and too few inside one.
        ([("a", f"s{i % 2}") for i in range(4)] + [("b", f"s{i % 2}") for i in range(4)],
         [NONE_VALIDATED, CHOOSE], r"protocol\.choose: inside fold s0: .*needs at least 2 values"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_or_tested_is_refused_with_what_to_do(monkeypatch, clips, overrides, says) -> None:
    recipe = recipe_for(monkeypatch, corpus_of(*clips), *overrides)
    with pytest.raises(IsharaError, match=says):
        make_folds(recipe) if CHOOSE not in overrides else make_nested_folds(recipe)


def test_glosses_of_very_unequal_size_are_spread_over_all_folds(monkeypatch) -> None:
    clips = [("much", "s0")] * 200 + [("few", "s0")] * 5 + [("one", "s0")]
    made = make_folds(recipe_for(monkeypatch, corpus_of(*clips), BY_CLIP))
    tested = [Counter(fold.manifest.where(pl.col("split") == "test").table["gloss"]) for fold in made]
    assert [(count["much"], count["few"]) for count in tested] == [(40, 1)] * 5
    assert sum(count["one"] for count in tested) == 1


def test_a_gloss_that_one_fold_cannot_learn_is_no_reason_to_refuse(monkeypatch) -> None:
    clips = [(gloss, f"s{i}") for i in range(4) for gloss in "ab"] + [("only-s0", "s0")]
    assert len(make_folds(recipe_for(monkeypatch, corpus_of(*clips), "split.validation=0.3"))) == 4


@st.composite
def corpora(draw: st.DrawFn) -> tuple[Manifest, list[frozenset[str]]]:
    """Any corpus, its glosses of any sizes, and clusters of near-identical clips that may join signers."""
    count = draw(st.integers(8, 30))
    glosses = draw(st.lists(st.sampled_from("abcd"), min_size=count, max_size=count))
    signers = draw(st.lists(st.sampled_from([f"s{i}" for i in range(8)]), min_size=count, max_size=count))
    sides = draw(st.lists(st.sampled_from(["train", "test"]), min_size=count, max_size=count))
    clips = [
        Clip(f"c{i}", f"/c{i}.pose", gloss, signer, split=side)
        for i, (gloss, signer, side) in enumerate(zip(glosses, signers, sides, strict=True))
    ]
    ids = st.sampled_from([clip.id for clip in clips])
    clusters = draw(st.lists(st.frozensets(ids, min_size=2, max_size=3), max_size=3))
    return Manifest.from_clips(clips), clusters


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any protocol that chooses, with any validation side."""
    name = draw(st.sampled_from(PROTOCOLS))
    by = draw(st.sampled_from(["group", "clip", "official"])) if name == "held-out" else "group"
    validation = draw(st.sampled_from([0, 0.15, 0.3]))
    protocol = {"name": name, "folds": draw(st.integers(2, 4)), "seeds": [0]}
    if name in ("group-k-fold", "stratified-k-fold"):
        protocol["repeats"] = draw(st.integers(1, 2))
    protocol["choose"] = {"grid": {"optimizer.lr": [0.1, 0.2]}, "inner": 2}
    split = {"by": by, "test": 0.3, "validation": validation}
    return Recipe.from_dict({"name": "any", "data": {"manifest": "x.csv"}, "split": split, "protocol": protocol})


def sides_of(manifest: Manifest) -> dict[str, str]:
    table = manifest.table.filter(pl.col("split").is_not_null())
    return dict(zip(table["id"], table["split"], strict=True))


def check_whole(fold: Fold, clusters: list[frozenset[str]], *, grouped: bool) -> dict[str, str]:
    """Nobody, and no near-identical clip, stands on two sides of a fold; the side of each of its clips."""
    sides = sides_of(fold.manifest)
    assert {"train", "test"} <= set(sides.values()) <= {"train", "validation", "test"}
    units = list(clusters)
    if grouped:
        signers = itertools.groupby(sorted(fold.manifest, key=lambda clip: clip.signer), key=lambda clip: clip.signer)
        units += [frozenset(clip.id for clip in clips) for _, clips in signers]
    for unit in units:
        assert len({sides[clip] for clip in unit if clip in sides}) <= 1
    return sides


@settings(max_examples=60)
@given(corpora(), recipes())
def test_no_protocol_leaks_nor_does_any_fold_inside_a_fold(made: tuple[Manifest, list[frozenset[str]]], recipe) -> None:
    manifest, clusters = made
    try:
        outer = folds(manifest, recipe.split, recipe.protocol, clusters)
    except IsharaError:
        assume(False)
    official = recipe.protocol.name == "held-out" and recipe.split.by == "official"
    by_clip = recipe.protocol.name == "stratified-k-fold" or (
        recipe.protocol.name == "held-out" and recipe.split.by == "clip"
    )
    tested: Counter[str] = Counter()
    for fold in outer:
        # The corpus's own split is what it is.
        sides = sides_of(fold.manifest) if official else check_whole(fold, clusters, grouped=not by_clip)
        assert sides.keys() == set(manifest.table["id"])
        own = {clip for clip, side in sides.items() if side != "test"}
        tested.update(clip for clip, side in sides.items() if side == "test")
        try:
            inner = inner_folds(recipe, fold, clusters)
        except IsharaError:
            event("too little inside")
            continue
        event(f"{recipe.protocol.name}, inner folds")
        assert len(inner) == recipe.protocol.choose.inner
        measured: Counter[str] = Counter()
        for part in inner:
            inside = check_whole(part, clusters, grouped=not by_clip)
            assert inside.keys() == own, "a clip that the fold tests is in an inner fold, or one is left out"
            assert part.manifest.table["id"].equals(fold.manifest.table["id"])
            measured.update(clip for clip, side in inside.items() if side == "test")
        assert measured == dict.fromkeys(own, 1)
    if recipe.protocol.name != "held-out":
        assert tested == dict.fromkeys(manifest.table["id"], recipe.protocol.repeats)


def test_named_groups_to_validate_with_are_tested_inside_too(monkeypatch) -> None:
    clips = corpus_of(*[(gloss, f"s{i}") for i in range(8) for gloss in "ab"])
    held_out = ["protocol.name=held-out", "split.test=[s0]", "split.validation=[s1]", CHOOSE]
    [(fold, inner)] = make_nested_folds(recipe_for(monkeypatch, clips, *held_out))
    tested = [set(part.manifest.where(pl.col("split") == "test").table["signer"]) for part in inner]
    assert set.union(*tested) == {f"s{i}" for i in range(1, 8)}
    assert all("validation" in part.manifest.table["split"].to_list() for part in inner)
    assert fold.name == "held-out"
