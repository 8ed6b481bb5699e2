"""`Recognizer`: a trained model with its recipe, labels and calibration, run without torch."""

from ishara.recognizer.inputs import ModelInput
from ishara.recognizer.prediction import Candidate, Prediction, softmax
from ishara.recognizer.recognizer import Outputs, Recognizer
from ishara.recognizer.runtime import OUTPUTS

__all__ = ["OUTPUTS", "Candidate", "ModelInput", "Outputs", "Prediction", "Recognizer", "softmax"]
