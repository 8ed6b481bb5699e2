"""All that determines a run: `Recipe`, one YAML file, and its sections."""

from ishara.recipe.data import Choose, Data, Protocol, Split
from ishara.recipe.landmarks import AUGMENT_PRESETS, Augment, EstimatorOptions, Features, PoseOptions
from ishara.recipe.learning import Inference, Loss, Model, Optimizer, Schedule, Train
from ishara.recipe.pixels import PIXEL_PRESETS, PixelAugment, Pixels
from ishara.recipe.recipe import Recipe
from ishara.recipe.section import Count, Section

__all__ = [
    "AUGMENT_PRESETS",
    "PIXEL_PRESETS",
    "Augment",
    "Choose",
    "Count",
    "Data",
    "EstimatorOptions",
    "Features",
    "Inference",
    "Loss",
    "Model",
    "Optimizer",
    "PixelAugment",
    "Pixels",
    "PoseOptions",
    "Protocol",
    "Recipe",
    "Schedule",
    "Section",
    "Split",
    "Train",
]
