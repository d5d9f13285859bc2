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


def stack_adjacencies(adjacencies: Sequence[Tensor]) -> Tensor | None:
    """Return the adjacencies of several networks on top of each other, so that one product serves all of them.

    Parameters
    ----------
    adjacencies : sequence of Tensor, CSR of float32, each of shape (n_genes, n_genes)

    Returns
    -------
    Tensor or None
        CSR of float32, shape (n_networks * n_genes, n_genes); None if there is no network.
    """
    if not adjacencies:
        return None
    offsets = np.cumsum([0, *(adjacency.values().numel() for adjacency in adjacencies)])
    starts = [adjacency.crow_indices()[:-1] + offset for adjacency, offset in zip(adjacencies, offsets.tolist())]
    end = torch.tensor([offsets[-1]], device=starts[0].device)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse")
        return torch.sparse_csr_tensor(
            torch.cat([*starts, end]),
            torch.cat([adjacency.col_indices() for adjacency in adjacencies]),
            torch.cat([adjacency.values() for adjacency in adjacencies]),
            size=(sum(adjacency.shape[0] for adjacency in adjacencies), adjacencies[0].shape[1]),
        )


class _WeightedProducts(torch.autograd.Function):
    """sum_r w_r A_r H for symmetric A_r without gradient, stacked; w and H have gradients."""

    @staticmethod
    def forward(ctx: Any, stacked: Tensor, weights: Tensor, hidden: Tensor) -> Tensor:
        products = (stacked @ hidden).view(len(weights), -1)  # (n_networks, n_genes * channels)
        ctx.stacked = stacked
        ctx.save_for_backward(weights, products)
        return (weights @ products).view_as(hidden)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        weights, products = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        back = (ctx.stacked @ gradient).view(len(weights), -1)
        return None, products @ gradient.view(-1), (weights @ back).view_as(gradient)


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

    def forward(self, hidden: Tensor, stacked: Tensor | None) -> Tensor:
        """Return the next hidden state, shape (n_genes, channels).

        Parameters
        ----------
        hidden : Tensor of float32, shape (n_genes, channels)
        stacked : Tensor or None
            As `stack_adjacencies` returned it.
        """
        total = self.own(hidden)
        if stacked is not None:
            shares = torch.softmax(self.reliability, dim=0)
            message = self.neighbours(hidden)
            total = total + _WeightedProducts.apply(stacked, shares, message)  # type: ignore[no-untyped-call]
        return hidden + torch.relu(self.norm(total))
