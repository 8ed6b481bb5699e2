"""Features by joint and the graph: what belongs to which joint follows from names."""

import pytest
import torch

from ishara.models.joints import joint_features, joint_graph
from ishara.pose.features import FeatureLayout, feature_layout
from ishara.pose.skeleton import Skeleton, get_skeleton, list_skeletons
from ishara.recipe import Features

EVERYTHING = Features(bones=True, angles=True, velocities=True, presence=True)


def channels_of(layout: FeatureLayout, landmark: str) -> set[str]:
    row = joint_features(layout)[layout.landmarks.index(landmark)]
    return {layout.names[feature] for feature in row.tolist() if feature < len(layout)}


def test_a_joint_has_its_own_features_and_its_groups() -> None:
    layout = feature_layout(get_skeleton("spoter54"), Features(velocities=True, presence=True), 2)
    assert channels_of(layout, "nose") == {f"nose.{kind}" for kind in ("x", "y", "velocity.x", "velocity.y")} | {
        "body.presence"
    }
    tip = "left_hand.thumb_tip"
    own = ("x", "y", "local.x", "local.y", "velocity.x", "velocity.y")
    assert channels_of(layout, tip) == {f"{tip}.{kind}" for kind in own} | {"left_hand.presence"}


@pytest.mark.parametrize("skeleton", list_skeletons())
@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_feature_is_of_some_joint_and_those_of_landmarks_of_one(skeleton: str, dimensions: int) -> None:
    layout = feature_layout(get_skeleton(skeleton), EVERYTHING, dimensions)
    table = joint_features(layout)
    assert set(range(len(layout))) <= set(table.flatten().tolist()) <= set(range(len(layout) + 1))
    for feature, owner in enumerate(layout.landmark_of):
        joints = (table == feature).any(dim=1).nonzero().flatten().tolist()
        assert joints == [owner] if owner >= 0 else len(joints) > 1


def test_a_channel_means_the_same_for_every_joint() -> None:
    layout = feature_layout(get_skeleton("holistic"), EVERYTHING, 3)
    for column in joint_features(layout).T.tolist():
        kinds = {
            layout.names[i].removeprefix(layout.landmarks[layout.landmark_of[i]])
            if layout.landmark_of[i] >= 0
            else layout.names[i].partition(".")[2]
            for i in column
            if i < len(layout)
        }
        assert len(kinds) == 1


def test_a_feature_of_nothing_in_particular_is_of_all_joints() -> None:
    layout = FeatureLayout(("nose.x", "length"), ("nose", "neck"), (0, -1))
    assert joint_features(layout).tolist() == [[0, 1], [2, 1]]


def test_the_graph_follows_the_bones() -> None:
    layout = feature_layout(get_skeleton("spoter54"), Features(), 2)
    at = layout.landmarks.index
    own, inward, outward = joint_graph(layout)
    assert torch.equal(own, torch.eye(54))
    assert inward[at("left_elbow"), at("left_shoulder")] == 1
    assert outward[at("left_shoulder"), at("left_elbow")] > 0
    assert inward[at("left_shoulder"), at("left_elbow")] == 0
    assert inward[at("left_hand.wrist"), at("left_wrist")] == 1
    assert (inward > 0).sum() == len(get_skeleton("spoter54").edges)
    for subset in (inward, outward):
        assert all(total in (0, 1) for total in subset.sum(1).round(decimals=5).tolist())


def test_without_a_wrist_the_parts_are_apart_and_it_is_no_error() -> None:
    skeleton = Skeleton("parts", ("left_elbow", "left_hand.thumb_tip", "face.3"))
    assert joint_graph(feature_layout(skeleton, Features(), 2))[1:].any().item() is False
