"""The calibration of a predictor on genes of its dataset, whose labels it is fitted without."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.base import clone

from genessl.data.dataset import GeneDataset
from genessl.evaluation.calibrated import Calibrated
from genessl.evaluation.splits import assign_folds
from genessl.models.base import GenePredictor

_log = logging.getLogger(__name__)
_N_FOLDS = 5
_ENOUGH_GENES = 400  # held out in each aspect, if the dataset has as many
_SIMILAR = (0.3, 0.6, 1.2, np.inf)  # bits for each residue of the shorter protein


def calibrate(predictor: GenePredictor, dataset: GeneDataset, *, seed: int = 0) -> Calibrated:
    """Fit a predictor without the labels of some genes, and learn from its scores of them.

    The genes are dealt to five folds, similar proteins to the same one. The predictor is fitted without the first; if
    it has fewer than 400 genes that are labelled in an aspect, also without the second, and so on. As in
    cross-validation, the next fold has the validation genes of a fit. Nothing that the predictor keeps is changed.

    Parameters
    ----------
    predictor : GenePredictor
        Fitted or not; its parameters count.
    dataset : GeneDataset
    seed : int, default=0
        Of the folds, of the choice of pairs, and of the parts in which held-out genes are measured.

    Returns
    -------
    Calibrated
        Without an aspect for which too few genes are held out.

    Raises
    ------
    InputError
        As `GenePredictor.fit`.
    """
    dataset, _ = dataset.by_name  # so that the order of genes does not matter
    scores = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
    fold = np.full(dataset.n_genes, -1)
    if dataset.n_genes >= _N_FOLDS:
        split = assign_folds(similar_genes(dataset), n_folds=_N_FOLDS, seed=seed)
        folded = replace(dataset, scheme="cross_validation", n_folds=_N_FOLDS, label_fraction=1.0, split=split)
        labelled = dataset.labelled & ~dataset.synthetic[:, None]
        for number in range(_n_fits(labelled, split)):
            own = split == number
            visible = folded.hide(number)
            if not labelled[own].any() or not visible.labelled.any():
                continue
            _log.info("calibrating without fold %d of %d", number + 1, _N_FOLDS)
            scores[own] = clone(predictor).fit(visible).predict_proba(visible)[own]
            fold[own & labelled.any(axis=1)] = number
    parts = np.random.default_rng(seed).permutation(dataset.n_genes) % _N_FOLDS
    calibrated, _ = Calibrated.learn(dataset, scores, fold, parts=parts, seed=seed)
    return calibrated


def similar_genes(dataset: GeneDataset) -> NDArray[np.intp]:
    """Return the number of each gene's cluster of similar proteins: int, shape (n_genes,).

    Two genes are in one cluster if they, or others between them, are homologs of at least 0.3 bits for each residue of
    the shorter protein, where the dataset holds the sequences, and otherwise of any bits. If this makes a cluster of
    more than a fifth of the genes, twice as many bits are asked for, and so on; at last each gene is by itself.
    """
    pairs = dataset.homology.tocoo()
    per_residue = pairs.data.astype(np.float64)
    if dataset.sequences:
        lengths = np.array([len(protein) for protein in dataset.sequences])
        per_residue /= np.minimum(*(lengths[ends] for ends in pairs.coords))
    else:
        per_residue[:] = _SIMILAR[0]
    for least in _SIMILAR:
        near = per_residue >= least
        ends = tuple(ends[near] for ends in pairs.coords)
        graph = coo_array((np.ones(near.sum(), dtype=bool), ends), shape=pairs.shape)
        _, clusters = connected_components(graph, directed=False)
        if np.bincount(clusters).max(initial=0) <= dataset.n_genes / _N_FOLDS:
            break
    return np.asarray(clusters, dtype=np.intp)


def _n_fits(labelled: NDArray[np.bool_], split: NDArray[np.uint8]) -> int:
    """Return how many folds are to be held out, so that enough genes are in each aspect that has any."""
    counts = np.stack([labelled[split == number].sum(axis=0) for number in range(_N_FOLDS)])
    counts = counts[:, counts.sum(axis=0) > 0]
    reached = (np.cumsum(counts, axis=0) >= _ENOUGH_GENES).all(axis=1)
    return int(np.argmax(reached)) + 1 if reached.any() else _N_FOLDS
