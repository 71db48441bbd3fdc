"""The training loop, once for every model: steps of AdamW over one cycle of the learning rate, and all of its state.

Loshchilov and Hutter, Decoupled Weight Decay Regularization (https://arxiv.org/abs/1711.05101); Smith and Topin,
Super-Convergence (https://arxiv.org/abs/1708.07120). The same seed gives the same weights on the same number of
threads, however often training was broken off and resumed: `state` holds all that the next step depends on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from workers.training.place import PROCESSOR, Place

#: The model's arguments, labels among them, for so many samples drawn with this generator.
Batches = Callable[[int, torch.Generator], dict[str, torch.Tensor]]

_WEIGHT_DECAY, _WARM_UP, _LONGEST_GRADIENT = 0.05, 0.15, 1.0


class Diverged(RuntimeError):
    """The loss is no number any more; what was learned is worth nothing."""


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn."""

    steps: int
    peak_learning_rate: float
    batch_size: int = 64


class Training:
    """A model on its way: its weights, the optimiser, the schedule, what is random, and the position."""

    def __init__(self, model: nn.Module, plan: Plan, seed: int, place: Place = PROCESSOR) -> None:
        self.model = model
        self.plan = plan
        self.step = 0
        self._place = place
        self._random = torch.Generator().manual_seed(seed)
        self._weights = [weight for weight in model.parameters() if weight.requires_grad]
        rate = plan.peak_learning_rate
        self._optimizer = torch.optim.AdamW(self._weights, rate, weight_decay=_WEIGHT_DECAY, fused=True)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, rate, total_steps=plan.steps, pct_start=_WARM_UP
        )

    @property
    def done(self) -> bool:
        """Whether every step is taken."""
        return self.step >= self.plan.steps

    def advance(self, batches: Batches) -> torch.Tensor:
        """One step; its loss, still on the device."""
        self.model.train()
        batch = batches(self.plan.batch_size, self._random)
        with self._place.forward():
            loss: torch.Tensor = self.model(**_on(self._place.device, batch)).loss
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights, _LONGEST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        self.step += 1
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """Plain values and tensors. Weights that do not learn are not in it: they are the parent's."""
        return {
            "step": self.step,
            "learned": dict(self._learned()),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "random": self._random.get_state(),
            "random_processor": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if self._place.device != "cpu" else [],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state of the same model, plan and seed."""
        with torch.no_grad():
            for name, value in self._learned():
                value.copy_(state["learned"][name])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._random.set_state(state["random"])
        torch.set_rng_state(state["random_processor"])
        if state["random_cuda"]:
            torch.cuda.set_rng_state_all(state["random_cuda"])
        self.step = state["step"]

    def _learned(self) -> Iterable[tuple[str, torch.Tensor]]:
        yield from ((name, weight) for name, weight in self.model.named_parameters() if weight.requires_grad)
        yield from self.model.named_buffers()


def require_finite(step: int, loss: float) -> None:
    """Raises Diverged for a loss that is no number."""
    if loss != loss or loss in (float("inf"), float("-inf")):
        raise Diverged(f"The loss was {loss} at step {step}: a lower learning rate may help.")


def _on(device: str, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    if device == "cpu":
        return batch
    return {name: value.to(device, non_blocking=True) for name, value in batch.items()}
