"""Splits: no group and no near-identical clips on two sides, whatever the protocol; the same seed, the same split."""

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ishara.clips.clip import Clip
from ishara.clips.clusters import merge
from ishara.clips.leaks import check
from ishara.clips.manifest import Manifest
from ishara.clips.splits import assign, folds
from ishara.errors import IsharaError
from ishara.recipe import Protocol, Split


def corpus(glosses: int = 4, signers: int = 5, takes: int = 2) -> Manifest:
    return Manifest.from_clips(
        Clip(f"s{s}-g{g}-{t}", f"/clips/s{s}-g{g}-{t}.pose", f"G{g}", f"s{s}")
        for s in range(signers)
        for g in range(glosses)
        for t in range(takes)
    )


def sides(manifest: Manifest) -> dict[str, str]:
    return dict(zip(manifest.table["id"], manifest.table["split"], strict=True))


def shares(manifest: Manifest) -> dict[str, int]:
    return dict(manifest.table["split"].value_counts().iter_rows())


def signers_of(manifest: Manifest, side: str) -> set[str]:
    return set(manifest.table.filter(pl.col("split") == side)["signer"])


@st.composite
def corpora(draw) -> tuple[Manifest, list[frozenset[str]]]:
    """A random corpus, with clusters that may cross glosses and groups."""
    size = draw(st.integers(2, 40))
    names = st.integers(0, draw(st.integers(1, 8)))
    made = [Clip(f"c{i}", f"/c{i}.pose", f"G{draw(names)}", f"s{draw(names)}") for i in range(size)]
    cluster = st.frozensets(st.sampled_from([clip.id for clip in made]), min_size=2, max_size=5)
    return Manifest.from_clips(made), draw(st.lists(cluster, max_size=4))


validations = st.sampled_from([0.0, 0.15, 0.5])
protocols = st.builds(
    Protocol,
    name=st.sampled_from(["leave-one-group-out", "group-k-fold", "stratified-k-fold"]),
    folds=st.integers(2, 5),
)


@given(corpora(), protocols, validations)
def test_no_protocol_puts_a_group_or_a_cluster_on_two_sides(drawn, protocol, validation):
    manifest, together = drawn
    try:
        made = folds(manifest, Split(validation=validation), protocol, together)
    except IsharaError:
        assume(False)
    group = None if protocol.name == "stratified-k-fold" else "signer"
    tested: list[str] = []
    for fold in made:
        assert check(fold.manifest, group, together).clean
        found = sides(fold.manifest)
        assert set(found) == set(manifest.table["id"])
        assert {"train", "test"} <= set(found.values())
        assert ("validation" in found.values()) == (validation > 0) or group is None
        tested += [clip for clip, side in found.items() if side == "test"]
    assert sorted(tested) == sorted(manifest.table["id"])
    assert len({fold.name for fold in made}) == len(made)


@given(corpora(), st.sampled_from(["group", "clip"]), st.integers(0, 99), st.floats(0.05, 0.5), validations)
def test_no_split_puts_a_group_or_a_cluster_on_two_sides(drawn, by, seed, test, validation):
    manifest, together = drawn
    try:
        made = assign(manifest, Split(by=by, test=test, validation=validation), seed, together)
    except IsharaError:
        assume(False)
    assert check(made, "signer" if by == "group" else None, together).clean


