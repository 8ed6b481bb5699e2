"""The Lightning module: one for every architecture."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torchmetrics.classification import MulticlassAccuracy

from ishara.models.contract import ModelOutput, SignModel
from ishara.recipe import Recipe
from ishara.training.data import Batch
from ishara.training.frame_features import FrameModel
from ishara.training.mixing import mix
from ishara.training.muon import Muon, matrices
from ishara.training.schedules import make_schedule
from ishara.training.seeds import derive_int

# (B, T, E); pictures are (B, T, 3, S, S).
_OF_FEATURES = 3


class RecognitionModule(L.LightningModule):
    """Trains a model under a recipe and logs loss and top-1 of both sides, once per epoch.

    Parameters
    ----------
    model
        Any model under the contract.
    recipe
        Optimiser, schedule and seed.
    loss
        From logits (B, C) and labels (B,) to a scalar.
    num_classes
        C.
    """

    def __init__(self, model: SignModel, recipe: Recipe, loss: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.loss = loss
        self.train_top1 = MulticlassAccuracy(num_classes, average="micro")
        self.validation_top1 = MulticlassAccuracy(num_classes, average="micro")

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed dropout from where in the run this is, so that a resumed run drops the same."""
        torch.manual_seed(
            derive_int(self.recipe.train.seed, "dropout", self.current_epoch, batch_idx, self.global_rank)
        )

    def _logits(self, batch: Batch) -> Tensor:
        """(B, C), also of a batch that has kept features of frames in place of pictures."""
        if batch.x.ndim == _OF_FEATURES and isinstance(self.model, FrameModel):
            return self.model.from_features(batch.x, batch.mask).logits
        output: ModelOutput = self.model(batch.x, batch.mask)
        return output.logits

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss of one batch; where it was mixed, of both classes of each clip, by their shares."""
        batch, other, share = mix(batch, self.recipe.train)
        logits = self._logits(batch)
        loss: Tensor = self.loss(logits, batch.label)
        if share < 1:
            loss = share * loss + (1 - share) * self.loss(logits, other)
        self.train_top1(logits, batch.label)
        self._log("train/loss", loss, batch)
        self._log("train/top1", self.train_top1, batch)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Plain negative log-likelihood, whatever the training loss, so that runs can be compared."""
        logits = self._logits(batch)
        self.validation_top1(logits, batch.label)
        self._log("validation/loss", nn.functional.cross_entropy(logits, batch.label), batch)
        self._log("validation/top1", self.validation_top1, batch)

    def _log(self, name: str, value: Any, batch: Batch) -> None:
        self.log(name, value, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(batch.label), sync_dist=True)

    def configure_optimizers(self) -> Any:
        """The recipe's optimizer and schedule; biases, norms and single weights are not decayed."""
        options = self.recipe.optimizer
        whole = matrices(self.model) if options.name == "muon" else []
        known = {id(weight) for weight in whole}
        rest = [weight for weight in self.model.parameters() if id(weight) not in known]
        groups: list[dict[str, Any]] = [
            {"params": [weight for weight in rest if weight.ndim > 1], "weight_decay": options.weight_decay},
            {"params": [weight for weight in rest if weight.ndim <= 1], "weight_decay": 0.0},
        ]
        if whole:
            groups.append({"params": whole, "weight_decay": options.weight_decay, "orthogonal": True})
        optimizer = (Muon if whole else AdamW)(groups, lr=options.lr, betas=options.betas)
        schedule = make_schedule(
            self.recipe.schedule,
            optimizer,
            steps=int(self.trainer.estimated_stepping_batches),
            epochs=self.recipe.train.max_epochs,
            validate_every=self.recipe.train.validate_every,
        )
        return {"optimizer": optimizer, "lr_scheduler": schedule}
