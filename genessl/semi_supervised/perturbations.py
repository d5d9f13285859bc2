"""Changes of a gene's inputs that should leave its function as it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from Bio.Align import substitution_matrices
from numpy.typing import NDArray
from torch import Tensor

from genessl.features.composition import AMINO_ACIDS

_MOST = 0.9


@dataclass(frozen=True)
class Perturbation:
    """How much of a gene's inputs is changed.

    Parameters
    ----------
    masked : float
        Share of the values of a gene's features that become the feature's mean over genes, in [0, 1).
    blurred : float
        Standard deviation of the noise added to a feature, in units of the feature's own over genes.
    dropped : float
        Share of the edges of each network that are left out, in [0, 1).
    """

    masked: float
    blurred: float
    dropped: float

    def scaled(self, strength: float) -> Perturbation:
        """Return it that many times as strong; no share exceeds 0.9."""
        masked, dropped = min(_MOST, strength * self.masked), min(_MOST, strength * self.dropped)
        return Perturbation(masked, strength * self.blurred, dropped)


WEAK = Perturbation(masked=0.05, blurred=0.1, dropped=0.05)
STRONG = Perturbation(masked=0.3, blurred=0.4, dropped=0.3)  # five conservative substitutions in 100 blur k-mers so


class Perturber:
    """Perturb the inputs of a view, of the sequence or of the network.

    Random numbers come from torch's own generator.

    Parameters
    ----------
    inputs : dict
        As the view's `prepare` returns them: `features`, shape (n_genes, n_features), and `adjacencies` where the
        module looks at the neighbours of the rows that it is asked for.
    """

    def __init__(self, inputs: dict[str, Any]) -> None:
        self.inputs = inputs
        self.centre = inputs["features"].mean(dim=0)
        self.spread = inputs["features"].std(dim=0, correction=0)

    def __call__(self, rows: Tensor, perturbation: Perturbation) -> tuple[dict[str, Any], Tensor]:
        """Return what to give a module for perturbed logits of some genes.

        A module without networks is given the features of these genes only, which is all that it reads.
        """
        if "adjacencies" not in self.inputs:
            features = self._features(self.inputs["features"][rows], perturbation)
            return {"features": features}, torch.arange(len(rows), device=rows.device)
        features = self._features(self.inputs["features"], perturbation)
        networks = [drop_edges(network, perturbation.dropped) for network in self.inputs["adjacencies"]]
        return {**self.inputs, "features": features, "adjacencies": networks}, rows

    def _features(self, features: Tensor, perturbation: Perturbation) -> Tensor:
        blurred = blur_features(features, perturbation.blurred, self.spread)
        return mask_features(blurred, perturbation.masked, self.centre)


def mask_features(features: Tensor, share: float, centre: Tensor) -> Tensor:
    """Replace each value by its feature's mean with probability `share`, as if it were not known.

    Parameters
    ----------
    features : Tensor of float32, shape (n_rows, n_features)
    share : float
        In [0, 1].
    centre : Tensor of float32, shape (n_features,)
        Means over all genes.

    Returns
    -------
    Tensor of float32, shape (n_rows, n_features)
    """
    return torch.where(torch.rand_like(features) < share, centre, features)


def blur_features(features: Tensor, size: float, spread: Tensor) -> Tensor:
    """Add normal noise of `size` times each feature's standard deviation; shapes as in `mask_features`."""
    return features + size * spread * torch.randn_like(features)


def drop_edges(adjacency: Tensor, share: float) -> Tensor:
    """Leave out each edge with probability `share`, and divide the others by 1 - share (DropEdge [1]_).

    An edge goes in both directions or stays in both, so that a symmetric matrix remains so. Each gene i draws u_i from
    [0, 1), and the edge of i and j stays if the fractional part of u_i + u_j, which is uniform too, is at least
    `share`: so no edge need find its other direction. Any three edges stay or go independently of each other.

    Parameters
    ----------
    adjacency : Tensor
        CSR of float32, shape (n_genes, n_genes), symmetric. A missing edge stays in the pattern, as a zero.
    share : float
        In [0, 1).

    Returns
    -------
    Tensor
        CSR of float32, shape (n_genes, n_genes).

    References
    ----------
    .. [1] Y. Rong et al., DropEdge: towards deep graph convolutional networks on node classification, ICLR 2020,
       doi:10.48550/arXiv.1907.10903
    """
    pointers, columns, values = adjacency.crow_indices(), adjacency.col_indices(), adjacency.values()
    drawn = torch.rand(adjacency.shape[0], device=values.device)
    of_row = torch.repeat_interleave(drawn, pointers.diff(), output_size=len(values))
    stays = (of_row + drawn[columns]) % 1.0 >= share
    return torch.sparse_csr_tensor(pointers, columns, values * stays / (1.0 - share), size=adjacency.shape)


def substitute_conservatively(sequence: str, share: float, random: np.random.Generator) -> str:
    """Exchange residues of a protein for similar ones, as evolution under an unchanged function does.

    Each residue is chosen with probability `share`, and becomes b instead of a with a probability in proportion to
    2^(s(a, b) / 2) over the b other than a of positive score s(a, b) in BLOSUM62 [1]_, whose scores are twice the log2
    odds. Residues without such a b (C, G, P and what is not standard) stay.

    No strategy calls this, for a `GeneDataset` holds no sequences: use it before featurising, as in
    ``composition_features([substitute_conservatively(s, 0.1, random) for s in sequences])``.

    Parameters
    ----------
    sequence : str
        In capitals.
    share : float
        In [0, 1].
    random : numpy.random.Generator

    Returns
    -------
    str
        Of the same length.

    References
    ----------
    .. [1] S. Henikoff and J. G. Henikoff, Amino acid substitution matrices from protein blocks, PNAS 89, 10915-10919,
       1992, doi:10.1073/pnas.89.22.10915
    """
    residues = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)
    code = np.full(256, -1)
    code[_LETTERS] = np.arange(len(_LETTERS))
    codes = code[residues]
    cumulated = _conservative_exchanges()
    chosen = np.flatnonzero((codes >= 0) & (random.random(len(codes)) < share))
    chosen = chosen[cumulated[codes[chosen], -1] > 0]
    place = (cumulated[codes[chosen]] <= random.random((len(chosen), 1))).sum(axis=1)
    substituted = residues.copy()
    substituted[chosen] = _LETTERS[place]
    return substituted.tobytes().decode("ascii")


_LETTERS = np.frombuffer(AMINO_ACIDS.encode("ascii"), dtype=np.uint8)


@cache
def _conservative_exchanges() -> NDArray[np.float64]:
    """Return the cumulated probability of each residue to replace another: (20, 20), 0 where none does."""
    matrix = substitution_matrices.load("BLOSUM62")  # type: ignore[no-untyped-call]
    scores = np.array(matrix.select(AMINO_ACIDS))
    odds = np.where((scores > 0) & ~np.eye(len(scores), dtype=bool), 2.0 ** (scores / 2), 0.0)
    cumulated: NDArray[np.float64] = odds.cumsum(axis=1)
    return cumulated / np.where(cumulated[:, -1:] > 0, cumulated[:, -1:], 1.0)
