"""The principal components of a view's features, whitened, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from genessl.models.base import Arrays

_LEAST_SPREAD = 1e-6
_FIELDS = ("mean", "axes", "deviation", "low", "high")


@dataclass(frozen=True)
class PrincipalSpace:
    """The first principal components of columns on scales of their own, and the range that each column keeps to.

    Parameters
    ----------
    mean : ndarray of float32, shape (n_features,)
    axes : ndarray of float32, shape (n_components, n_features)
        Orthonormal.
    deviation : ndarray of float32, shape (n_components,)
        Of the components, by which they are divided.
    low, high : ndarray of float32, shape (n_features,)
        The least and the largest value of each column.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    deviation: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def fit(cls, features: NDArray[np.float32], n_components: int, seed: int) -> Self:
        """Find the components of features, shape (n_genes, n_features)."""
        mean = features.mean(axis=0)
        n = min(n_components, features.shape[1], len(features) - 1)
        fitted = PCA(n, random_state=seed).fit(features - mean)
        scale = np.maximum(np.sqrt(fitted.explained_variance_), _LEAST_SPREAD).astype(np.float32)
        axes = fitted.components_.astype(np.float32)
        return cls(mean, axes, scale, features.min(axis=0), features.max(axis=0))

    @property
    def n_components(self) -> int:
        """Number of components."""
        return len(self.deviation)

    def encode(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return whitened components, float32, shape (n_genes, n_components)."""
        return np.asarray((features - self.mean) @ self.axes.T / self.deviation, dtype=np.float32)

    def decode(self, latent: NDArray[np.float32], like: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return features, float32, shape (n_genes, n_features), within each column's range.

        What the components do not show is taken from the features `like`, and is the mean without them.
        """
        if like is None:
            values = self.mean + (latent * self.deviation) @ self.axes
        else:
            values = like + ((latent - self.encode(like)) * self.deviation) @ self.axes
        return np.asarray(np.clip(values, self.low, self.high), dtype=np.float32)

    def pack(self) -> Arrays:
        """Return the fields as named arrays."""
        return {f"space.{name}": getattr(self, name) for name in _FIELDS}

    @classmethod
    def unpack(cls, arrays: Arrays) -> Self:
        """Take back what `pack` returned."""
        return cls(*(arrays[f"space.{name}"] for name in _FIELDS))
