"""Which architectures there are, and how one is made by name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ishara.models.options import SCHEMAS, model_options
from ishara.pose.features import FeatureLayout, feature_layout
from ishara.pose.skeleton import get_skeleton
from ishara.recipe import Features

if TYPE_CHECKING:
    from ishara.models.contract import SignModel

# Where each architecture's `build(options, layout, num_classes)` lies; imported only when that architecture is made.
_BUILDERS = {
    "spoter": "ishara.models.spoter",
    "bdsl_spoter": "ishara.models.bdsl_spoter",
    "conv_transformer": "ishara.models.conv_transformer",
    "st_gcn": "ishara.models.st_gcn",
    "sign2text": "ishara.models.sign2text",
    "timesformer": "ishara.models.timesformer",
}


def list_models(sees: Literal["landmarks", "pixels"] | None = None) -> list[str]:
    """Names of the architectures; of those alone that look at landmarks, or at pixels."""
    return sorted(name for name, schema in SCHEMAS.items() if sees in (None, schema.input))


def notebook_layout() -> FeatureLayout:
    """The notebooks' input: x and y of SPOTER's 54 landmarks, 108 features."""
    return feature_layout(get_skeleton("spoter54"), Features(hand_local=False), 2)


def create_model(
    name: str,
    *,
    num_classes: int,
    layout: FeatureLayout | None = None,
    pretrained: str | Path | None = None,
    **options: Any,
) -> SignModel:
    """Make a model.

    Parameters
    ----------
    name
        One of `list_models`.
    num_classes
        Size of the vocabulary, at least 1.
    layout
        What the input features are; 54 landmarks × (x, y) by default.
    pretrained
        A recogniser (or its run) of the same architecture and layout, whose weights to start from. The last layer's are
        taken only where the number of classes is the same. For a model of pixels also a folder or hub id of published
        weights. What does not come from there stands in the model's `origin`.
    **options
        The architecture's own, such as ``layers=4``.

    Raises
    ------
    IsharaError
        If the name or an option is unknown, or the pretrained weights do not fit (the tensors are named).
    """
    validated = model_options(name, options)
    layout = layout or notebook_layout()
    model: SignModel = importlib.import_module(_BUILDERS[name]).build(validated, layout, num_classes)
    if pretrained is not None:
        _start_from(model, Path(pretrained), layout)
    return model


def _start_from(model: SignModel, pretrained: Path, layout: FeatureLayout) -> None:
    from ishara.models.pixels import PixelModel
    from ishara.models.published import fetch, is_recognizer
    from ishara.models.weights import load_pretrained

    if isinstance(model, PixelModel) and not is_recognizer(pretrained):
        model.origin = tuple(model.load_published(fetch(str(pretrained))))
    else:
        model.origin = tuple(load_pretrained(model, pretrained, layout))
