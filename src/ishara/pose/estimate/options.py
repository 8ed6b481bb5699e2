"""`EstimatorOptions`: all that determines what an estimator makes of a clip; a recipe's section `estimator`."""

from ishara.recipe import EstimatorOptions

__all__ = ["ESTIMATE_VERSION", "MODEL_FILES", "EstimatorOptions"]

# Counts up when a change of Ishara's own code gives other landmarks for the same options.
ESTIMATE_VERSION = 1
# What counts in a folder of model files (`EstimatorOptions.models`).
MODEL_FILES = "pose_landmark_*.tflite"
