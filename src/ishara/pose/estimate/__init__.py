"""From pictures to landmarks: the options, the contract of an estimator, and the estimators."""

from ishara.pose.estimate.estimator import PoseEstimator, make_estimator
from ishara.pose.estimate.options import EstimatorOptions

__all__ = ["EstimatorOptions", "PoseEstimator", "make_estimator"]
