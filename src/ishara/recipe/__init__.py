"""All that determines a run: `Recipe`, one YAML file, and its sections."""

from ishara.recipe.pixels import PIXEL_PRESETS, PixelAugment, Pixels
from ishara.recipe.recipe import Recipe
from ishara.recipe.sections import (
    AUGMENT_PRESETS,
    Augment,
    Choose,
    Count,
    Data,
    EstimatorOptions,
    Features,
    Inference,
    Loss,
    Model,
    Optimizer,
    PoseOptions,
    Protocol,
    Schedule,
    Section,
    Split,
    Train,
)

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
