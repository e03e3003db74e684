"""Fits the upper layers of the bundled encoder, and a head on them, to find answers in passages.

The reader gives every token of the passage, and the first token for 'not here', a score as the start and as the end of
the answer; both are trained by cross-entropy (Devlin et al. 2019, arXiv:1810.04805, section 4.3, SQuAD 2.0). The
embeddings and the lower layers stay as they are: they know the language already, and what is not changed need not be
shipped.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import BertModel

from rag.errors import InputError
from rag.reader.pairs import Pair, PairEncoder
from rag.reader.training.examples import Example
from rag.reader.weights import Tensors


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the outcome, beside the data."""

    seed: int = 7
    epochs: int = 4
    batch: int = 16
    trained_layers: int = 8
    rate: float = 8e-5
    """Highest learning rate of the encoder's layers."""
    head_rate: float = 1e-3
    warm_up: float = 0.1
    """Share of the steps over which the rates rise; from then on they fall to nothing."""
    weight_decay: float = 0.01


@dataclass(frozen=True, slots=True)
class Drawn:
    """An example as the encoder reads it."""

    pair: Pair
    start: int
    """Token that the answer starts with; 0 where there is none."""
    end: int


class ReaderModel(torch.nn.Module):
    """The encoder with two scores for each token."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = torch.nn.Linear(encoder.config.hidden_size, 2)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Scores of shape (texts, tokens, 2) of int64 ids of shape (texts, tokens)."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        scores: torch.Tensor = self.head(hidden)
        return scores


def load_reader(folder: Path, settings: Settings) -> ReaderModel:
    """The untrained reader on the encoder in a folder; all but the upper layers and the head are frozen."""
    torch.manual_seed(settings.seed)  # the head begins with chance values
    # Dropping attention weights would double the time of a step on a CPU, which has no quick kernel for it.
    encoder = BertModel.from_pretrained(
        folder, add_pooling_layer=False, attn_implementation="sdpa", attention_probs_dropout_prob=0.0
    )
    for parameter in encoder.parameters():
        parameter.requires_grad = False
    for layer in encoder.encoder.layer[-settings.trained_layers :]:
        for parameter in layer.parameters():
            parameter.requires_grad = True
    return ReaderModel(encoder)


def drawn(example: Example, pairs: PairEncoder) -> Drawn | None:
    """The example in tokens; None where its answer was cut off with the end of the passage."""
    pair = pairs.encode(example.question, example.heading, example.text)
    if example.answer is None:
        return Drawn(pair, 0, 0)
    start, end = example.answer
    covered = [at for at, (left, right) in enumerate(pair.ranges) if left < end and right > start]
    return Drawn(pair, pair.first + covered[0], pair.first + covered[-1]) if covered else None


def batches(examples: Sequence[Drawn], size: int, generator: random.Random) -> list[list[Drawn]]:
    """Batches of like length in random order: little is padded."""
    ordered = sorted(examples, key=lambda example: len(example.pair.ids) + generator.random() * 16)
    cut = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    generator.shuffle(cut)
    return cut


def tensors(batch: Sequence[Drawn]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, attention mask and the mask of tokens that may start or end an answer, each of shape (texts, tokens)."""
    longest = max(len(example.pair.ids) for example in batch)
    ids = torch.ones((len(batch), longest), dtype=torch.long)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    allowed = torch.zeros((len(batch), longest), dtype=torch.bool)
    for row, example in enumerate(batch):
        length = len(example.pair.ids)
        ids[row, :length] = torch.tensor(example.pair.ids)
        mask[row, :length] = 1
        allowed[row, 0] = True
        for at, (left, right) in enumerate(example.pair.ranges):
            allowed[row, example.pair.first + at] = right > left
    return ids, mask, allowed


def scores_of(reader: ReaderModel, batch: Sequence[Drawn]) -> torch.Tensor:
    """Scores of shape (texts, tokens, 2); minus infinity where no answer can start or end."""
    ids, mask, allowed = tensors(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = reader(ids, mask)
    possible: torch.Tensor = scores.float().masked_fill(~allowed[..., None], float("-inf"))
    return possible


class Fitting:
    """One training, epoch by epoch; it can be put away between two and taken up again.

    Args:
        reader: trained in place.
        draw: the examples of an epoch.
        settings: what decides the outcome.
    """

    def __init__(
        self, reader: ReaderModel, draw: Callable[[random.Random], Sequence[Drawn]], settings: Settings
    ) -> None:
        torch.manual_seed(settings.seed)
        generator = random.Random(settings.seed)  # noqa: S311  # reproducible, and nothing is secret
        self.reader, self._settings = reader, settings
        # All are drawn beforehand, so that a training that is taken up goes on with the same ones.
        self._epochs = [batches(draw(generator), settings.batch, generator) for _ in range(settings.epochs)]
        self._total = sum(len(cut) for cut in self._epochs)
        self._trained = [parameter for parameter in reader.parameters() if parameter.requires_grad]
        layers = [parameter for parameter in reader.encoder.parameters() if parameter.requires_grad]
        self._optimizer = torch.optim.AdamW(
            [{"params": layers, "lr": settings.rate}, {"params": reader.head.parameters(), "lr": settings.head_rate}],
            weight_decay=settings.weight_decay,
            fused=True,
        )
        rising = max(1, int(self._total * settings.warm_up))
        falling = max(1, self._total - rising)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: min((step + 1) / rising, max(0.0, (self._total - step) / falling))
        )
        self.done = 0
        """Epochs that have ended."""

    def run_epoch(self, report: Callable[[int, int, float], None]) -> None:
        """Trains for one epoch.

        Args:
            report: told the steps done, their total over all epochs, and the loss, after every step.
        """
        self.reader.train()
        before = sum(len(cut) for cut in self._epochs[: self.done])
        for step, batch in enumerate(self._epochs[self.done], before + 1):
            report(step, self._total, self._step(batch))
        self.done += 1

    def _step(self, batch: Sequence[Drawn]) -> float:
        scores = scores_of(self.reader, batch)
        starts = torch.tensor([example.start for example in batch])
        ends = torch.tensor([example.end for example in batch])
        loss = (cross_entropy(scores[..., 0], starts) + cross_entropy(scores[..., 1], ends)) / 2
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._schedule.step()
        return float(loss)

    def save(self, path: Path) -> None:
        """Puts the training away."""
        state = {
            "settings": asdict(self._settings),
            "done": self.done,
            "reader": self.reader.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "random": torch.get_rng_state(),
        }
        partial = path.with_name(f"{path.name}.partial")
        torch.save(state, partial)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        """Takes up a training that was put away.

        Raises:
            InputError: it was one with other settings.
        """
        state = torch.load(path, weights_only=True)
        if state["settings"] != asdict(self._settings):
            raise InputError(
                f"{path} is of a training with other settings: {state['settings']}",
                hint="Give the same settings, or another --work folder.",
            )
        self.reader.load_state_dict(state["reader"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        self.done = state["done"]


def trained_tensors(reader: ReaderModel, trained_layers: int) -> Tensors:
    """What was trained, by the names of `BertModel`'s state, and the head."""
    layers = len(reader.encoder.encoder.layer)
    kept = {
        f"encoder.layer.{number}.{name}": tensor
        for number in range(layers - trained_layers, layers)
        for name, tensor in reader.encoder.encoder.layer[number].state_dict().items()
    }
    kept |= {f"head.{name}": tensor for name, tensor in reader.head.state_dict().items()}
    return {name: tensor.float().numpy() for name, tensor in kept.items()}
