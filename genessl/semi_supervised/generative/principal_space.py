"""PrincipalSpace, which converts a view's features to whitened principal components and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from genessl.models.base import Arrays

_LEARNED = ("mean_", "components_", "explained_variance_")


@dataclass(frozen=True)
class PrincipalSpace:
    """scikit-learn's whitened principal components, and the range of each column of the features.

    Parameters
    ----------
    pca : PCA
        A fitted PCA with ``whiten=True``.
    low, high : ndarray of float32, shape (n_features,)
        The smallest and the largest value of each column.
    """

    pca: PCA
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def fit(cls, features: NDArray[np.float32], n_components: int, seed: int) -> Self:
        """Find the components of features, shape (n_genes, n_features); fewer if there are fewer genes or columns."""
        n = min(n_components, features.shape[1], len(features) - 1)
        pca = PCA(n, whiten=True, random_state=seed).fit(features)
        return cls(pca, features.min(axis=0), features.max(axis=0))

    @property
    def n_components(self) -> int:
        """Number of components."""
        return len(self.pca.components_)

    def encode(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return whitened components, float32, shape (n_genes, n_components)."""
        return np.asarray(self.pca.transform(features), dtype=np.float32)

    def decode(self, latent: NDArray[np.float32], like: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return features, float32, shape (n_genes, n_features), within each column's range.

        The part that the components do not represent is taken from the features `like`; without them it is the mean.
        """
        values = self.pca.inverse_transform(latent)
        if like is not None:
            values = values + (like - self.pca.inverse_transform(self.encode(like)))
        return np.asarray(np.clip(values, self.low, self.high), dtype=np.float32)

    def pack(self) -> Arrays:
        """Return the learned arrays by name."""
        learned = {f"space.{name}": getattr(self.pca, name) for name in _LEARNED}
        return {**learned, "space.low": self.low, "space.high": self.high}

    @classmethod
    def unpack(cls, arrays: Arrays) -> Self:
        """Return the space that `pack` flattened."""
        pca = PCA(whiten=True)
        for name in _LEARNED:
            setattr(pca, name, arrays[f"space.{name}"])
        return cls(pca, arrays["space.low"], arrays["space.high"])
