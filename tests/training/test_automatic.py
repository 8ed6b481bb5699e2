"""Choosing a recipe: what a corpus is found to be, and what follows from that."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.clips.clip import Clip
from ishara.clips.corpora.synthetic import synthetic_clip
from ishara.clips.manifest import Manifest
from ishara.errors import IsharaError
from ishara.pose.files import write_pose
from ishara.pose.pose import Pose
from ishara.pose.repair import dominant_hand
from ishara.pose.skeleton import Skeleton, get_skeleton, hand_landmarks, list_skeletons
from ishara.recipe import Recipe
from ishara.training import fit, split_clips
from ishara.training.automatic import AutomaticRecipe, Survey, automatic_recipe, choose_recipe, survey
from ishara.training.automatic.changes import refuse_another
from ishara.training.automatic.survey import Groups, Spread
from ishara.training.preflight import check_names

START = Recipe.from_dict({"name": "mine", "data": {"manifest": "clips.csv"}})
NOBODY = (Groups("signer", 0, 0, 0.0), Groups("language", 0, 0, 0.0))


def spread(*numbers: int) -> Spread:
    return Spread.of(numbers)


def seen(*skeletons: str) -> dict[str, float]:
    return {name: 0.9 for skeleton in skeletons for name in get_skeleton(skeleton).landmarks}


BODY = dict.fromkeys(get_skeleton("holistic").groups["body"], 0.9)

# A folder of videos that went through `ishara extract`: fifty signs, eight clips each, who signs is not known.
USUAL = Survey(
    clips=400,
    glosses=spread(8, 8),
    vocabulary=50,
    groups=NOBODY,
    official=(0, 0, 0),
    sampled=400,
    unreadable=0,
    frames=spread(20, 30, 39),
    frames_with_hands=spread(10, 20, 29),
    fps=25.0,
    seen=seen("holistic"),
    hands=0.8,
    left_handed=0.05,
    signers=0,
    left_handed_signers=0,
    depth="hands",
    turned=0.0,
)
KINECT = replace(USUAL, seen=seen("kinect20"), hands=0.0, frames_with_hands=spread(0), depth="measured", turned=60.0)


def signed_by(signers: int, *, known: int = 400, shared: float = 1.0) -> tuple[Groups, ...]:
    return (Groups("signer", known, signers, shared), NOBODY[1])


def choose(found: Survey, *overrides: str) -> AutomaticRecipe:
    return choose_recipe(found, START, overrides)


# --- what a corpus is ------------------------------------------------------------------------------------------------


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Manifest]:
    """From poses to a manifest of their files; glosses A and B by turns where none are given."""

    def make(*poses: Pose, glosses: str | None = None, signers: list[str | None] | None = None) -> Manifest:
        glosses = glosses or "AB" * len(poses)
        clips = []
        for i, pose in enumerate(poses):
            path = write_pose(pose, tmp_path / f"{i:03d}.pose")
            clips.append(Clip(f"{i:03d}", str(path), glosses[i], signers[i] if signers else None))
        return Manifest.from_clips(clips)

    return make


def clip(landmarks: tuple[str, ...], frames: int = 20, fps: float = 25.0, dimensions: int = 3) -> Pose:
    """Landmarks that all move differently."""
    shape = (frames, len(landmarks))
    coordinates = 100 + np.random.default_rng(0).normal(0, 20, (*shape, dimensions))
    return Pose(coordinates, np.ones(shape), fps, Skeleton("some", landmarks))


HOLISTIC = get_skeleton("holistic").landmarks


def test_the_manifest_is_counted(write) -> None:
    poses = [clip(HOLISTIC, frames) for frames in (10, 20, 30, 40)]
    found = survey(write(*poses, glosses="AAAB", signers=["x", "y", None, "x"]))
    assert (found.clips, found.vocabulary, found.sampled, found.unreadable) == (4, 2, 4, 0)
    assert (found.glosses.least, found.glosses.most) == (1, 3)
    assert (found.frames.least, found.frames.middle, found.frames.most) == (10, 20, 40)
    assert found.fps == 25
    assert found.groups[0] == Groups("signer", 3, 2, 0.5)  # of A and B, only A has two signers
    assert found.groups[1] == Groups("language", 0, 0, 0.0)
    assert found.official == (0, 0, 0)


def test_what_was_seen_is_a_share_of_frames(write) -> None:
    pose = clip(HOLISTIC, 20)
    confidence = pose.confidence.copy()
    hands = [pose.skeleton.index(name) for hand in ("left_hand", "right_hand") for name in hand_landmarks(hand)]
    confidence[:15, hands] = 0
    confidence[:, pose.skeleton.index("left_knee")] = 0
    found = survey(write(pose.replace(pose.coordinates, confidence), clip(HOLISTIC, 60)))
    assert found.seen["nose"] == 1
    assert found.seen["left_knee"] == pytest.approx(60 / 80)
    assert found.seen["right_hand.wrist"] == pytest.approx(65 / 80)
    assert found.hands == pytest.approx(65 / 80)
    assert found.frames_with_hands.least == 5


@pytest.mark.parametrize(
    ("landmarks", "dimensions", "depth"),
    [
        (HOLISTIC, 3, "hands"),
        (HOLISTIC, 2, "none"),
        (get_skeleton("holistic").groups["body"], 3, "none"),
        (get_skeleton("hands").landmarks, 3, "hands"),
        (get_skeleton("kinect20").landmarks, 3, "measured"),
        (get_skeleton("kinect20").landmarks, 2, "none"),
    ],
)
def test_depth_is_told_from_what_only_looks_like_it(tmp_path: Path, landmarks, dimensions: int, depth: str) -> None:
    pose = clip(landmarks, dimensions=dimensions)
    assert survey(arrays(tmp_path / "deep.npz", pose, landmarks)).depth == depth
    if dimensions == 3:
        flat = pose.replace(pose.coordinates * np.array([1, 1, 0], np.float32))
        assert survey(arrays(tmp_path / "flat.npz", flat, landmarks)).depth == "none"


def arrays(path: Path, pose: Pose, landmarks: tuple[str, ...]) -> Manifest:
    """One clip twice, in an array: ``.pose`` files know no Kinect."""
    np.savez(
        path,
        frames=np.concatenate([pose.coordinates] * 2),
        offsets=[0, len(pose), 2 * len(pose)],
        gloss=["A", "B"],
        landmarks=landmarks,
    )
    return Manifest.from_clips(Clip(gloss, f"{path}#{i}", gloss) for i, gloss in enumerate("AB"))


def test_left_handed_signers_are_counted(write) -> None:
    pose = synthetic_clip("SYN-01")
    share = survey(write(pose, pose, pose)).left_handed
    assert survey(write(pose.mirrored(), pose, pose)).left_handed == pytest.approx(abs(share - 1 / 3))


def test_a_signer_is_left_handed_whose_left_hand_leads_nearly_always(write) -> None:
    pose = synthetic_clip("SYN-01")
    right = pose if dominant_hand(pose) == "right" else pose.mirrored()
    table = write(*[right] * 12, *[right.mirrored()] * 8)
    signed = table.with_column("signer", ["ann"] * 6 + ["ben"] * 6 + ["cleo"] * 5 + ["dan"] * 3)
    found = survey(signed)
    # Of dan there are too few clips to tell.
    assert (found.signers, found.left_handed_signers) == (3, 1)
    chosen = choose(found)
    assert chosen.recipe.pose.dominant_hand == "right"
    assert "with 1 of 3 signers the left hand leads nearly always" in chosen.reasons["pose.dominant_hand"]


def test_a_large_corpus_is_sampled_and_the_same_clips_are_drawn_in_any_order(write) -> None:
    manifest = write(*(clip(HOLISTIC, 10 + i) for i in range(12)))
    drawn: list[list[str]] = []

    def keep(clips):
        drawn.append([each.id for each in clips])
        return clips

    first = survey(manifest, clips=5, progress=keep)
    other = survey(Manifest(manifest.table.reverse()), clips=5, progress=keep)
    assert first == other
    assert drawn[0] == drawn[1]
    assert (len(drawn[0]), first.sampled, first.clips) == (5, 5, 12)


def test_clips_that_cannot_be_read_are_counted(write, tmp_path: Path) -> None:
    manifest = write(clip(HOLISTIC), clip(HOLISTIC), clip(HOLISTIC))
    (tmp_path / "001.pose").write_bytes(b"no pose")
    assert survey(manifest).unreadable == 1
    for file in tmp_path.glob("*.pose"):
        file.write_bytes(b"no pose")
    with pytest.raises(IsharaError, match=r"Not one of 3 clips could be read. The first: .*000.pose"):
        survey(manifest)


def test_one_gloss_and_videos_are_refused(write, tmp_path: Path) -> None:
    with pytest.raises(IsharaError, match=r"Only one gloss has clips \(A\); a recogniser needs at least two"):
        survey(write(clip(HOLISTIC), glosses="A"))
    videos = Manifest.from_clips([Clip("1", "a.mp4", "A"), Clip("2", "b.mp4", "B")])
    with pytest.raises(IsharaError, match=r"2 of 2 clips are videos \(first: a.mp4\).*`ishara extract"):
        survey(videos)


# --- which landmarks ------------------------------------------------------------------------------------------------


def test_a_body_with_hands() -> None:
    recipe = choose(USUAL).recipe
    assert (recipe.pose.skeleton, recipe.pose.landmarks, recipe.pose.dimensions) == ("upper-body-hands", (), 3)
    assert recipe.features.hand_local
    assert recipe.augment.hand_rotation > 0
    assert recipe.augment.yaw == 0
    assert not recipe.pose.face_camera
    assert choose(replace(USUAL, depth="none")).recipe.pose.dimensions == 2


def test_a_kinect_is_turned_in_space() -> None:
    chosen = choose(KINECT)
    assert (chosen.recipe.pose.skeleton, chosen.recipe.pose.dimensions) == ("kinect20", 3)
    assert {"head", "left_palm", "right_palm"} <= set(chosen.recipe.pose.landmarks)
    assert not [name for name in chosen.recipe.pose.landmarks if name.endswith(("hip", "knee", "foot"))]
    assert chosen.recipe.pose.face_camera
    assert chosen.recipe.augment.yaw > 0
    assert not chosen.recipe.features.hand_local
    assert "60°" in chosen.reasons["pose.face_camera"]


def test_a_body_without_hands_is_taken_and_warned_of() -> None:
    chosen = choose(replace(USUAL, seen=BODY, hands=0.0, depth="none"))
    assert (chosen.recipe.pose.skeleton, chosen.recipe.pose.dimensions) == ("holistic", 2)
    assert {"left_wrist", "right_index", "nose"} <= set(chosen.recipe.pose.landmarks)
    assert not {"left_knee", "left_hand.wrist"} & set(chosen.recipe.pose.landmarks)
    assert any("no landmarks of hands" in warning for warning in chosen.warnings)


def test_landmarks_that_are_not_there_are_left_out_but_never_one_of_two_hands() -> None:
    some = {name: share for name, share in USUAL.seen.items() if not name.startswith(("left_hand.", "left_elbow"))}
    recipe = choose(replace(USUAL, seen=some | {"nose": 0.001})).recipe
    upper = get_skeleton("upper-body-hands").landmarks
    left_out = {"left_elbow", "nose"}
    assert set(get_skeleton("upper-body-hands").select(recipe.pose.landmarks).landmarks) == set(upper) - left_out


def test_hands_alone() -> None:
    assert choose(replace(USUAL, seen=seen("hands"))).recipe.pose.skeleton == "hands"


def test_a_face_alone_is_refused() -> None:
    with pytest.raises(IsharaError, match=r"No arm and no hand was seen in any of 400 clips \(seen: face\.0"):
        choose(replace(USUAL, seen={"face.0": 1.0}, hands=0.0, depth="none"))


def test_few_hands_and_left_handed_signers_are_told() -> None:
    assert any("only 30%" in warning for warning in choose(replace(USUAL, hands=0.3)).warnings)
    unknown = replace(USUAL, left_handed=0.3)
    assert any("pose.dominant_hand=right" in warning for warning in choose(unknown).warnings)
    some = choose(replace(unknown, signers=10, left_handed_signers=3))
    assert some.recipe.pose.dominant_hand == "right"
    assert not any("left hand" in warning for warning in some.warnings)
    assert choose(replace(unknown, signers=10, left_handed_signers=9)).recipe.pose.dominant_hand == "as-is"


@pytest.mark.parametrize(
    ("clips", "frames", "longest"),
    [
        (400, spread(*range(20, 30)), 32),
        (400, spread(3), 8),
        (400, spread(*range(50, 200)), 64),
        (5_000, spread(*range(50, 200)), 32),
        (100_000, spread(10), 16),
    ],
)
def test_long_clips_are_squeezed(clips: int, frames: Spread, longest: int) -> None:
    assert choose(replace(USUAL, clips=clips, frames=frames)).recipe.pose.max_frames == longest


def test_where_every_frame_has_a_hand_others_are_left_out() -> None:
    assert choose(USUAL).recipe.pose.frames == "all"
    assert choose(replace(USUAL, hands=1.0)).recipe.pose.frames == "with-hands"


# --- who is tested --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("signers", "validation"), [(3, 0.0), (4, 0.0), (5, 0.15), (30, 0.15)])
def test_signers_are_parted_where_there_are_three(signers: int, validation: float) -> None:
    chosen = choose(replace(USUAL, groups=signed_by(signers)))
    split = chosen.recipe.split
    assert (split.by, split.group, split.test, split.validation) == ("group", "signer", 0.2, validation)
    assert chosen.recipe.protocol.name == ("leave-one-group-out" if signers <= 20 else "group-k-fold")
    assert chosen.warnings == ()


@pytest.mark.parametrize(
    ("groups", "reason", "warning"),
    [
        (signed_by(0, known=0), "who signs is not known", "Who signs is not known, so the same people"),
        (signed_by(9, known=395), "not known of 5 of 400 clips", "Who signs is not known of 5 clips"),
        (signed_by(1), "all clips are of one signer", "of at least 2 other people"),
        (signed_by(2), "there are only 2 signers", "the same signers stand on both sides"),
        (signed_by(9, shared=0.2), "only 20% of the glosses", "each gloss needs several signers"),
    ],
)
def test_else_clips_are_parted_and_the_figures_warned_of(groups, reason: str, warning: str) -> None:
    chosen = choose(replace(USUAL, groups=groups))
    assert chosen.recipe.split.by == "clip"
    assert chosen.recipe.split.near_duplicates == "together"
    assert reason in chosen.reasons["split.by"]
    assert any(warning.lower() in said.lower() for said in chosen.warnings)


def test_languages_stand_in_for_signers_that_are_not_known() -> None:
    chosen = choose(replace(USUAL, groups=(NOBODY[0], Groups("language", 400, 17, 1.0))))
    assert (chosen.recipe.split.by, chosen.recipe.split.group) == ("group", "language")


@pytest.mark.parametrize(
    ("official", "groups", "by", "validation"),
    [
        ((300, 40, 60), NOBODY, "official", 0.15),  # its own; the default is not looked at
        ((300, 0, 100), NOBODY, "official", 0.1),
        ((300, 0, 100), signed_by(10), "official", 0.15),
        ((300, 0, 100), signed_by(3), "official", 0.0),
        ((400, 0, 0), NOBODY, "clip", 0.1),
        ((300, 0, 50), NOBODY, "clip", 0.1),  # not of every clip
    ],
)
def test_a_corpus_keeps_its_own_sides(official, groups, by: str, validation: float) -> None:
    split = choose(replace(USUAL, official=official, groups=groups)).recipe.split
    assert (split.by, split.validation) == (by, validation)


@pytest.mark.parametrize(("usual", "test", "validation"), [(1, 0.0, 0.0), (2, 0.2, 0.0), (3, 0.2, 0.0), (4, 0.2, 0.1)])
def test_few_clips_of_each_gloss_are_learnt_from(usual: int, test: float, validation: float) -> None:
    chosen = choose(replace(USUAL, clips=50 * usual, glosses=spread(usual)))
    assert (chosen.recipe.split.test, chosen.recipe.split.validation) == (test, validation)
    assert any("no figure will say" in warning for warning in chosen.warnings) == (test == 0)


def test_so_many_clips_are_not_compared_with_one_another() -> None:
    chosen = choose(replace(USUAL, clips=100_000, glosses=spread(2_000)))
    assert chosen.recipe.split.near_duplicates == "ignore"
    assert "takes long" in chosen.reasons["split.near_duplicates"]


# --- how much is learnt ---------------------------------------------------------------------------------------------


def test_very_unequal_glosses_are_weighed_and_one_rare_one_is_not() -> None:
    def weights(*counts: int) -> str:
        return choose(replace(USUAL, clips=sum(counts), glosses=spread(*counts))).recipe.loss.class_weights

    assert weights(*[10] * 9, 200) == "balanced"
    assert weights(*[10] * 5, *[100] * 5) == "balanced"
    assert weights(*[50] * 19, 1) == "none"
    assert weights(*[10] * 5, *[30] * 5) == "none"


def test_larger_corpora_get_larger_models_and_batches_and_fewer_epochs() -> None:
    chosen = [choose(replace(USUAL, clips=clips)).recipe for clips in (50, 400, 3_000, 30_000, 300_000)]
    sizes = [recipe.model.options["d_model"] for recipe in chosen]
    batches = [recipe.train.batch_size for recipe in chosen]
    epochs = [recipe.train.max_epochs for recipe in chosen]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert batches == sorted(batches)
    assert epochs == sorted(epochs, reverse=True)
    assert choose(replace(USUAL, vocabulary=2_000)).recipe.model.options["d_model"] > sizes[1]


counts = st.integers(1, 10**6)
spreads = st.lists(counts, min_size=1, max_size=20).map(lambda numbers: Spread.of(numbers))
shares = st.floats(0, 1)


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    """Anything that a corpus may be found to be, save one without arms and hands."""
    skeletons = draw(st.lists(st.sampled_from(list_skeletons()), min_size=1, max_size=2))
    found = {name: draw(shares) if name == "nose" else 0.5 for name in seen(*skeletons)}
    clips = draw(counts)
    official = draw(st.sampled_from([(0, 0, 0), (clips, 0, 0), (clips - 1, 0, 1), (1, 0, 0)]))
    groups = [Groups(name, draw(st.sampled_from([0, clips])), draw(st.integers(0, 200)), draw(shares))
              for name in ("signer", "language")]  # fmt: skip
    return Survey(
        clips, draw(spreads), draw(counts), tuple(groups), official, 400, draw(st.integers(0, 399)), draw(spreads),
        draw(spreads), 25.0, found, draw(shares), draw(shares), draw(st.integers(0, 9)), draw(st.integers(0, 9)),
        draw(st.sampled_from(["measured", "hands", "none"])), draw(st.floats(0, 90)),
    )  # fmt: skip


@given(surveys())
def test_every_corpus_gets_a_recipe_that_can_be_run_and_always_the_same(found: Survey) -> None:
    chosen, again = choose(found), choose(found)
    assert chosen == again
    check_names(chosen.recipe)
    assert chosen.recipe.train.max_epochs >= 12
    assert Recipe.from_dict(chosen.recipe.model_dump(mode="json")).hash == chosen.recipe.hash
    keys = [choice.key for choice in chosen.choices]
    assert len(keys) == len(set(keys))
    assert all(choice.reason and not choice.reason.endswith(".") for choice in chosen.choices)


# --- what the person sets -------------------------------------------------------------------------------------------


def test_what_the_person_sets_wins_and_is_shown_as_theirs() -> None:
    chosen = choose(USUAL, "train.max_epochs=5", "augment.preset=none", "split.by=clip")
    assert (chosen.recipe.train.max_epochs, chosen.recipe.augment.noise) == (5, 0)
    assert chosen.reasons["train.max_epochs"] == "as you set it"
    assert "augment" not in chosen.reasons
    with pytest.raises(IsharaError, match=r"there is no key .train.max_epoch."):
        choose(USUAL, "train.max_epoch=5")


def test_another_model_keeps_its_own_sizes_and_one_of_pixels_is_refused() -> None:
    recipe = choose(USUAL, "model.name=spoter").recipe
    assert (recipe.model.name, recipe.model.options) == ("spoter", {})
    check_names(recipe)
    with pytest.raises(IsharaError, match="sign2text sees pictures"):
        choose(USUAL, "model.name=sign2text")


def test_a_recipe_of_a_corpus_on_disk_can_be_run(corpus: Path) -> None:
    chosen = automatic_recipe(corpus, overrides=["name=mine", "train.max_epochs=1"])
    assert (chosen.recipe.name, chosen.recipe.data.corpus) == ("mine", "synthetic")
    assert chosen.recipe.split.by == "official"
    assert set(split_clips(chosen.recipe).table["split"]) == {"train", "validation", "test"}
    assert chosen == automatic_recipe(corpus, overrides=["name=mine", "train.max_epochs=1"])


@pytest.mark.parametrize(
    "landmarks",
    [
        get_skeleton("hands").landmarks,
        hand_landmarks("right_hand"),
        get_skeleton("holistic").groups["body"],
        get_skeleton("kinect20").landmarks,
        get_skeleton("spoter54").landmarks,
    ],
    ids=["hands", "one hand", "body", "kinect", "spoter54"],
)
def test_every_kind_of_landmarks_can_be_learnt_from(tmp_path: Path, landmarks: tuple[str, ...]) -> None:
    clips = [Pose(clip(landmarks).coordinates * (1 + i), np.ones((20, len(landmarks))), 25, Skeleton("x", landmarks))
             for i in range(4)]  # fmt: skip
    np.savez(
        tmp_path / "some.npz",
        frames=np.concatenate([each.coordinates for each in clips]),
        offsets=20 * np.arange(5),
        gloss=["A", "B", "A", "B"],
        landmarks=landmarks,
    )
    size = "model.options={d_model: 8, heads: 2, stages: 1, convolutions: 1, kernel: 3}"
    chosen = automatic_recipe(tmp_path / "some.npz", overrides=["train.max_epochs=1", "split.test=0", size])
    sides = split_clips(chosen.recipe.with_overrides(["split.near_duplicates=ignore"]))
    assert fit(chosen.recipe, sides, tmp_path / "run").labels == ["A", "B"]


# --- the run that is there -------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> tuple[Recipe, Manifest, Path]:
    """A run's recipe and clips, in its folder."""
    manifest = Manifest.from_clips([Clip(str(i), f"{i}.pose", "AB"[i % 2], split="train") for i in range(4)])
    manifest.write(tmp_path / "manifest.csv")
    (tmp_path / "recipe.yaml").write_text(START.to_yaml())
    return START, manifest, tmp_path


