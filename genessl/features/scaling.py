"""FeatureScaling, which is learned in a fit and puts the columns of the sequence view of any dataset on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

_LEAST_SPREAD = 1e-6
_LARGEST = 5.0
_LENGTHS = {
    ("log_length", "composition", "first_", "last_", "dipeptide", "triad"): 10.0,
    ("homology",): 5.0,
    ("embedding:",): 20.0,
}  # of the blocks of the sequence view, by how the names of their columns begin


@dataclass(frozen=True, eq=False)
class FeatureScaling:
    """The mean and the standard deviation of each column, learned from the genes of a fit.

    Parameters
    ----------
    centre, spread : ndarray of float32, shape (n_features,)
        Mean, and standard deviation of at least 1e-6.
    zero_one : ndarray of bool, shape (n_features,)
        Columns that held only 0 and 1, as domains do.
    """

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    zero_one: NDArray[np.bool_]

    @classmethod
    def learn(cls, features: NDArray[np.float32], suspects: NDArray[np.bool_] | None = None) -> Self:
        """Learn from the genes that are not suspects, or from all genes if all are suspects.

        Parameters
        ----------
        features : ndarray of float32, shape (n_genes, n_features)
        suspects : ndarray of bool, shape (n_genes,), optional
        """
        known = features.astype(np.float32, copy=False)
        if suspects is not None and not suspects.all():
            known = known[~suspects]
        if not known.shape[1]:
            return cls(np.zeros(0, np.float32), np.ones(0, np.float32), np.zeros(0, dtype=bool))
        scaler = StandardScaler().fit(known.astype(np.float64))
        return cls(
            scaler.mean_.astype(np.float32),
            np.maximum(np.sqrt(scaler.var_), _LEAST_SPREAD).astype(np.float32),
            np.asarray(((known == 0.0) | (known == 1.0)).all(axis=0)),
        )

    def standardise(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (x - centre) / spread, cut off at 5; float32, shape (..., n_columns).

        Features with fewer columns are taken as the first columns.
        """
        first = slice(features.shape[-1])
        standard = (features - self.centre[first]) / self.spread[first]
        return np.asarray(np.clip(standard, -_LARGEST, _LARGEST), dtype=np.float32)

    def keep_zero_one(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardise all columns but those of 0 and 1."""
        zero_one = self.zero_one[: features.shape[-1]]
        return np.where(zero_one, features, self.standardise(features)).astype(np.float32)

    def pack(self) -> dict[str, NDArray[Any]]:
        """Return the fields as named arrays."""
        return {"scaling.centre": self.centre, "scaling.spread": self.spread, "scaling.zero_one": self.zero_one}

    @classmethod
    def unpack(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the scaling that `pack` flattened."""
        return cls(arrays["scaling.centre"], arrays["scaling.spread"], arrays["scaling.zero_one"])


def block_factors(feature_names: Sequence[str]) -> NDArray[np.float32]:
    """Return the factor of each standardised column that gives its block a length, float32, shape (n_features,).

    The embeddings of a protein get the length 20, in the mean square, its composition 10 and its homology profile 5;
    domains and all other columns keep theirs. A network would otherwise hear most from the block of most columns.
    """
    factors = np.ones(len(feature_names), dtype=np.float32)
    for prefixes, length in _LENGTHS.items():
        chosen = [name.startswith(prefixes) for name in feature_names]
        factors[chosen] = length / np.sqrt(max(1, sum(chosen)))
    return factors
