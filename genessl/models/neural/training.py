"""NeuralView, the base of the neural views: the training loop, the choice of epochs on validation genes, storage."""

from __future__ import annotations

import copy
import logging
from abc import abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor, nn

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.features.muting import Muting
from genessl.models.base import Arrays, check_count, check_range
from genessl.models.inputs import Fitted, Preparation
from genessl.models.neural.attribution import PathReasons, feature_reasons, integrated_gradients
from genessl.models.neural.dummy_head import with_dummy_head
from genessl.models.neural.inputs import NeuralT, with_offset
from genessl.models.neural.label_path import TrainedPath
from genessl.models.neural.layers import continued_generator, draw_from
from genessl.models.neural.objective import MakeObjective, Objective
from genessl.models.neural.threads import seeded, suitable_threads
from genessl.models.reasons import BASE, Reason, log_odds
from genessl.models.resources import Resources
from genessl.models.supervision import Supervision
from genessl.models.view import View, split_validation

_log = logging.getLogger(__name__)
_LEAST_VALIDATION_GENES = 10
_LEAST_STEPS = 5
_GENES_AT_ONCE = 512
_LEAST_FREQUENCY = 1e-5  # for a term that no labelled gene has and some genes are taught to have


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedModule(Fitted):
    """A trained module.

    Parameters
    ----------
    module : nn.Module
    columns : ndarray of int, shape (n_columns,)
        The columns of the terms that the module's outputs predict.
    shape : dict of str to int
        The sizes that `NeuralView._module` takes.
    path : TrainedPath, optional
        What reads the labels of neighbours, for all terms of the dataset; None for a view without a label path.
    """

    module: nn.Module
    columns: NDArray[np.intp]
    shape: dict[str, int]
    path: TrainedPath | None = None


