"""A fit that learns from no unlabelled gene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.features.muting import Muting
from genessl.models.base import GenePredictor


def scores_without_pool(
    strategy: GenePredictor, visible: GeneDataset, tested: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Fit a predictor on the labelled genes alone and score the genes tested, which join after the fit.

    The genes tested receive from others and send nothing to them, where the predictor heeds a `Muting`. Where it does
    not, as `combined`, the edges among the genes tested are left out.

    Parameters
    ----------
    strategy : GenePredictor
        Not fitted yet.
    visible : GeneDataset
    tested : ndarray of bool, shape (n_genes,)

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
        0 for genes that are not tested.
    """
    labelled = np.diff(visible.positive.indptr) > 0
    strategy.fit(visible.take(np.flatnonzero(labelled)))
    shown, added = visible.take(np.flatnonzero(labelled | tested)), ~labelled[labelled | tested]
    scores = np.zeros((visible.n_genes, visible.n_terms), dtype=np.float32)
    if strategy.heeds_muting:
        scores[labelled | tested] = strategy.predict_proba(shown, Muting(added, added, suspects_send=False))
    else:
        networks = {name: _without_edges_among(network, added) for name, network in shown.networks.items()}
        scores[labelled | tested] = strategy.predict_proba(replace(shown, networks=networks))
    scores[~tested] = 0.0
    return scores


def _without_edges_among(network: csr_array, genes: NDArray[np.bool_]) -> csr_array:
    pairs = network.tocoo()
    kept = ~(genes[pairs.row] & genes[pairs.col])
    return csr_array((pairs.data[kept], (pairs.row[kept], pairs.col[kept])), shape=network.shape)
