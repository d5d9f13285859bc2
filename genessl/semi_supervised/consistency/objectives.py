"""The objectives of consistency regularisation; see `MeanTeacher` and `FixMatch` for the formulas."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim.swa_utils import AveragedModel

from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.layers import sparse_tensor
from genessl.models.neural.objective import Objective, Rows
from genessl.models.supervision import Supervision
from genessl.semi_supervised.consistency.perturbations import STRONG, WEAK, Perturber


@dataclass(frozen=True)
class Schedule:
    """The weight of consistency in the course of training, and the number of genes; `MeanTeacher` names the fields."""

    weight: float
    ramp_up: int
    ratio: int
    strength: float
    seed: int

    def weight_at(self, epochs: float) -> float:
        """Return weight exp(-5 (1 - epochs / ramp_up)^2), and `weight` from `ramp_up` epochs on."""
        missing = 0.0 if epochs >= self.ramp_up else 1.0 - epochs / self.ramp_up
        return self.weight * math.exp(-5.0 * missing**2)


class ConsistencyObjective(Objective, ABC):
    """The loss of the labels, plus an inconsistency under perturbation on genes drawn from a pool.

    The weight of the inconsistency grows in the course of training.
    """

    inputs: ModuleInputs

    def __init__(
        self, module: nn.Module, inputs: ModuleInputs, supervision: Supervision, *, schedule: Schedule
    ) -> None:
        super().__init__(module, inputs, supervision)
        self.schedule = schedule
        self.pool = supervision.drawable
        self.n_informative = len(supervision.informative)
        self.epochs = 0.0
        self.random = np.random.default_rng(schedule.seed)
        self.perturb = Perturber(inputs)
        self.strong = STRONG.scaled(schedule.strength)

    def loss(self, rows: Rows) -> Tensor:
        """Return the loss of the labels plus the weighted inconsistency."""
        return super().loss(rows) + self.pool_loss(len(rows))

    def pool_loss(self, n_labelled: int) -> Tensor:
        """Return the weighted inconsistency of `ratio` drawn genes per labelled gene."""
        if not len(self.pool):
            return super().pool_loss(n_labelled)
        weight = self.schedule.weight_at(self.epochs)
        self.epochs += n_labelled / self.n_informative
        n_drawn = min(len(self.pool), self.schedule.ratio * n_labelled)
        return weight * self.consistency(self.random.choice(self.pool, n_drawn, replace=False))

    @abstractmethod
    def consistency(self, genes: NDArray[np.intp]) -> Tensor:
        """Return the inconsistency: how much the module's outputs for some genes differ under perturbation."""

    def _weakly_perturbed(self, module: nn.Module, rows: Tensor) -> Tensor:
        """Return probabilities of weakly perturbed genes, without dropout or gradient, shape (n_rows, n_terms)."""
        training = module.training
        module.eval()
        with torch.no_grad():
            probability = torch.sigmoid(module(*self.perturb(rows, WEAK)))
        module.train(training)
        return probability

    def _strongly_perturbed(self, rows: Tensor) -> Tensor:
        """Return logits of strongly perturbed genes, shape (n_rows, n_terms)."""
        logits: Tensor = self.module(*self.perturb(rows, self.strong))
        return logits

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.inputs.features.device)


Difference = Callable[[Tensor, Tensor], Tensor]
_Weights = tuple[Tensor, ...] | list[Tensor]


class TeacherObjective(ConsistencyObjective):
    """The objective of `MeanTeacher`, which holds the teacher."""

    def __init__(
        self,
        module: nn.Module,
        inputs: ModuleInputs,
        supervision: Supervision,
        *,
        schedule: Schedule,
        decay: float,
        difference: Difference,
    ) -> None:
        super().__init__(module, inputs, supervision, schedule=schedule)
        self.difference = difference
        self.average = AveragedModel(module, multi_avg_fn=_warmed_up_average(decay))
        self.average.requires_grad_(False)
        self.average.update_parameters(module)  # the first update copies the student

    def consistency(self, genes: NDArray[np.intp]) -> Tensor:
        """Return the difference between student and teacher, mean over genes and terms."""
        rows = self._tensor(genes)
        target = self._weakly_perturbed(self.teacher, rows)
        return self.difference(self._strongly_perturbed(rows), target)

    def after_step(self) -> None:
        """Move the teacher towards the student."""
        self.average.update_parameters(self.module)

    @property
    def teacher(self) -> nn.Module:
        """The module whose weights are the average of the student's."""
        teacher: nn.Module = self.average.module
        return teacher

    def result(self) -> nn.Module:
        """Return the teacher."""
        return self.teacher


def _warmed_up_average(decay: float) -> Callable[[_Weights, _Weights, Tensor | int], None]:
    """Return the averaging function for `AveragedModel`: step t keeps min(decay, 1 - 1 / (t + 1)) of the average."""

    def average(averages: _Weights, weights: _Weights, n_averaged: Tensor | int) -> None:
        kept = min(decay, 1.0 - 1.0 / (int(n_averaged) + 1))
        torch._foreach_lerp_(list(averages), list(weights), 1.0 - kept)

    return average


def squared_difference(logits: Tensor, target: Tensor) -> Tensor:
    """Return the mean of (sigmoid(logits) - target)^2."""
    return (torch.sigmoid(logits) - target).square().mean()