class NeuralView(View[NeuralT, FittedModule]):
    """Base of the views that train a torch module by masked binary cross-entropy.

    A first module is trained without the validation genes, whose loss chooses the number of epochs. A fresh module is
    then trained on all labelled genes for as many epochs. If fewer than ten validation genes are labelled, or no other
    genes are, half of `max_epochs` is used.

    A subclass writes `_read`, which returns the inputs of a dataset, `_shape` and `_module`, which maps inputs to
    logits: its layer `output` reads what its `embed(inputs, rows)` returns. Its parameters include `hidden`, `dropout`,
    `learning_rate`, `weight_decay`, `batch_size`, `max_epochs`, `patience`, `min_genes`, `device` and `seed`. A term
    that fewer than `min_genes` genes have, by experiment or taught, is not learned by the module. Its score is that of
    the label path; a view without one scores it 0. Where no term has as many genes, a module beside a label path learns
    the commonest terms.

    Attributes
    ----------
    fitted_ : FittedModule
    """

    trains_in_epochs = True
    draws_apart = False  # whether the parts of the module that draw random numbers are all of the kind `Drawing`
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

    @property
    def side_by_side(self) -> bool:
        """On CPUs several fits may run at once, each in one thread, if their modules draw their own numbers."""
        return self.draws_apart and self._device().type == "cpu"

    @property
    def n_epochs_(self) -> int:
        """The number of epochs that the validation genes chose."""
        assert self.fitted_.n_epochs is not None
        return self.fitted_.n_epochs

    @abstractmethod
    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        """Return a fresh module; its forward(inputs, rows) gives logits, shape (n_rows, n_outputs)."""

    @abstractmethod
    def _shape(self, inputs: NeuralT) -> dict[str, int]:
        """Return the sizes that `_module` needs."""

    def _led(self, inputs: NeuralT, offset: Tensor, columns: NDArray[np.intp]) -> NeuralT:
        """Return the inputs with what a label path adds to the logits of all terms, for the columns of a module."""
        return replace(inputs, offset=offset[:, torch.from_numpy(columns).to(offset.device)])

    def prepare(
        self, dataset: GeneDataset, muting: Muting | None = None, *, like: Preparation | None = None
    ) -> NeuralT:
        """Read a dataset and move it to the device; see `View.prepare`."""
        return super().prepare(dataset, muting, like=like).to(self._device())

    def teachable(self, inputs: NeuralT) -> NDArray[np.bool_]:
        """Return all genes; the taught labels of suspects train a dummy head."""
        return np.ones(inputs.n_genes, dtype=bool)

    def learn(
        self,
        inputs: NeuralT,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: MakeObjective[NeuralT] | None = None,
    ) -> FittedModule:
        """Train a fresh module.

        Parameters
        ----------
        inputs : NeuralInputs
            As `prepare` returned them.
        supervision : Supervision
            The labels to learn from.
        validation : Supervision, optional
            Held-out labels whose loss chooses the number of epochs; the module of the best epoch is returned.
        n_epochs : int, optional
            Epochs to train where there is no validation; by default half of `max_epochs`.
        objective : callable, optional
            Returns the `Objective` to minimise; by default the loss of the labelled genes.
        """
        columns = self._learned_columns(supervision, reads_labels=bool(inputs.relations))
        held_out = None if validation is None else self._enough(validation)
        chosen, shape = supervision.select(columns), self._shape(inputs)
        path = None
        if inputs.relations:
            path = TrainedPath.learn(inputs.relations, supervision, seed=self.seed)
            inputs = self._led(inputs, path.offset(inputs.relations, inputs.genes), columns)
        if n_epochs is None:
            n_epochs = max(1, self.max_epochs // 2)
        epochs = self.max_epochs if held_out is not None else n_epochs
        with ExitStack() as stack:
            stack.enter_context(seeded(self.seed))
            module = self._module(shape, len(columns))
            _start_at_frequency(module, chosen.frequency)
            module.to(self._device())
            goal = with_dummy_head(objective or Objective, chosen)(module, inputs, chosen)
            if objective is None and self.draws_apart:  # then only the module draws random numbers from here on
                draw_from(module, continued_generator(self._device()))
                stack.close()
            validation = None if held_out is None else held_out.select(columns)
            with suitable_threads(self._largest_product(module, inputs, chosen)):
                best = self._loop(goal, validation, epochs)
        _log.info("%s: %d epochs, %d terms", type(self).__name__, best, len(columns))
        return FittedModule(
            preparation=inputs.preparation,
            n_epochs=best,
            module=goal.result().eval(),
            columns=columns,
            shape=shape,
            path=path,
        )

    def _learned_columns(self, supervision: Supervision, *, reads_labels: bool) -> NDArray[np.intp]:
        """Return the terms that enough genes have; beside a label path that reads all, at least the commonest terms."""
        n_genes = supervision.n_positive + supervision.n_taught
        fewest = min(self.min_genes, max(1, n_genes.max(initial=0))) if reads_labels else self.min_genes
        columns = np.flatnonzero(n_genes >= fewest)
        if not len(columns):
            raise InputError(
                f"min_genes: no term has {fewest} genes with an experimental annotation; give a smaller number"
            )
        return columns

    def _largest_product(self, module: nn.Module, inputs: NeuralT, supervision: Supervision) -> int:
        """Return the number of multiplications of the largest product of a step."""
        n_genes = len(supervision.informative)
        n_rows = -(-n_genes // max(1, self.n_batches(n_genes))) if inputs.by_gene else inputs.n_genes
        return int(n_rows) * max(weight.numel() for weight in module.parameters() if weight.dim() > 1)

    def _enough(self, validation: Supervision) -> Supervision | None:
        if len(validation.informative) >= _LEAST_VALIDATION_GENES:
            return validation
        _log.warning("too few labelled validation genes, or no other labelled genes, to choose the number of epochs")
        return None

    def _loop(self, objective: Objective, validation: Supervision | None, n_epochs: int) -> int:
        """Train the module, give it the weights of the best epoch, and return that epoch."""
        optimiser = torch.optim.AdamW(
            objective.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        genes, random = objective.supervision.informative, np.random.default_rng(self.seed)
        best_loss, best_epoch, best_state = np.inf, n_epochs, None
        for epoch in range(1, n_epochs + 1):
            objective.module.train()
            order = torch.from_numpy(random.permutation(genes)).to(self._device())  # the one copy of an epoch
            for rows in torch.tensor_split(order, self.n_batches(len(genes))):
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

    def n_batches(self, n_rows: int) -> int:
        """Return the number of steps of an epoch, at least five if there are as many rows: one step learns little."""
        return 1 if self.batch_size is None else min(n_rows, max(_LEAST_STEPS, -(-n_rows // self.batch_size)))

    def score(self, fitted: FittedModule, inputs: NeuralT) -> NDArray[np.float32]:
        """Return the probabilities for every gene and term; 0 for terms that neither module nor label path knows."""
        if fitted.path is None:
            scores = torch.zeros((inputs.n_genes, inputs.n_terms), device=self._device())
        else:
            scores = fitted.path.offset(inputs.relations, inputs.genes)
            inputs = self._led(inputs, scores, fitted.columns)
            fitted.path.score(scores)
        fitted.module.eval()
        columns = torch.from_numpy(fitted.columns).to(scores.device)
        with torch.no_grad():
            rows = torch.arange(inputs.n_genes, device=self._device())
            embedded = fitted.module.embed(inputs, rows)  # type: ignore[operator]
            for block in torch.split(rows, _GENES_AT_ONCE):
                logits = with_offset(fitted.module.output(embedded[block]), inputs, block)  # type: ignore[operator]
                scores[block[:, None], columns] = torch.sigmoid(logits)
        return np.asarray(scores.cpu().numpy())

    def reasons(
        self, fitted: FittedModule, inputs: NeuralT, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return what neighbours' labels and the gene's own features add to the log-odds; see `View.reasons`."""
        told = None
        if fitted.path is not None:
            told = PathReasons(fitted.path, inputs.relations, inputs.relation_names, inputs.genes)
        output_of = {column: output for output, column in enumerate(fitted.columns.tolist())}
        found = []
        for row, column in zip(rows.tolist(), columns.tolist()):
            reasons = [] if told is None else told.explain(row, column)
            if column in output_of:
                start, parts = self._feature_reasons(fitted.module, inputs, row, output_of[column])
                reasons += parts
            elif told is not None:
                start = told.prior(column)
            else:
                start = log_odds(0.0)
            start += 0.0 if told is None else told.bias(column)
            found.append(
                [Reason(BASE, type(self).__name__, "a gene without evidence", float(expit(start)), start), *reasons]
            )
        return found

    def _feature_reasons(self, module: nn.Module, inputs: NeuralT, row: int, output: int) -> tuple[float, list[Reason]]:
        """Return the module's logit of a term without any feature of the gene, and what each feature adds."""
        known = replace(inputs, offset=None)

        def logit(values: Tensor) -> Tensor:
            own = torch.arange(len(values), device=values.device)
            embedded = module.embed(replace(known, features=values), own)  # type: ignore[operator,call-arg]
            return module.output(embedded)[:, output]  # type: ignore[operator,no-any-return]

        values = inputs.features[row]  # type: ignore[attr-defined]
        start, parts = integrated_gradients(logit, values)
        return start, feature_reasons(inputs.blocks, values.cpu().numpy(), parts)

    def fresh_module(self, inputs: NeuralT, n_outputs: int) -> nn.Module:
        """Return an untrained module for some inputs."""
        return self._module(self._shape(inputs), n_outputs)

    def choose_epochs(
        self, inputs: NeuralT, supervision: Supervision, *, objective: MakeObjective[NeuralT] | None = None
    ) -> FittedModule:
        """Train without the validation genes while their loss falls; half of `max_epochs` if they are too few."""
        practice, held_out = split_validation(supervision)
        return self.learn(inputs, practice, validation=held_out, objective=objective)

    def _fit_muted(self, dataset: GeneDataset, muting: Muting | None) -> None:
        inputs, supervision = self.prepare(dataset, muting), Supervision.of(dataset, muting)
        n_epochs = self.choose_epochs(inputs, supervision).n_epochs
        self.fitted_ = self.learn(inputs, supervision, n_epochs=n_epochs)

    def _state(self) -> Arrays:
        weights = {f"module.{k}": v.detach().cpu().numpy() for k, v in self.fitted_.module.state_dict().items()}
        path = {} if self.fitted_.path is None else self.fitted_.path.pack()
        return {**super()._state(), "columns": self.fitted_.columns.astype(np.int64), **weights, **path}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "shape": self.fitted_.shape, "label_path": self.fitted_.path is not None}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        columns = arrays["columns"].astype(np.intp)
        preparation = Preparation.unpack(arrays, facts["preparation"])
        module = self._module(facts["shape"], len(columns))
        weights = {k.removeprefix("module."): v for k, v in arrays.items() if k.startswith("module.")}
        module.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
        self.fitted_ = FittedModule(
            preparation=preparation,
            n_epochs=int(facts["n_epochs"]),
            module=module.to(self._device()).eval(),
            columns=columns,
            shape=facts["shape"],
            path=TrainedPath.unpack(arrays, facts["preparation"]["genes"], self._device())
            if facts["label_path"]
            else None,
        )

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


# A view that takes a strategy's objective. Which of the `ModuleInputs` it reads is known to the view alone.
ModuleView = NeuralView[Any]


def _start_at_frequency(module: nn.Module, frequency: NDArray[np.float32]) -> None:
    frequency = np.maximum(frequency, _LEAST_FREQUENCY)
    bias = np.log(frequency / (1.0 - frequency))
    with torch.no_grad():
        module.output.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr, operator]
