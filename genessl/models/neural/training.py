"""What the neural predictors share: one training loop, choice of epochs on validation genes, storage."""

from __future__ import annotations

import copy
import logging
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from genessl.data.dataset import VALIDATION, GeneDataset
from genessl.errors import InputError
from genessl.models.base import Arrays, GenePredictor, check_count, check_range
from genessl.models.neural.dummy_head import with_dummy_head
from genessl.models.neural.electronic_trust import ElectronicTrust, usable_sources
from genessl.models.neural.objective import MakeObjective, Objective
from genessl.models.resources import Resources
from genessl.models.supervision import Supervision

_log = logging.getLogger(__name__)
_LEAST_VALIDATION_GENES = 10
_LEAST_STEPS = 5
_LEAST_FREQUENCY = 1e-5  # of a term that genes have only been taught to have


@dataclass(frozen=True)
class FittedNetwork:
    """A trained module with the columns that its outputs stand for, and the epochs it took.

    `shown` holds the labels that the module reads as input, in these columns, or None where it reads none.
    """

    module: nn.Module
    columns: NDArray[np.intp]
    n_epochs: int
    shown: Supervision | None = None


class NeuralPredictor(GenePredictor):
    """Base of the predictors that train a torch module by masked binary cross-entropy.

    First a module is trained without the validation genes, whose loss tells how many epochs to train; then a fresh one
    is trained so long on all labelled genes. With fewer than ten labelled validation genes, or no others, half of
    `max_epochs` is used.

    A subclass writes `_inputs` (arrays of a dataset) and `_module` (what maps them to logits), and names its parameters
    `hidden`, `dropout`, `learning_rate`, `weight_decay`, `batch_size`, `max_epochs`, `patience`, `min_genes`, `device`
    and `seed`. Terms that fewer than `min_genes` genes have, by experiment or taught, are not learned and score 0.

    Attributes
    ----------
    n_epochs_ : int
        Epochs chosen on the validation genes.
    fitted_ : FittedNetwork
    """

    hidden: int
    dropout: float
    learning_rate: float
    weight_decay: float
    batch_size: int | None
    max_epochs: int
    patience: int
    min_genes: int
    device: str
    seed: int
    soft_weight: float = 0.0

    @abstractmethod
    def _inputs(self, dataset: GeneDataset) -> dict[str, Any]:
        """Return what the module reads: float tensors, or lists of sparse ones, on the CPU; names stay arrays."""

    @abstractmethod
    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        """Return a fresh module; its forward(inputs, rows) gives logits, shape (n_rows, n_outputs)."""

    @abstractmethod
    def _shape(self, inputs: dict[str, Any]) -> dict[str, int]:
        """Return the sizes that `_module` needs."""

    def _n_genes(self, inputs: dict[str, Any]) -> int:
        """Return for how many genes the inputs are."""
        return int(next(value for value in inputs.values() if isinstance(value, Tensor)).shape[0])

    def _with_labels(self, inputs: dict[str, Any], supervision: Supervision) -> dict[str, Any]:
        """Return the inputs with the labels that the module may read; here it reads none."""
        return inputs

    def _logits(self, fitted: FittedNetwork, inputs: dict[str, Any]) -> Tensor:
        """Return the module's output for every gene, shape (n_genes, n_columns)."""
        logits: Tensor = fitted.module(inputs, torch.arange(self._n_genes(inputs), device=self._device()))
        return logits

    def prepare(self, dataset: GeneDataset) -> dict[str, Any]:
        """Compute the inputs of a dataset and move them to the device."""
        inputs = _to_device(self._inputs(dataset), self._device())
        return {**inputs, "evidence": usable_sources(dataset)} if self.soft_weight else inputs

    def train(
        self,
        inputs: dict[str, Any],
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: MakeObjective = Objective,
    ) -> FittedNetwork:
        """Train a fresh module.

        Parameters
        ----------
        inputs : dict
            As `prepare` returns them.
        supervision : Supervision
            What to learn from.
        validation : Supervision, optional
            Genes whose loss chooses the epochs; the module of the best epoch is returned.
        n_epochs : int, optional
            Epochs to train where there is no validation.
        objective : callable, optional
            Makes what is minimised: a subclass of `Objective`, by default the loss of the labelled genes.
        """
        if self.soft_weight:
            supervision = _softened(supervision, inputs["evidence"], self.soft_weight)
        columns = np.flatnonzero(supervision.n_positive + supervision.n_taught >= self.min_genes)
        if not len(columns):
            raise InputError(
                f"min_genes: no term has {self.min_genes} genes with an experimental annotation; give a smaller number"
            )
        chosen = supervision.select(columns)
        inputs = self._with_labels(inputs, chosen)
        held_out = None if validation is None else validation.select(columns)
        with _seeded(self.seed):
            module = self._module(self._shape(inputs), len(columns))
            _start_at_frequency(module, chosen.frequency())
            module.to(self._device())
            epochs = n_epochs if n_epochs is not None else self.max_epochs
            goal = with_dummy_head(objective, chosen)(module, inputs, chosen)
            best = self._loop(goal, held_out, epochs)
        _log.info("%s: %d epochs, %d terms", type(self).__name__, best, len(columns))
        return FittedNetwork(goal.result().eval(), columns, best)

    def _loop(self, objective: Objective, validation: Supervision | None, n_epochs: int) -> int:
        """Train, and return the best epoch, whose weights the resulting module then has."""
        optimiser = torch.optim.AdamW(objective.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        genes = objective.supervision.informative()
        order = np.random.default_rng(self.seed)
        best_loss, best_epoch, best_state = np.inf, n_epochs, None
        for epoch in range(1, n_epochs + 1):
            objective.module.train()
            for rows in np.array_split(order.permutation(genes), self._n_batches(len(genes))):
                optimiser.zero_grad()
                objective.loss(rows).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                objective.after_step()
            if epoch % 10 == 0:
                _log.info("%s: epoch %d of at most %d", type(self).__name__, epoch, n_epochs)
            if validation is None:
                continue
            result = objective.result().eval()
            with torch.no_grad():
                loss = float(objective.validation_loss(validation))
            if loss < best_loss:
                best_loss, best_epoch, best_state = loss, epoch, copy.deepcopy(result.state_dict())
            elif epoch - best_epoch >= self.patience:
                break
        if best_state is not None:
            objective.result().load_state_dict(best_state)
        return best_epoch

    def _n_batches(self, n_rows: int) -> int:
        """Return the steps of an epoch; few genes are split all the same, for one step an epoch hardly learns."""
        return 1 if self.batch_size is None else min(n_rows, max(_LEAST_STEPS, -(-n_rows // self.batch_size)))

    def score(self, fitted: FittedNetwork, inputs: dict[str, Any], n_terms: int) -> NDArray[np.float32]:
        """Return the module's probabilities for every gene and term; 0 for terms it was not trained on."""
        scores = np.zeros((self._n_genes(inputs), n_terms), dtype=np.float32)
        fitted.module.eval()
        with torch.no_grad():
            scores[:, fitted.columns] = torch.sigmoid(self._logits(fitted, inputs)).cpu().numpy()
        return scores

    def choose_epochs(
        self,
        inputs: dict[str, Any],
        dataset: GeneDataset,
        supervision: Supervision,
        *,
        objective: MakeObjective = Objective,
    ) -> FittedNetwork:
        """Train without the validation genes, as long as their loss falls; half of `max_epochs` if they are too few."""
        held_out = dataset.split == VALIDATION
        training, validation = supervision.only(~held_out), supervision.only(held_out)
        if len(validation.informative()) < _LEAST_VALIDATION_GENES or not training.positive.nnz:
            _log.warning("too few labelled genes, validation genes or others; epochs are not chosen")
            training = training if training.positive.nnz else supervision
            return self.train(inputs, training, n_epochs=max(1, self.max_epochs // 2), objective=objective)
        return self.train(inputs, training, validation=validation, objective=objective)

    def _fit(self, dataset: GeneDataset) -> None:
        inputs = self.prepare(dataset)
        supervision = Supervision.of(dataset)
        self.n_epochs_ = self.choose_epochs(inputs, dataset, supervision).n_epochs
        self._take(self.train(inputs, supervision, n_epochs=self.n_epochs_), inputs)

    def _take(self, fitted: FittedNetwork, inputs: dict[str, Any]) -> None:
        self.fitted_, self.shape_, self.n_epochs_ = fitted, self._shape(inputs), fitted.n_epochs

    def checked_inputs(self, dataset: GeneDataset) -> dict[str, Any]:
        """Return the inputs of a dataset, or raise InputError where they are not of the fitted kind."""
        inputs = self.prepare(dataset)
        if self._shape(inputs) != self.shape_:
            raise InputError(
                f"found a dataset with {self._shape(inputs)}, expected {self.shape_} as fitted;"
                " build both datasets with the same features and networks"
            )
        return inputs

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return self.score(self.fitted_, self.checked_inputs(dataset), dataset.n_terms)

    def _state(self) -> Arrays:
        weights = {f"module.{k}": v.detach().cpu().numpy() for k, v in self.fitted_.module.state_dict().items()}
        return {"columns": self.fitted_.columns.astype(np.int64), **weights}

    def _facts(self) -> dict[str, Any]:
        return {"shape": self.shape_, "n_epochs": self.n_epochs_}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        columns = arrays["columns"].astype(np.intp)
        module = self._module(facts["shape"], len(columns))
        weights = {k.removeprefix("module."): v for k, v in arrays.items() if k.startswith("module.")}
        module.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
        self.shape_, self.n_epochs_ = facts["shape"], int(facts["n_epochs"])
        self.fitted_ = FittedNetwork(module.to(self._device()).eval(), columns, self.n_epochs_)

    def resources(self, n_genes: int, n_terms: int) -> Resources:
        """Return what a fit needs: two threads, and a GPU unless the device is the CPU."""
        return Resources.of_tables(12, n_genes, n_terms, base_mb=2000, threads=2, gpu=self.device != "cpu")

    def _check_parameters(self) -> None:
        for name in ("hidden", "max_epochs", "patience", "min_genes"):
            check_count(name, getattr(self, name))
        check_count("seed", self.seed, 0)
        check_range("dropout", self.dropout, 0.0, 0.99)
        check_range("learning_rate", self.learning_rate, 0.0, low_included=False)
        check_range("weight_decay", self.weight_decay, 0.0)
        check_range("soft_weight", self.soft_weight, 0.0, 1.0)
        if self.batch_size is not None:
            check_count("batch_size", self.batch_size)
        self._device()

    def _device(self) -> torch.device:
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError("device: found 'cuda' on a machine without a usable GPU, expected 'auto' or 'cpu' here")
        if self.device not in ("cpu", "cuda"):
            raise InputError(f"device: found {self.device!r}, expected 'auto', 'cpu' or 'cuda'")
        return torch.device(self.device)


def _softened(supervision: Supervision, sources: Mapping[str, csr_array], weight: float) -> Supervision:
    """Add electronic annotations as soft targets, trusted as far as the labels to learn from bear them out."""
    trust = ElectronicTrust()
    trust.measure(sources, supervision)
    return supervision.soften(trust.trusted(sources, supervision.positive.shape), trust.omission_, weight)


def _start_at_frequency(module: nn.Module, frequency: NDArray[np.float32]) -> None:
    frequency = np.maximum(frequency, _LEAST_FREQUENCY)
    bias = np.log(frequency / (1.0 - frequency))
    with torch.no_grad():
        module.output.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr, operator]


def _to_device(inputs: dict[str, Any], device: torch.device) -> dict[str, Any]:
    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [part.to(device) for part in value]
        return value.to(device) if isinstance(value, Tensor) else value

    return {name: moved(value) for name, value in inputs.items()}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Run torch with a seed of its own, leaving the caller's random state as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
