"""Layers over several networks at once, in terms of tensors alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from genessl.features.graphs import degree_normalised


def normalised_adjacency(network: csr_array) -> Tensor:
    """Return D^-1/2 A D^-1/2 as a torch CSR matrix, shape (n_genes, n_genes); rows of isolated genes are empty.

    The matrix is normalised once, so that no layer holds an array of edges x channels.
    """
    return sparse_tensor(degree_normalised(network))


def sparse_tensor(matrix: csr_array) -> Tensor:
    """Return a sparse matrix as a torch CSR matrix of the same shape and type, columns in order."""
    matrix.sort_indices()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse")  # torch calls its CSR support beta at every first use
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data),
            size=matrix.shape,
        )


def symmetric_product(adjacency: Tensor, hidden: Tensor) -> Tensor:
    """Return A @ H for a symmetric sparse A; only H has a gradient."""
    product: Tensor = _SymmetricProduct.apply(adjacency, hidden)  # type: ignore[no-untyped-call]
    return product


class _SymmetricProduct(torch.autograd.Function):
    """A @ H for a symmetric A without gradient, so that the gradient of H needs no transpose of A."""

    @staticmethod
    def forward(ctx: Any, adjacency: Tensor, hidden: Tensor) -> Tensor:
        ctx.adjacency = adjacency
        return adjacency @ hidden

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, ctx.adjacency @ gradients[0].contiguous()


class MultiNetworkConvolution(nn.Module):
    """Graph convolution [1]_ over several networks, each with a learned reliability.

    H' = H + relu(norm(H W_0 + sum_r softmax(a)_r A_r H W_1)), with A_r the normalised adjacency of network r.

    References
    ----------
    .. [1] T. N. Kipf and M. Welling, Semi-supervised classification with graph convolutional networks, ICLR 2017
    """

    def __init__(self, channels: int, n_networks: int) -> None:
        super().__init__()
        self.own = nn.Linear(channels, channels)
        self.neighbours = nn.Linear(channels, channels, bias=False)
        self.reliability = nn.Parameter(torch.zeros(n_networks))
        self.norm = nn.LayerNorm(channels)

    def forward(self, hidden: Tensor, adjacencies: Sequence[Tensor]) -> Tensor:
        """Return the next hidden state, shape (n_genes, channels).

        Parameters
        ----------
        hidden : Tensor of float32, shape (n_genes, channels)
        adjacencies : sequence of Tensor, CSR of float32, each of shape (n_genes, n_genes)
        """
        total = self.own(hidden)
        message = self.neighbours(hidden)
        for share, adjacency in zip(torch.softmax(self.reliability, dim=0), adjacencies):
            total = total + share * symmetric_product(adjacency, message)
        return hidden + torch.relu(self.norm(total))
