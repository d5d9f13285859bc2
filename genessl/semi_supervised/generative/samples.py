"""Synthetic genes for training: the choice of their terms, their distance to held-out genes, and their loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.metrics import pairwise_distances_argmin_min
from torch import Tensor, nn
from torch.nn.functional import softplus

from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.objective import Objective, Rows
from genessl.models.supervision import Supervision


@dataclass(frozen=True, eq=False)
class Samples:
    """Synthetic genes.

    Parameters
    ----------
    features : ndarray of float32, shape (n, n_features)
    labels : csr_array of bool, shape (n, n_terms)
        Closed upwards.
    labelled : ndarray of bool, shape (n, n_aspects)
        True where a gene is labelled in an aspect, so that a term missing from `labels` counts as absent.
    """

    features: NDArray[np.float32]
    labels: csr_array
    labelled: NDArray[np.bool_]

    def take(self, kept: NDArray[np.bool_]) -> Samples:
        """Return the genes where `kept`, shape (n,), is True."""
        return Samples(self.features[kept], csr_array(self.labels[kept]), self.labelled[kept])

    def select(self, columns: NDArray[np.intp]) -> Samples:
        """Return the genes with the labels of some terms only."""
        return replace(self, labels=csr_array(self.labels[:, columns]))

    @classmethod
    def none(cls, n_features: int, n_terms: int, n_aspects: int) -> Self:
        """Return an empty set of genes."""
        features = np.empty((0, n_features), dtype=np.float32)
        return cls(features, csr_array((0, n_terms), dtype=bool), np.empty((0, n_aspects), dtype=bool))


class SampleObjective(Objective):
    """The labels' cross-entropy, plus the cross-entropy of as many synthetic genes, drawn anew in each step.

    Parameters
    ----------
    module, inputs, supervision
        As for `Objective`.
    samples : Samples
        Synthetic genes with labels in the module's columns.
    weight : float
    seed : int
        Seed of the choice of samples.
    """

    inputs: ModuleInputs

    def __init__(
        self,
        module: nn.Module,
        inputs: ModuleInputs,
        supervision: Supervision,
        samples: Samples,
        *,
        weight: float,
        seed: int,
    ) -> None:
        super().__init__(module, inputs, supervision)
        self.samples, self.weight = samples, weight
        self.features = torch.from_numpy(samples.features).to(inputs.features.device)
        self.random = np.random.default_rng(seed)

    def loss(self, rows: Rows) -> Tensor:
        """Return the loss of a step; without samples or weight no random number is drawn."""
        supervised = super().loss(rows)
        n = len(self.samples.features)
        if not n or not self.weight:
            return supervised
        return supervised + self.weight * self.sample_loss(self.random.choice(n, min(n, len(rows)), replace=False))

    def sample_loss(self, rows: NDArray[np.intp]) -> Tensor:
        """Return the mean cross-entropy of some samples over the terms of the aspects in which they are labelled."""
        labels = self.samples.labels[rows].toarray().astype(np.float32)
        known = self.samples.labelled[rows][:, self.supervision.aspect_of_term].astype(np.float32)
        targets, weights = (torch.from_numpy(array).to(self.features.device) for array in (labels, known))
        drawn = replace(self.inputs, features=self.features, offset=None)
        logits = self.module(drawn, torch.from_numpy(rows).to(self.features.device))
        mean: Tensor = ((softplus(logits) - logits * targets) * weights).sum() / weights.sum().clamp(min=1.0)
        return mean


def rare_terms(training: Supervision, fewest: int, most: int) -> NDArray[np.intp]:
    """Return the columns of the terms that `fewest` to `most` labelled genes have."""
    return np.flatnonzero((training.n_positive >= fewest) & (training.n_positive <= most))


def draw_genes(labels: csr_array, terms: NDArray[np.intp], per_term: int, seed: int) -> NDArray[np.intp]:
    """Draw `per_term` genes of each term, with replacement; return row numbers, shape (len(terms) * per_term,)."""
    random, by_term = np.random.default_rng(seed), labels.tocsc()
    members = [by_term.indices[by_term.indptr[term] : by_term.indptr[term + 1]] for term in terms.tolist()]
    drawn = [random.choice(np.sort(genes), per_term) for genes in members]
    return np.concatenate([np.empty(0, dtype=np.intp), *drawn]).astype(np.intp)


def far_from(
    samples: NDArray[np.float32],
    training: NDArray[np.float32],
    apart: NDArray[np.float32],
    held_out: NDArray[np.float32],
    closeness: float,
) -> NDArray[np.bool_]:
    """Return whether a sample lies no nearer to a held-out gene than training genes lie to genes of other families.

    A nearer sample may be a copy of a held-out gene. The genes `apart` are the m held-out genes that share no family
    with training genes. The threshold is the distance to the nearest held-out gene below which a share of `closeness`
    of the training genes would lie if all n held-out genes were like these. If a single gene lies within a distance
    with the probability F, the nearest of n genes does so with the probability 1 - (1 - F)^n. The threshold is
    therefore the quantile 1 - (1 - closeness)^(m / n) of the distances to the nearest gene apart. Held-out genes that
    resemble training genes, such as paralogs or synthetic genes, do not lower the threshold.

    Parameters
    ----------
    samples, training, apart, held_out : ndarray of float32, shape (n, n_features)
        `apart` holds the labelled validation genes. If there are none, all held-out genes are used in their place.
    closeness : float
        In [0, 1]; the share of training genes that may lie as near to a held-out gene.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
    """
    if not len(held_out) or not len(samples):
        return np.ones(len(samples), dtype=bool)
    apart = apart if len(apart) else held_out
    share = 1.0 - (1.0 - closeness) ** (len(apart) / len(held_out))
    threshold = np.quantile(pairwise_distances_argmin_min(training, apart)[1], share)
    return np.asarray(pairwise_distances_argmin_min(samples, held_out)[1] >= threshold)
