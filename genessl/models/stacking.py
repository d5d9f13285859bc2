"""Stacking: pairs of gene and term described by what several predictors say, and a network that judges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import logit
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from genessl.data.ontology import Ontology
from genessl.models.base import Arrays

_SMALLEST = 1e-4
_FARTHEST = 5.0
_LEAST_SPREAD = 1e-6
_BEST = 10
_FEWEST_STEPS = 200


@dataclass(frozen=True)
class Pairs:
    """Candidate pairs of gene and term.

    Parameters
    ----------
    rows, columns : ndarray of int, shape (n_pairs,)
        Position among the genes asked for, and column of the term.
    features : ndarray of float32, shape (n_pairs, n_features)
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    features: NDArray[np.float32]


@dataclass(frozen=True)
class TermFacts:
    """What is known of the terms of one aspect.

    Parameters
    ----------
    columns : ndarray of int, shape (n_columns,)
    frequency : ndarray of float32, shape (n_columns,)
        Share of the labelled genes that have each term.
    accretion : ndarray of float32, shape (n_columns,), in bits
    parents : csr_array of float32, shape (n_columns, n_columns)
        1 / number of parents at (child, parent).
    """

    columns: NDArray[np.intp]
    frequency: NDArray[np.float32]
    accretion: NDArray[np.float32]
    parents: csr_array

    @classmethod
    def of(
        cls, columns: NDArray[np.intp], frequency: NDArray[np.float32], accretion: NDArray[np.float64], onto: Ontology
    ) -> Self:
        """Pick the terms of some columns."""
        parents = csr_array(onto.parents[columns][:, columns].astype(np.float32))
        count = np.maximum(np.diff(parents.indptr), 1)
        parents.data /= np.repeat(count, np.diff(parents.indptr)).astype(np.float32)
        return cls(columns, frequency[columns], accretion[columns].astype(np.float32), parents)


def describe_pairs(
    scores: Sequence[csr_array],
    known: csr_array,
    covariates: NDArray[np.float32],
    terms: TermFacts,
    *,
    n_candidates: int,
) -> Pairs:
    """Describe the pairs of gene and term worth judging: each predictor's best terms that are not known.

    A pair's features are the logit of each predictor's score and their mean; the term's frequency (logit) and
    information accretion; which share of the term's parents the gene is known to have, how many terms it is known to
    have, how well the predictors foresaw these, how strong its best other terms are; and the gene's covariates.

    Parameters
    ----------
    scores : sequence of csr_array of float32, each of shape (n_rows, n_terms)
    known : csr_array of bool, shape (n_rows, n_terms)
    covariates : ndarray of float32, shape (n_rows, n_covariates)
    terms : TermFacts
    n_candidates : int
        The most terms of a gene that each predictor proposes.
    """
    held = known[:, terms.columns].toarray()
    tables = [part[:, terms.columns].toarray() for part in scores]
    candidate = np.zeros(held.shape, dtype=bool)
    for table in tables:
        candidate |= _best(np.where(held, 0.0, table), n_candidates)
    logits = [_logit(table) for table in tables]
    mean = np.mean(logits, axis=0, dtype=np.float32)
    n_known = held.sum(axis=1)
    foreseen = np.where(held, mean, 0.0).sum(axis=1) / np.maximum(n_known, 1)
    unknown = np.where(held, logit(_SMALLEST), mean)
    strongest = np.sort(unknown, axis=1)[:, -_BEST:].mean(axis=1)
    rows, columns = np.nonzero(candidate & ~held)
    parents = (terms.parents @ held.T.astype(np.float32)).T
    of_gene = np.column_stack([np.log1p(n_known), foreseen, strongest, covariates])
    of_term = np.column_stack([_logit(terms.frequency), terms.accretion])
    of_pair = [part[rows, columns] for part in (*logits, mean, parents)]
    features = np.column_stack([*of_pair, of_term[columns], of_gene[rows]]).astype(np.float32)
    return Pairs(rows, terms.columns[columns], features)


