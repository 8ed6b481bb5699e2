"""Architectures under one contract: ``(x, mask)`` → logits, embedding, frame attention."""

from ishara.models.options import model_options
from ishara.models.registry import create_model, list_models

__all__ = ["create_model", "list_models", "model_options"]
