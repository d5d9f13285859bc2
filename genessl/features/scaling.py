"""Columns on one scale, which suspects have no part in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset

_LEAST_SPREAD = 1e-6


def centre_and_spread(dataset: GeneDataset) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of each column of the sequence view, over genes that are no suspects.

    Returns
    -------
    centre, spread : ndarray of float32, shape (n_features,)
        The spread is at least 1e-6.
    """
    known = known_features(dataset)
    return known.mean(axis=0), np.maximum(known.std(axis=0), np.float32(_LEAST_SPREAD))


def known_features(dataset: GeneDataset) -> NDArray[np.float32]:
    """Return the sequence view of genes that are no suspects, or of all if there are no others.

    Returns
    -------
    ndarray of float32, shape (n_known, n_features)
    """
    features = dataset.sequence_features.astype(np.float32, copy=False)
    return features if dataset.suspects is None or dataset.suspects.all() else features[~dataset.suspects]
