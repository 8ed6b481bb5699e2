"""Landmarks: skeletons, poses, their files, and all that is done to them before a model sees them."""

from ishara.pose.pose import Pose
from ishara.pose.skeleton import Skeleton, get_skeleton, list_skeletons

__all__ = ["Pose", "Skeleton", "get_skeleton", "list_skeletons"]
