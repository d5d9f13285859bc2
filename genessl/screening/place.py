"""Agreement of a gene's sequence and homologs with its place: its neighbours' terms, electronic terms and domains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from genessl.data.dataset import GeneDataset
from genessl.features.composition import composition_features
from genessl.features.domains import domain_columns
from genessl.features.graphs import joined_graph
from genessl.models.neighbours import neighbour_shares
from genessl.models.supervision import Supervision
from genessl.screening.pairing import FoldedRidge, Pairing, Profile, homolog_components
from genessl.screening.patterns import standardised

NEIGHBOURS = "sequence or homologs do not suit the neighbours' terms"
ELECTRONIC = "sequence or homologs do not suit the electronic terms"
DOMAINS = "sequence or homologs do not suit the domains"
_LEAST_FREQUENCY = 0.01  # of the terms that a sequence may make expected
_FEWEST_CARRIERS = 5  # labelled genes, of the domains that a sequence may make expected


@dataclass(frozen=True)
class Fit:
    """A comparison of what a gene's sequence or homologs make expected with what is at its place, in the same columns.

    Parameters
    ----------
    reason : str
        Sentence for the user where the two disagree.
    by_sequence, by_place : ndarray of float32, shape (n_genes, n_columns)
        Rows of zeros where nothing is known. Columns are centred and weighted, so that the cosine of two rows that
        have nothing to do with each other is about 0.
    """

    reason: str
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


def fits(dataset: GeneDataset, described: Profile, fold: NDArray[np.intp]) -> list[Fit | Pairing]:
    """Compare each gene's sequence with its place in every way that the dataset allows.

    In each aspect the experimental terms of its homologs are compared with those of its neighbours in the networks,
    and with its own electronic annotations; and so are those that a ridge regression of either kind of place on the
    sequence expects. The domains of its homologs are compared with its own. Last, sequence and homologs together are
    paired with its neighbours' terms, its electronic annotations and its domains, over all aspects. A gene is
    not compared with its own experimental annotations, and the regression that judges it has not seen its place.

    Parameters
    ----------
    dataset : GeneDataset
    described : ndarray of float32, shape (n_genes, n_columns)
        The sequences, standardised.
    fold : ndarray of int, shape (n_genes,)
        The regressions learn from the labelled genes of the other folds.
    """
    found, terms_of_homologs, places = _compared(dataset)
    learned = np.diff(dataset.positive.indptr) > 0
    ridge = FoldedRidge(described, learned, fold)
    expected = _expected_places(ridge, places)
    reasons = (NEIGHBOURS, ELECTRONIC) * len(dataset.aspects)
    found += [Fit(*compared) for compared in zip(reasons, expected, places, strict=True)]
    paired = [(NEIGHBOURS, places[::2]), (ELECTRONIC, places[1::2])]
    carried, of_homologs, common = _domains(dataset, learned)
    if carried.shape[1]:
        found.append(Fit(DOMAINS, of_homologs, carried))
        paired.append((DOMAINS, [carried[:, common]]))
    components = homolog_components(np.concatenate(terms_of_homologs, axis=1), learned)
    pairings = (Pairing.learn(reason, ridge, components, np.concatenate(place, axis=1)) for reason, place in paired)
    return found + [pairing for pairing in pairings if pairing is not None]


def place_evidence(
    dataset: GeneDataset,
    labelled: NDArray[np.bool_],
    fold: NDArray[np.intp],
    patterns: NDArray[np.float32],
    seed: int,
) -> pd.DataFrame:
    """Return what sequence and place add to the log-odds of each gene, a column for each reason.

    The regressions learn from labelled genes at their own place and at each other's. Comparisons with the same kind of
    place resemble each other and share a reason: what they add is summed.

    Parameters
    ----------
    dataset : GeneDataset
    labelled : ndarray of bool, shape (n_genes,)
    fold : ndarray of int, shape (n_genes,)
        The regression that judges a gene learns from the other folds.
    patterns : ndarray of float32, shape (n_genes, n_patterns)
        Standardised patterns of the sequences.
    seed : int
        Seed of the permutation that misplaces the labelled genes.
    """
    composition = composition_features(dataset.sequences)[0]
    composition = standardised(composition, composition[labelled])
    compared = fits(dataset, np.concatenate([composition, patterns], axis=1), fold)
    places = np.arange(dataset.n_genes)
    known = np.flatnonzero(labelled)
    places[known] = np.random.default_rng(seed).permutation(known)
    own, misplaced = (np.stack([fit.agreement(where) for fit in compared], axis=1) for where in (None, places))
    own, misplaced = (np.concatenate([table, table != 0], axis=1) for table in (own, misplaced))
    evidence = np.zeros((dataset.n_genes, len(compared)))
    for number in range(fold.max() + 1):
        there = fold == number
        learned = labelled & ~there
        model = LogisticRegression(max_iter=500)
        model.fit(np.concatenate([own[learned], misplaced[learned]]), np.repeat([0, 1], learned.sum()))
        added = own[there] * model.coef_[0]
        evidence[there] = added[:, : len(compared)] + added[:, len(compared) :]
    reasons = list(dict.fromkeys(fit.reason for fit in compared))
    of_reason = np.array([[fit.reason == reason for reason in reasons] for fit in compared], dtype=np.float64)
    return pd.DataFrame(evidence @ of_reason, dataset.genes, reasons)


def _compared(dataset: GeneDataset) -> tuple[list[Fit | Pairing], list[Profile], list[Profile]]:
    """Compare homologs' terms with both kinds of place, aspect by aspect.

    Returns
    -------
    found : list of Fit
    terms_of_homologs : list of ndarray
        The homologs' terms, for each aspect.
    places : list of ndarray
        The neighbours' terms and the electronic ones in turn, for each aspect: those that a sequence may make expected.
    """
    supervision = Supervision.of(dataset)
    targets, labelled = supervision.targets, supervision.labelled
    aspects, frequency = supervision.aspect_of_term, supervision.frequency
    by_homologs = neighbour_shares(dataset.homology, targets, labelled, aspects)
    by_neighbours = neighbour_shares(joined_graph(dataset), targets, labelled, aspects)
    electronic = dataset.electronic.astype(np.float32).toarray()
    usual = electronic.mean(axis=0)
    found: list[Fit | Pairing] = []
    terms_of_homologs, places = [], []
    for number in range(len(dataset.aspects)):
        columns = np.flatnonzero((aspects == number) & (frequency > 0))
        weights = np.sqrt(np.maximum(dataset.accretion[columns], 0.0)).astype(np.float32)
        homologs, neighbours, annotated = (
            _centred(scores[:, columns], expected[columns], weights)
            for scores, expected in ((by_homologs, frequency), (by_neighbours, frequency), (electronic, usual))
        )
        found += [Fit(NEIGHBOURS, homologs, neighbours), Fit(ELECTRONIC, homologs, annotated)]
        terms_of_homologs.append(homologs)
        common = frequency[columns] >= _LEAST_FREQUENCY
        places += [neighbours[:, common], annotated[:, common]]
    return found, terms_of_homologs, places


def _expected_places(ridge: FoldedRidge, places: list[Profile]) -> list[Profile]:
    """Regress places on sequences, and return what each fold's sequences make expected."""
    joined = np.concatenate(places, axis=1)
    expected = np.zeros_like(joined)
    for number in range(ridge.n_folds):
        expected[ridge.fold == number] = ridge.expected(joined, number)
    return np.split(expected, np.cumsum([place.shape[1] for place in places])[:-1], axis=1)


def _domains(dataset: GeneDataset, learned: NDArray[np.bool_]) -> tuple[Profile, Profile, NDArray[np.bool_]]:
    """Return each gene's domains and those of its homologs, the rarer the weightier, and which are learned from."""
    carried = np.asarray(dataset.sequence_features[:, domain_columns(dataset.feature_names)] > 0, dtype=np.float32)
    own = carried * np.log((1 + len(carried)) / (1 + carried.sum(axis=0))).astype(np.float32)
    bits = np.asarray(dataset.homology.sum(axis=1)).reshape(-1, 1)
    of_homologs = np.divide(dataset.homology @ own, bits, out=np.zeros_like(own), where=bits > 0)
    return own, of_homologs, carried[learned].sum(axis=0) >= _FEWEST_CARRIERS


def _centred(scores: Profile, expected: Profile, weights: Profile) -> Profile:
    return np.where(scores.any(axis=1, keepdims=True), (scores - expected) * weights, np.float32(0.0))