def _best(table: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    """Mark the largest scores of each row that are above 0, ties included."""
    if count >= table.shape[1]:
        return np.asarray(table > 0)
    bound = np.partition(table, -count, axis=1)[:, [-count]]
    return np.asarray((table >= bound) & (table > 0))


def _logit(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(logit(np.clip(scores, _SMALLEST, 1.0 - _SMALLEST)), dtype=np.float32)


class PairNetwork:
    """Judge pairs of gene and term: a small multilayer network on standardised features, trained by cross-entropy.

    Parameters
    ----------
    hidden : int, default=64
    n_epochs : int, default=6
    batch_size : int, default=2048
    learning_rate : float, default=3e-3
        The largest; it rises and falls over the training.
    weight_decay : float, default=1e-4
    seed : int, default=0
    """

    def __init__(
        self,
        *,
        hidden: int = 64,
        n_epochs: int = 6,
        batch_size: int = 2048,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-4,
        seed: int = 0,
    ) -> None:
        self.hidden, self.n_epochs, self.batch_size = hidden, n_epochs, batch_size
        self.learning_rate, self.weight_decay, self.seed = learning_rate, weight_decay, seed

    def fit(self, features: NDArray[np.float32], truth: NDArray[np.bool_]) -> Self:
        """Learn from pairs, shape (n_pairs, n_features), and whether they are true, shape (n_pairs,)."""
        self.centre_, self.spread_ = features.mean(axis=0), features.std(axis=0)
        inputs, targets = torch.from_numpy(self._standardised(features)), torch.from_numpy(truth.astype(np.float32))
        order = np.random.default_rng(self.seed)
        n_batches = max(round(len(truth) / self.batch_size), min(_FEWEST_STEPS, len(truth)))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.module_ = self._module(features.shape[1])
            optimiser = torch.optim.AdamW(self.module_.parameters(), weight_decay=self.weight_decay)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimiser, self.learning_rate, total_steps=self.n_epochs * n_batches + 1
            )
            for _ in range(self.n_epochs):
                for batch in np.array_split(order.permutation(len(truth)), n_batches):
                    optimiser.zero_grad()
                    logits = self.module_(inputs[batch])[:, 0]
                    binary_cross_entropy_with_logits(logits, targets[batch]).backward()  # type: ignore[no-untyped-call]
                    optimiser.step()
                    schedule.step()
        return self

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability that each pair is true, shape (n_pairs,)."""
        with torch.no_grad():
            scores = torch.sigmoid(self.module_(torch.from_numpy(self._standardised(features)))[:, 0])
        return np.asarray(scores.numpy(), dtype=np.float32)

    def _standardised(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        varied = self.spread_ > _LEAST_SPREAD  # nothing was learned about a feature that was the same for all pairs
        scaled = np.where(varied, (features - self.centre_) / np.maximum(self.spread_, _LEAST_SPREAD), 0.0)
        return np.asarray(np.clip(scaled, -_FARTHEST, _FARTHEST), dtype=np.float32)

    def _module(self, n_features: int) -> nn.Sequential:
        hidden = self.hidden
        return nn.Sequential(
            nn.Linear(n_features, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )

    def state(self) -> Arrays:
        """Return what was learned, as named arrays."""
        weights = {f"module.{name}": weight.numpy() for name, weight in self.module_.state_dict().items()}
        return {"centre": self.centre_, "spread": self.spread_, **weights}

    def restore(self, arrays: Arrays) -> Self:
        """Take back what `state` returned."""
        self.centre_, self.spread_ = arrays["centre"], arrays["spread"]
        self.module_ = self._module(len(self.centre_))
        weights = {k.removeprefix("module."): torch.from_numpy(v.copy()) for k, v in arrays.items() if "module." in k}
        self.module_.load_state_dict(weights)
        return self