def relative_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross-entropy of sigmoid(logits) under target, less that of target itself, in nats."""
    least = -torch.special.xlogy(target, target) - torch.special.xlogy(1.0 - target, 1.0 - target)
    mean: Tensor = (softplus(logits) - logits * target - least).mean()
    return mean


DIFFERENCES: dict[str, Difference] = {"squares": squared_difference, "cross_entropy": relative_entropy}


class MatchObjective(ConsistencyObjective):
    """The objective of `FixMatch`.

    Parameters
    ----------
    ancestors : csr_array of bool, shape (n_terms, n_terms)
        True at (term, ancestor), in the module's columns; a term counts as its own ancestor.
    """

    def __init__(
        self,
        module: nn.Module,
        inputs: ModuleInputs,
        supervision: Supervision,
        *,
        schedule: Schedule,
        ancestors: csr_array,
        quota: float,
        absent: float,
        decay: float,
    ) -> None:
        super().__init__(module, inputs, supervision, schedule=schedule)
        self.pool = self.pool[~supervision.labelled[self.pool].all(axis=1)]
        self.to_ancestors = self._sparse(csr_array(ancestors.T))
        self.to_descendants = self._sparse(ancestors)
        aspects, frequency = range(supervision.labelled.shape[1]), self._tensor(supervision.frequency)
        columns = [self._tensor(np.flatnonzero(supervision.aspect_of_term == aspect)) for aspect in aspects]
        self.thresholds = RunningThresholds(frequency, columns, quota=quota, absent=absent, decay=decay)

    def consistency(self, genes: NDArray[np.intp]) -> Tensor:
        """Return the cross-entropy of the pseudo-labels, divided by the number of pairs that could have one."""
        rows, free = self._tensor(genes), self._tensor(self._free(genes))
        probability = self._weakly_perturbed(self.module, rows)
        self.thresholds.follow(probability, self._tensor(~self.supervision.labelled[genes]))
        present, absent = (chosen & free for chosen in self.close(*self.thresholds.choose(probability)))
        logits = self._strongly_perturbed(rows)
        total = ((softplus(logits) - logits * present) * (present | absent)).sum()
        mean: Tensor = total / free.sum().clamp(min=1)
        return mean

    def close(self, present: Tensor, absent: Tensor) -> tuple[Tensor, Tensor]:
        """Close pseudo-labels over the ontology, presence upwards and absence downwards; presence takes precedence."""
        upwards = (self.to_ancestors @ present.T.float() > 0).T
        downwards = (self.to_descendants @ absent.T.float() > 0).T
        return upwards, downwards & ~upwards

    def _free(self, genes: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return whether no experiment decides about a gene and a term, bool, shape (n_rows, n_terms)."""
        free = ~self.supervision.labelled[genes][:, self.supervision.aspect_of_term]
        for known in (self.supervision.positive, self.supervision.negative):
            free &= ~known[genes].toarray()
        return free

    def _sparse(self, relation: csr_array) -> Tensor:
        return sparse_tensor(relation.astype(np.float32)).to(self.inputs.features.device)


class RunningThresholds:
    """For each term, the probability from which on it is present and that up to which it is absent; see `FixMatch`.

    Parameters
    ----------
    frequency : Tensor of float32, shape (n_terms,)
    columns : list of Tensor of int64
        The terms of each aspect.
    """

    def __init__(self, frequency: Tensor, columns: list[Tensor], *, quota: float, absent: float, decay: float) -> None:
        self.frequency = frequency
        self.columns = columns
        self.quantiles = torch.stack([1.0 - quota * frequency, torch.full_like(frequency, absent)])
        self.means = frequency.repeat(2, 1)  # of the upper and the lower quantile, shape (2, n_terms)
        self.decay = decay
        self.steps = [0] * len(columns)

    def follow(self, probability: Tensor, unlabelled: Tensor) -> None:
        """Update the thresholds by a batch.

        Parameters
        ----------
        probability : Tensor of float32, shape (n_rows, n_terms)
        unlabelled : Tensor of bool, shape (n_rows, n_aspects)
            True where a gene is unlabelled in an aspect.
        """
        for aspect, columns in enumerate(self.columns):
            block = probability[unlabelled[:, aspect]][:, columns]
            if not block.numel():
                continue
            self.steps[aspect] += 1
            kept = min(self.decay, 1.0 - 1.0 / self.steps[aspect])
            latest = column_quantiles(block, self.quantiles[:, columns])
            self.means[:, columns] = kept * self.means[:, columns] + (1.0 - kept) * latest

    def choose(self, probability: Tensor) -> tuple[Tensor, Tensor]:
        """Return which terms are taken as present and which as absent, each bool, shape (n_rows, n_terms)."""
        upper = torch.maximum(self.means[0], self.frequency)
        lower = torch.minimum(self.means[1], self.frequency)
        return probability >= upper, probability <= lower


def column_quantiles(values: Tensor, quantiles: Tensor) -> Tensor:
    """Return quantiles of each column, interpolated linearly between two values.

    Parameters
    ----------
    values : Tensor of float32, shape (n_rows, n_columns)
    quantiles : Tensor of float32, shape (n_quantiles, n_columns), in [0, 1]

    Returns
    -------
    Tensor of float32, shape (n_quantiles, n_columns)
    """
    ordered = values.sort(dim=0).values
    place = quantiles * (len(values) - 1)
    below = place.floor().long()
    above = (below + 1).clamp(max=len(values) - 1)
    return torch.lerp(ordered.gather(0, below), ordered.gather(0, above), place - below)
