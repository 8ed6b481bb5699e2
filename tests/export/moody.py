"""A model that no graph can follow."""

import torch
from torch import Tensor

from ishara.models.contract import ModelOutput, SignModel


class Moody(SignModel):
    """Its logits change from call to call; tracing freezes those of one."""

    classifier = "linear"
    input_shape = (4,)

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 3)
        self.calls = 0

    def forward(self, x: Tensor, mask: Tensor) -> ModelOutput:
        self.calls += 1
        embedding = (x * mask[..., None]).sum(1)
        return ModelOutput(self.linear(embedding) + self.calls, embedding, mask / mask.sum(1, keepdim=True))
