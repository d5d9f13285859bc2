"""The views of a dataset as the recipes read them: InterPro entries, sequence components, network components."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.utils.extmath import randomized_svd

from genessl.data.dataset import GeneDataset
from genessl.features.topology import diffusion_embedding

_DOMAIN = "InterPro:"
_LARGEST = 5.0


def domains_of(dataset: GeneDataset) -> csr_array:
    """Return which genes carry which InterPro entries: csr_array of float32, shape (n_genes, n_entries), of ones."""
    columns = [column for column, name in enumerate(dataset.feature_names) if name.startswith(_DOMAIN)]
    return csr_array((dataset.sequence_features[:, columns] > 0).astype(np.float32))


def sequence_components(dataset: GeneDataset, n_components: int, seed: int) -> NDArray[np.float32]:
    """Return the principal components of the standardised sequence features, together of unit mean square.

    Parameters
    ----------
    dataset : GeneDataset
    n_components : int
        Fewer where there are fewer features or genes.
    seed : int

    Returns
    -------
    ndarray of float32, shape (n_genes, at most n_components)
    """
    features = dataset.sequence_features
    standard = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-6)
    standard = np.clip(standard, -_LARGEST, _LARGEST)
    rank = min(n_components, *standard.shape)
    left, values, _ = randomized_svd(standard, rank, random_state=seed)
    return unit_mean_square(left * values)


def network_components(dataset: GeneDataset, n_components: int, seed: int) -> NDArray[np.float32]:
    """Return the diffusion embedding of each network, side by side: float32, (n_genes, n_networks * n_components)."""
    blocks = [np.zeros((dataset.n_genes, 0), dtype=np.float32)]
    for name in sorted(dataset.networks):
        blocks.append(diffusion_embedding(dataset.networks[name], n_components=n_components, seed=seed))
    return np.concatenate(blocks, axis=1)


def unit_mean_square(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale a matrix as a whole, so that columns keep their relative sizes, to a mean square of 1."""
    size = np.sqrt(np.mean(np.square(features, dtype=np.float64))) if features.size else 0.0
    return np.asarray(features / max(size, 1e-12), dtype=np.float32)
