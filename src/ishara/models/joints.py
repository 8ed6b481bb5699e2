"""Features by joint, and the graph that joins the joints: both from a layout's names alone."""

from __future__ import annotations

import torch
from torch import Tensor

from ishara.pose.features import FeatureLayout
from ishara.pose.skeleton import Skeleton


def joint_features(layout: FeatureLayout) -> Tensor:
    """(K, C) which of the F features is each channel of each of the K joints; F where a joint has no such channel.

    A channel is what a feature's name says after the landmark's, such as ``.x`` or ``.local.y``. A feature of a group,
    such as ``left_hand.presence``, is a channel of each of the group's joints, and one of no group is a channel of all.
    """
    groups = Skeleton("layout", layout.landmarks).groups
    channels: dict[str, dict[int, int]] = {}
    for feature, (name, owner) in enumerate(zip(layout.names, layout.landmark_of, strict=True)):
        scope, dot, rest = name.partition(".")
        if owner >= 0:
            joints, channel = [owner], name.removeprefix(layout.landmarks[owner])
        elif scope in groups:
            joints, channel = [layout.landmarks.index(member) for member in groups[scope]], dot + rest
        else:
            joints, channel = list(range(len(layout.landmarks))), name
        channels.setdefault(channel, {}).update(dict.fromkeys(joints, feature))
    missing = len(layout)
    rows = [[members.get(joint, missing) for members in channels.values()] for joint in range(len(layout.landmarks))]
    return torch.tensor(rows)


def joint_graph(layout: FeatureLayout) -> Tensor:
    """(3, K, K) what each joint (second axis) takes of each (third): itself, its bones' near ends, their far ends.

    Each row is a mean, or 0 for a joint that has no such bone; without a bone between them, parts of a body are apart.
    """
    skeleton = Skeleton("layout", layout.landmarks)
    graph = torch.zeros(3, len(skeleton), len(skeleton))
    graph[0] = torch.eye(len(skeleton))
    for near, far in skeleton.edges:
        graph[1, skeleton.index(far), skeleton.index(near)] = 1
        graph[2, skeleton.index(near), skeleton.index(far)] = 1
    return graph / graph.sum(dim=2, keepdim=True).clamp_min(1)
