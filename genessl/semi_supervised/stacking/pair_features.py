"""Features of pairs of gene and term: several predictors' scores, and how much is known around the gene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import logit

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import Ontology
from genessl.features.graphs import joined_networks

_SMALLEST = 1e-4
_BEST = 10
_LEAST_KEPT = 0.3


@dataclass(frozen=True)
class Pairs:
    """Candidate pairs of gene and term.

    Parameters
    ----------
    rows, columns : ndarray of int, shape (n_pairs,)
        Position of the gene among the genes given, and column of the term.
    features : ndarray of float32, shape (n_pairs, n_features)
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    features: NDArray[np.float32]


@dataclass(frozen=True)
class TermFacts:
    """Facts about the terms of one aspect.

    Parameters
    ----------
    columns : ndarray of int, shape (n_columns,)
    frequency : ndarray of float32, shape (n_columns,)
        Share of the genes that have each term, among those from whose labels the predictors learned; above 0.
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
        """Return the facts about the terms of some columns."""
        parents = csr_array(onto.parents[columns][:, columns].astype(np.float32))
        count = np.maximum(np.diff(parents.indptr), 1)
        parents.data /= np.repeat(count, np.diff(parents.indptr)).astype(np.float32)
        return cls(columns, frequency[columns], accretion[columns].astype(np.float32), parents)


def describe_pairs(
    scores: Sequence[NDArray[np.float32]],
    known: csr_array,
    covariates: NDArray[np.float32],
    terms: TermFacts,
    *,
    n_candidates: int,
) -> Pairs:
    """Return the candidate pairs, which are each predictor's best terms that are not known, with their features.

    A pair's features are the logit of each predictor's score and the mean of these; the logit of the term's frequency
    and the term's information accretion; the share of the term's parents that the gene is known to have, the number of
    terms that it is known to have, their mean logit, and the mean logit of its ten best other terms; and the gene's
    covariates.

    Parameters
    ----------
    scores : sequence of ndarray of float32, each of shape (n_rows, n_columns)
        The scores by each predictor.
    known : csr_array of bool, shape (n_rows, n_columns)
        Terms that the genes are known to have.
    covariates : ndarray of float32, shape (n_rows, n_covariates)
        As `gene_covariates` returns them.
    terms : TermFacts
    n_candidates : int
        The most terms of a gene that each predictor proposes.
    """
    held = known.toarray()
    candidate = np.zeros(held.shape, dtype=bool)
    for table in scores:
        candidate |= _best(np.where(held, 0.0, table), n_candidates)
    logits = [clipped_logit(table) for table in scores]
    mean = np.mean(logits, axis=0, dtype=np.float32)
    n_known = held.sum(axis=1)
    foreseen = np.where(held, mean, 0.0).sum(axis=1) / np.maximum(n_known, 1)
    unknown = np.where(held, logit(_SMALLEST), mean)
    strongest = np.sort(unknown, axis=1)[:, -_BEST:].mean(axis=1)
    rows, columns = np.nonzero(candidate & ~held)
    parents = (terms.parents @ held.T.astype(np.float32)).T
    of_gene = np.column_stack([np.log1p(n_known), foreseen, strongest, covariates])
    of_term = np.column_stack([clipped_logit(terms.frequency), terms.accretion])
    of_pair = [part[rows, columns] for part in (*logits, mean, parents)]
    features = np.column_stack([*of_pair, of_term[columns], of_gene[rows]]).astype(np.float32)
    return Pairs(rows, terms.columns[columns], features)


def _best(table: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    """Mark the largest scores of each row that are above 0, ties included."""
    if count >= table.shape[1]:
        return np.asarray(table > 0)
    # Among many equal scores numpy's partition takes sixteen times as long.
    bound = torch.from_numpy(table).topk(count, dim=1, sorted=False).values.amin(dim=1, keepdim=True).numpy()
    return np.asarray((table >= bound) & (table > 0))


def clipped_logit(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log-odds of scores, cut off at 0.0001 and 0.9999."""
    return np.asarray(logit(np.clip(scores, _SMALLEST, 1.0 - _SMALLEST)), dtype=np.float32)


def withhold_terms(
    positive: csr_array, ontology: Ontology, aspect_of_term: NDArray[np.intp], random: np.random.Generator
) -> csr_array:
    """Withhold a random part of each gene's most specific terms, and the ancestors that only these imply.

    Each of these terms is kept with a probability that is drawn for the gene and aspect from 0.3 to 1.

    Returns
    -------
    csr_array of bool, shape (n_genes, n_terms)
        The labels that are kept, closed upwards.
    """
    above = csr_array(positive.astype(np.int32) @ ontology.parents.astype(np.int32)) > 0
    specific = csr_array(positive.astype(np.int8) - positive.multiply(above).astype(np.int8))
    specific.eliminate_zeros()
    rows = np.repeat(np.arange(specific.shape[0]), np.diff(specific.indptr))
    chance = random.uniform(_LEAST_KEPT, 1.0, (specific.shape[0], aspect_of_term.max() + 1))
    stays = random.random(len(rows)) < chance[rows, aspect_of_term[specific.indices]]
    entries = (np.ones(stays.sum(), dtype=bool), (rows[stays], specific.indices[stays]))
    return ontology.propagate(csr_array(entries, shape=positive.shape))


def gene_covariates(dataset: GeneDataset, labelled: NDArray[np.bool_], aspect: int) -> NDArray[np.float32]:
    """Return how much is known around each gene in an aspect: float32, shape (n_genes, 5).

    The columns are ln(1 + x) of the degree summed over networks, the part of the degree to labelled genes, the best bit
    score to a labelled homolog, and the number of electronic annotations in the aspect and in all aspects.
    """
    weights = labelled.astype(np.float32)
    degree, around = np.zeros((2, dataset.n_genes), dtype=np.float32)
    for network in joined_networks(dataset).values():
        degree += np.asarray(network.sum(axis=1)).ravel()
        around += network @ weights
    homologs = csr_array(dataset.homology.multiply(weights[None, :]))
    nearest = homologs.max(axis=1).toarray().ravel() if homologs.nnz else np.zeros(dataset.n_genes)
    if dataset.references is not None and dataset.references.homology.nnz:
        bits = csr_array(dataset.references.homology).max(axis=1).toarray().ravel()
        nearest = np.maximum(nearest, bits)
    columns = np.flatnonzero(dataset.ontology.aspects == dataset.aspects[aspect])
    counts = [np.diff(csr_array(part).indptr) for part in (dataset.electronic[:, columns], dataset.electronic)]
    return np.asarray(np.log1p(np.column_stack([degree, around, nearest, *counts])), dtype=np.float32)
