"""Landmarks by name: mirror pairs, bones, groups and sub-selections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ishara.errors import IsharaError
from ishara.pose.face import LIP_EDGES, MIRROR
from ishara.pose.skeleton import (
    COMPUTED,
    HANDS,
    KINECT_BODY,
    Skeleton,
    get_skeleton,
    hand_edges,
    hand_landmarks,
    list_skeletons,
)

SIZES = {"holistic": 75, "holistic-face": 543, "spoter54": 54, "upper-body-hands": 49, "hands": 42, "kinect20": 20,
    "upper-body-hands-lips": 89,
}  # fmt: skip


@st.composite
def sub_skeletons(draw: st.DrawFn) -> Skeleton:
    skeleton = get_skeleton(draw(st.sampled_from(list_skeletons())))
    names = draw(st.lists(st.sampled_from(skeleton.landmarks), min_size=1, max_size=30, unique=True))
    return skeleton.select(names)


def is_involution(skeleton: Skeleton) -> bool:
    mirror = skeleton.mirror
    return [mirror[i] for i in mirror] == list(range(len(skeleton)))


def test_the_presets_have_their_published_sizes() -> None:
    assert {name: len(get_skeleton(name)) for name in list_skeletons()} == SIZES


@pytest.mark.parametrize("name", list_skeletons())
def test_mirroring_a_preset_twice_changes_nothing(name: str) -> None:
    assert is_involution(get_skeleton(name))


@given(sub_skeletons())
def test_mirroring_a_sub_selection_twice_changes_nothing(skeleton: Skeleton) -> None:
    assert is_involution(skeleton)


@given(sub_skeletons())
def test_a_landmark_trades_places_with_its_partner_or_stays(skeleton: Skeleton) -> None:
    exchanged = str.maketrans({"<": "right", ">": "left"})
    for name, i in zip(skeleton.landmarks, skeleton.mirror, strict=True):
        if name.startswith("face."):
            continue
        other = name.replace("left", "<").replace("right", ">").translate(exchanged)
        assert skeleton.landmarks[i] == (other if other in skeleton else name)


@pytest.mark.parametrize(
    ("skeleton", "landmark", "partner"),
    [
        ("spoter54", "left_wrist", "right_wrist"),
        ("spoter54", "left_hand.thumb_tip", "right_hand.thumb_tip"),
        ("spoter54", "nose", "nose"),
        ("spoter54", "neck", "neck"),
        ("holistic", "mouth_left", "mouth_right"),
        ("holistic", "left_eye_inner", "right_eye_inner"),
        ("kinect20", "right_palm", "left_palm"),
        ("holistic-face", "face.33", "face.263"),
        ("upper-body-hands-lips", "face.61", "face.291"),
        ("upper-body-hands-lips", "face.13", "face.13"),
        ("kinect20", "spine_mid", "spine_mid"),
    ],
)
def test_mirror_pairs_by_name(skeleton: str, landmark: str, partner: str) -> None:
    found = get_skeleton(skeleton)
    assert found.landmarks[found.mirror[found.index(landmark)]] == partner


def test_the_faces_mirror_maps_the_mesh_onto_itself() -> None:
    connections = pytest.importorskip("mediapipe.python.solutions.face_mesh_connections")
    # Around one nostril MediaPipe draws other triangles than around the other.
    for lines, others in ((connections.FACEMESH_TESSELATION, 14), (connections.FACEMESH_LIPS, 0)):
        edges = {frozenset(edge) for edge in lines}
        mirrored = {frozenset(MIRROR.get(point, point) for point in edge) for edge in edges}
        assert len(edges - mirrored) <= others
    left, right = (
        {point for edge in lines for point in edge}
        for lines in (connections.FACEMESH_LEFT_EYE, connections.FACEMESH_RIGHT_EYE)
    )
    assert {MIRROR[point] for point in left} == right
    # The first joins the lips' outer edge to their inner one.
    assert {frozenset(edge) for edge in LIP_EDGES[1:]} == {frozenset(edge) for edge in connections.FACEMESH_LIPS}


def test_every_point_of_the_lips_hangs_on_the_nose() -> None:
    skeleton = get_skeleton("upper-body-hands-lips")
    for point in skeleton.groups["face"]:
        seen = [point]
        while seen[-1] != "nose":
            seen.append(skeleton.parents[seen[-1]])
            assert len(seen) < len(skeleton)


def test_only_the_midline_of_the_body_stays_in_place() -> None:
    skeleton = get_skeleton("holistic")
    assert [name for i, name in enumerate(skeleton.landmarks) if skeleton.mirror[i] == i] == ["nose"]


def test_a_landmark_without_its_partner_stays() -> None:
    assert get_skeleton("spoter54").select(["left_wrist", "nose"]).mirror == (0, 1)


def test_a_hand_is_five_chains_from_the_wrist_and_the_edge_of_the_palm() -> None:
    edges = hand_edges("left_hand")
    assert len(edges) == 5 * 4 + 3
    assert {name for edge in edges for name in edge} == set(hand_landmarks("left_hand"))
    assert ("left_hand.wrist", "left_hand.ring_mcp") in edges
    assert ("left_hand.index_mcp", "left_hand.middle_mcp") in edges
    assert ("left_hand.index_tip", "left_hand.middle_mcp") not in edges


def test_bones_join_only_landmarks_of_the_skeleton() -> None:
    edges = get_skeleton("spoter54").edges
    assert ("left_elbow", "left_wrist") in edges
    assert ("left_wrist", "left_hand.wrist") in edges
    assert not any("hip" in name for edge in edges for name in edge)
    assert get_skeleton("spoter54").select(["nose", "left_wrist"]).edges == ()


def test_every_landmark_of_the_kinect_hangs_on_a_bone() -> None:
    assert {name for edge in get_skeleton("kinect20").edges for name in edge} == set(KINECT_BODY)


@pytest.mark.parametrize("name", list_skeletons())
def test_bones_are_mirror_images_of_bones(name: str) -> None:
    skeleton = get_skeleton(name)
    bones = {frozenset(edge) for edge in skeleton.edges}
    partner = {own: skeleton.landmarks[i] for own, i in zip(skeleton.landmarks, skeleton.mirror, strict=True)}
    assert {frozenset(partner[end] for end in bone) for bone in bones} == bones


def test_groups_part_the_landmarks() -> None:
    groups = get_skeleton("holistic-face").groups
    assert {group: len(names) for group, names in groups.items()} == {
        "body": 33,
        "face": 468,
        "left_hand": 21,
        "right_hand": 21,
    }
    assert set(get_skeleton("hands").groups) == set(HANDS)
    assert set(get_skeleton("kinect20").groups) == {"body"}


def test_selection_takes_groups_and_landmarks_in_the_order_given_and_each_once() -> None:
    chosen = get_skeleton("spoter54").select(["right_hand", "nose", "right_hand.wrist", "nose"])
    assert chosen.landmarks == (*hand_landmarks("right_hand"), "nose")
    assert chosen.index("nose") == 21
    assert chosen.name == "spoter54-subset"


def test_computed_landmarks_lie_between_mirror_partners() -> None:
    holistic = get_skeleton("holistic")
    for sources in COMPUTED.values():
        left, right = sources
        assert holistic.landmarks[holistic.mirror[holistic.index(left)]] == right


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: get_skeleton("spotter54"), r"no skeleton 'spotter54'.*Did you mean 'spoter54'\?"),
        (
            lambda: get_skeleton("kinect20").index("left_wirst"),
            r"'kinect20' has no landmark.*Did you mean 'left_wrist'\?",
        ),
        (lambda: get_skeleton("kinect20").select(["left_hand"]), r"has no landmark 'left_hand'"),
        (lambda: Skeleton("odd", ("nose", "nose")), r"'odd' names landmarks twice: nose\."),
        (lambda: Skeleton("empty", ()), r"'empty' has no landmarks\."),
    ],
)
def test_a_wrong_name_is_named_with_the_choices(make, message: str) -> None:
    with pytest.raises(IsharaError, match=message):
        make()