def test_the_same_run_is_gone_on_with(run, tmp_path: Path) -> None:
    refuse_another(*run)
    refuse_another(*run[:2], tmp_path / "nothing")


def test_other_clips_are_told_with_what_follows_from_them(run) -> None:
    recipe, manifest, folder = run
    more = [*list(manifest)[1:], Clip("new", "n.pose", "C", split="train")]
    changed = recipe.with_overrides(["train.max_epochs=40"])
    expected = r"1 clip is new; 1 clip is gone; the gloss new: C, and so train.max_epochs is 40 \(there 100\)"
    with pytest.raises(IsharaError, match=expected):
        refuse_another(changed, Manifest.from_clips(more), folder)
    renamed = [replace(each, gloss="B") if each.id == "0" else each for each in manifest]
    with pytest.raises(IsharaError, match="1 clip is of another gloss"):
        refuse_another(recipe, Manifest.from_clips(renamed), folder)


def test_other_settings_are_told(run) -> None:
    recipe, manifest, folder = run
    with pytest.raises(IsharaError, match=r"pose.max_frames is 8 \(there none\).*recipe.yaml` goes on with it"):
        refuse_another(recipe.with_overrides(["pose.max_frames=8"]), manifest, folder)
    with pytest.raises(IsharaError, match="stand on other sides"):
        refuse_another(recipe, manifest.with_column("split", ["test", "train", "train", "train"]), folder)
