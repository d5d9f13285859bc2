"""Layers over several networks at once, in terms of tensors alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

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


@dataclass(frozen=True, eq=False)
class EdgeUnion:
    """The edges that any of several networks has, so that one product serves all networks.

    Parameters
    ----------
    pointers : Tensor of int64, shape (n_genes + 1,)
    columns : Tensor of int64, shape (n_edges,)
        Of a CSR matrix that holds all edges.
    places : tuple of Tensor of int64
        For each network, which of these edges its own ones are.
    """

    pointers: Tensor
    columns: Tensor
    places: tuple[Tensor, ...]

    @classmethod
    def of(cls, adjacencies: Sequence[Tensor]) -> Self | None:
        """Return the union of adjacencies, each CSR of shape (n_genes, n_genes); None if there is no network."""
        if not adjacencies:
            return None
        n_genes = adjacencies[0].shape[0]
        keys = []
        for adjacency in adjacencies:
            rows = torch.repeat_interleave(torch.arange(n_genes), adjacency.crow_indices().diff())
            keys.append(rows * n_genes + adjacency.col_indices())
        edges, places = torch.unique(torch.cat(keys), return_inverse=True)
        counts = torch.bincount(edges // n_genes, minlength=n_genes)
        pointers = torch.cat([torch.zeros(1, dtype=torch.int64), torch.cumsum(counts, dim=0)])
        return cls(pointers, edges % n_genes, tuple(torch.split(places, [len(each) for each in keys])))

    def to(self, device: torch.device) -> EdgeUnion:
        """Return the union on a device."""
        places = tuple(place.to(device) for place in self.places)
        return EdgeUnion(self.pointers.to(device), self.columns.to(device), places)

    def mixed(self, adjacencies: Sequence[Tensor], shares: Tensor) -> Tensor:
        """Return sum_r w_r A_r, CSR of float32, shape (n_genes, n_genes), of networks with these edges."""
        values = torch.zeros(len(self.columns), device=shares.device)
        for share, adjacency, place in zip(shares, adjacencies, self.places):
            values.index_add_(0, place, share * adjacency.values())
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse")
            mixed: Tensor = torch.sparse_csr_tensor(self.pointers, self.columns, values, size=adjacencies[0].shape)
        return mixed


class _MixedProduct(torch.autograd.Function):
    """sum_r w_r A_r H for symmetric A_r without gradient; w and H have gradients."""

    @staticmethod
    def forward(ctx: Any, adjacencies: Sequence[Tensor], union: EdgeUnion, shares: Tensor, hidden: Tensor) -> Tensor:
        ctx.adjacencies, ctx.mixed = adjacencies, union.mixed(adjacencies, shares)
        ctx.save_for_backward(hidden)
        product: Tensor = ctx.mixed @ hidden
        return product

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor, Tensor]:
        (hidden,) = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        shares = [torch.dot((each @ hidden).reshape(-1), gradient.view(-1)) for each in ctx.adjacencies]
        return None, None, torch.stack(shares), ctx.mixed @ gradient


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

    def forward(self, hidden: Tensor, adjacencies: Sequence[Tensor], union: EdgeUnion | None = None) -> Tensor:
        """Return the next hidden state, shape (n_genes, channels).

        Parameters
        ----------
        hidden : Tensor of float32, shape (n_genes, channels)
        adjacencies : sequence of Tensor, CSR of float32, each of shape (n_genes, n_genes)
        union : EdgeUnion, optional
            Of these adjacencies, which have to be symmetric; with it there is one product in place of one a network.
        """
        total = self.own(hidden)
        message = self.neighbours(hidden)
        shares = torch.softmax(self.reliability, dim=0)
        if union is not None:
            mixed: Tensor = _MixedProduct.apply(adjacencies, union, shares, message)  # type: ignore[no-untyped-call]
            total = total + mixed
        else:
            for share, adjacency in zip(shares, adjacencies):
                total = total + share * symmetric_product(adjacency, message)
        return hidden + torch.relu(self.norm(total))
