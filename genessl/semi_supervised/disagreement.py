"""Whether a gene's sequence fits its place: what it and its homologs promise, and what stands around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from genessl.data.dataset import GeneDataset
from genessl.features.domains import domain_columns
from genessl.models.baselines import neighbour_shares
from genessl.models.networks import joined_graph
from genessl.models.supervision import Supervision

Profile = NDArray[np.float32]
_LEAST_FREQUENCY = 0.01  # of the terms that a sequence may make expected
_PENALTY = 1e4


@dataclass(frozen=True)
class Fit:
    """What a gene's sequence or its homologs promise, and what stands at its place, in the same columns.

    Parameters
    ----------
    name : str
        What it means if the two disagree.
    by_sequence, by_place : ndarray of float32, shape (n_genes, n_columns)
        Rows of zeros where nothing is known. Columns are centred and weighted, so that the cosine of two rows that
        have nothing to do with each other is about 0.
    """

    name: str
    by_sequence: Profile
    by_place: Profile

    def agreement(self, places: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Return the cosine of the two rows of each gene, shape (n_genes,); 0 where one of them is empty.

        Parameters
        ----------
        places : ndarray of int, shape (n_genes,), optional
            The gene in whose place each gene is put; its own by default.
        """
        there = self.by_place if places is None else self.by_place[places]
        shared = np.einsum("gt,gt->g", self.by_sequence, there, dtype=np.float64)
        length = np.linalg.norm(self.by_sequence, axis=1) * np.linalg.norm(there, axis=1)
        return np.asarray(np.divide(shared, length, out=np.zeros_like(shared), where=length > 1e-9))


def fits(dataset: GeneDataset, described: Profile, fold: NDArray[np.intp]) -> list[Fit]:
    """Compare each gene's sequence with its place in every way that the dataset allows.

    In each aspect the experimental terms of its homologs are compared with those of its neighbours in the networks,
    and with its own electronic annotations; and so are those that a ridge regression of either kind of place on the
    sequence expects. Last, the domains of its homologs are compared with its own. A gene's own experimental annotations
    are not looked at, nor its place by the regression that judges it.

    Parameters
    ----------
    dataset : GeneDataset
    described : ndarray of float32, shape (n_genes, n_columns)
        The sequences, standardised.
    fold : ndarray of int, shape (n_genes,)
        The regressions learn from the labelled genes of the other folds.
    """
    supervision = Supervision.of(dataset)
    targets, labelled = supervision.targets(), supervision.labelled
    aspects, frequency = supervision.aspect_of_term, supervision.frequency()
    by_homologs = neighbour_shares(dataset.homology, targets, labelled, aspects)
    by_neighbours = neighbour_shares(joined_graph(dataset), targets, labelled, aspects)
    electronic = dataset.electronic.astype(np.float32).toarray()
    usual = electronic.mean(axis=0)
    found, places = [], []
    for number, aspect in enumerate(dataset.aspects):
        columns = np.flatnonzero((aspects == number) & (frequency > 0))
        weights = np.sqrt(np.maximum(dataset.accretion[columns], 0.0)).astype(np.float32)
        homologs, neighbours, annotated = (
            _centred(scores[:, columns], expected[columns], weights)
            for scores, expected in ((by_homologs, frequency), (by_neighbours, frequency), (electronic, usual))
        )
        found.append(Fit(f"its homologs and its neighbours have other {aspect} terms", homologs, neighbours))
        found.append(Fit(f"its homologs have other {aspect} terms than it has electronically", homologs, annotated))
        common = frequency[columns] >= _LEAST_FREQUENCY
        places.append((f"its sequence and its neighbours' {aspect} terms do not match", neighbours[:, common]))
        places.append((f"its sequence and its electronic {aspect} terms do not match", annotated[:, common]))
    learned = np.diff(dataset.positive.indptr) > 0
    expected = _expected_places(described, [place for _, place in places], learned, fold)
    found += [Fit(name, by_sequence, place) for (name, place), by_sequence in zip(places, expected, strict=True)]
    carried = np.asarray(dataset.sequence_features[:, domain_columns(dataset.feature_names)] > 0, dtype=np.float32)
    if carried.shape[1]:
        rarity = np.log((1 + len(carried)) / (1 + carried.sum(axis=0))).astype(np.float32)
        own = carried * rarity
        bits = np.asarray(dataset.homology.sum(axis=1)).reshape(-1, 1)
        of_homologs = np.divide(dataset.homology @ own, bits, out=np.zeros_like(own), where=bits > 0)
        found.append(Fit("its homologs carry other domains", of_homologs, own))
    return found


def _expected_places(
    described: Profile, places: list[Profile], labelled: NDArray[np.bool_], fold: NDArray[np.intp]
) -> list[Profile]:
    """Regress places on sequences, and return what each fold's sequences make expected."""
    joined = np.concatenate(places, axis=1)
    expected = np.zeros_like(joined)
    for number in range(fold.max() + 1):
        learned, there = labelled & (fold != number), fold == number
        middle = described[learned].mean(axis=0)
        known = described[learned] - middle
        penalised = known.T @ known
        penalised[np.diag_indices_from(penalised)] += _PENALTY
        weights = solve(penalised, known.T @ joined[learned], assume_a="pos")
        expected[there] = (described[there] - middle) @ weights
    return np.split(expected, np.cumsum([place.shape[1] for place in places])[:-1], axis=1)


def _centred(scores: Profile, expected: Profile, weights: Profile) -> Profile:
    return np.where(scores.any(axis=1, keepdims=True), (scores - expected) * weights, np.float32(0.0))