@given(corpora(), protocols, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_clusters_changes_nothing(drawn, protocol, random):
    manifest, together = drawn
    order = list(range(len(manifest)))
    random.shuffle(order)
    other = Manifest(manifest.table[order])
    try:
        made = folds(manifest, Split(), protocol, together)
    except IsharaError:
        assume(False)
    again = folds(other, Split(), protocol, together[::-1])
    assert [(fold.name, sides(fold.manifest)) for fold in made] == [(fold.name, sides(fold.manifest)) for fold in again]
    assert again[0].manifest.table["id"].to_list() == other.table["id"].to_list()


def test_another_seed_is_another_split():
    manifest = corpus(signers=12)
    tested = {frozenset(signers_of(assign(manifest, Split(), seed), "test")) for seed in range(8)}
    assert len(tested) > 1
    assert sides(assign(manifest, Split(), 3)) == sides(assign(manifest, Split(), 3))


def test_a_share_of_groups_is_at_least_one_group():
    made = assign(corpus(signers=5), Split(test=0.01, validation=0.4), 0)
    assert [len(signers_of(made, side)) for side in ("test", "validation", "train")] == [1, 2, 2]


def test_named_groups_are_tested_and_validated():
    made = assign(corpus(), Split(test=("s0", "s3"), validation=("s1",)), 0)
    assert signers_of(made, "test") == {"s0", "s3"}
    assert signers_of(made, "validation") == {"s1"}
    assert signers_of(made, "train") == {"s2", "s4"}


def test_groups_tied_by_near_identical_clips_go_together():
    together = [frozenset({"s0-g0-0", "s3-g0-0"}), frozenset({"s3-g1-1", "s4-g1-1"})]
    made = assign(corpus(), Split(test=("s0",), validation=0), 0, together)
    assert signers_of(made, "test") == {"s0", "s3", "s4"}
    names = [fold.name for fold in folds(corpus(), Split(), Protocol(), together)]
    assert names == ["s0+s3+s4", "s1", "s2"]


def test_no_validation_where_none_is_asked_for():
    for fold in folds(corpus(), Split(validation=0), Protocol()):
        assert set(shares(fold.manifest)) == {"train", "test"}


def test_each_fold_has_another_validation_signer():
    made = folds(corpus(signers=6), Split(validation=0.1), Protocol())
    assert len({frozenset(signers_of(fold.manifest, "validation")) for fold in made}) == 6


def test_glosses_are_spread_evenly_over_stratified_folds():
    made = folds(corpus(signers=5), Split(validation=0.2), Protocol(name="stratified-k-fold", folds=5))
    for fold in made:
        counts = fold.manifest.table.group_by("gloss", "split").len().pivot(on="split", index="gloss", values="len")
        assert counts["test"].to_list() == [2] * 4
        assert set(counts["validation"]) <= {1, 2}
        assert shares(fold.manifest)["validation"] == round(0.2 * 32)


@pytest.mark.parametrize("by", ["group", "clip"])
def test_all_clips_can_be_learnt_from(by):
    made = assign(corpus(), Split(by=by, test=0), 0)
    assert set(sides(made).values()) == {"train", "validation"}
    with pytest.raises(IsharaError, match="held-out tests what split"):
        folds(corpus(), Split(test=0), Protocol(name="held-out"))


def test_repetitions_are_other_folds():
    made = folds(corpus(), Split(), Protocol(name="stratified-k-fold", folds=2, repeats=2))
    assert [fold.name for fold in made] == [f"repeat-{r}-fold-{f}" for r in (1, 2) for f in (1, 2)]
    assert [fold.repeat for fold in made] == [0, 0, 1, 1]
    assert sides(made[0].manifest) not in (sides(made[2].manifest), sides(made[3].manifest))


def test_the_folds_do_not_depend_on_the_seeds_of_training():
    one, two = (Protocol(name="stratified-k-fold", seeds=seeds) for seeds in ((0,), (7, 8)))
    first, second = (folds(corpus(), Split(), protocol)[0].manifest for protocol in (one, two))
    assert sides(first) == sides(second)


def test_a_gloss_with_fewer_clips_than_folds_is_in_some_of_them():
    rare = [Clip("rare", "/rare.pose", "RARE", "s0")]
    manifest = Manifest.from_clips([*corpus(), *rare])
    made = folds(manifest, Split(), Protocol(name="stratified-k-fold"))
    assert sum(sides(fold.manifest)["rare"] == "test" for fold in made) == 1


def test_a_gloss_keeps_a_clip_to_train_on_in_a_split_by_clip():
    made = assign(corpus(signers=1, takes=2, glosses=6), Split(by="clip", test=0.4, validation=0.4), 0)
    assert set(made.table.filter(pl.col("split") == "train")["gloss"]) == set(made.glosses)


def test_the_official_split_is_kept_and_gets_a_validation_side_where_it_has_none():
    official = corpus().with_column("split", ["test" if clip.signer == "s0" else "train" for clip in corpus()])
    made = assign(official, Split(by="official"), 0)
    assert signers_of(made, "test") == {"s0"}
    assert len(signers_of(made, "validation")) == 1
    assert assign(official, Split(by="official", validation=0), 0) is official


@pytest.mark.parametrize(
    ("manifest", "split", "says"),
    [
        (corpus(), Split(group="singer"), r"no column 'singer'\. Choose from: gloss, signer\. Did you mean 'signer'"),
        (corpus(), Split(group="language"), "no clip has a language"),
        (corpus(), Split(test=("s9",)), r"'signer' has no value 's9'\. Choose from: s0, s1"),
        (corpus(), Split(validation=("s9",)), "split.validation: 'signer' has no value 's9'"),
        (corpus(), Split(test=("s0",), validation=("s0",)), "split.validation names groups that are tested"),
        (corpus(), Split(by="clip", test=("s0",)), "clips are split at random: give a share"),
        (corpus(signers=1), Split(), "leaves nothing to train: there are only 1 units of 'signer'"),
        (corpus(), Split(test=("s0", "s1", "s2", "s3", "s4")), "leaves nothing to train"),
        (corpus(), Split(by="official"), "40 of 40 clips have no official split"),
        (corpus().with_column("split", ["train"] * 40), Split(by="official"), "has no test clips"),
        (
            corpus().with_column("signer", [None, *["s0", "s1", "s2"] * 13]),
            Split(),
            r"1 of 40 clips have no signer \(first: s0-g0-0\)",
        ),
    ],
)
def test_a_split_that_cannot_be_made_says_why(manifest, split, says):
    with pytest.raises(IsharaError, match=says):
        assign(manifest, split, 0)


@pytest.mark.parametrize(
    ("manifest", "protocol", "says"),
    [
        (corpus(signers=1), Protocol(), "needs at least 2 values of 'signer'"),
        (corpus(signers=3), Protocol(name="group-k-fold", folds=5), "5 folds needs at least 5 values of 'signer'"),
        (
            corpus(1, 1, 2),
            Protocol(name="stratified-k-fold", folds=5),
            "needs at least 5 separate clips; the manifest has 2",
        ),
        (corpus(), Protocol(repeats=2), "cannot be repeated"),
    ],
)
def test_a_protocol_that_cannot_be_run_says_why(manifest, protocol, says):
    with pytest.raises(IsharaError, match=says):
        folds(manifest, Split(), protocol)


@given(st.lists(st.frozensets(st.sampled_from("abcdefghij"), min_size=1), max_size=8))
def test_merged_clusters_are_disjoint_and_hold_every_set(sets):
    merged = merge(sets)
    assert sum(map(len, merged)) == len(frozenset().union(*sets))
    assert all(any(members <= cluster for cluster in merged) for members in sets)
    assert merge(merged) == merged == merge(sets[::-1])
