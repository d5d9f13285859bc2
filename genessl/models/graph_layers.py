"""Layers over several networks at once; they know tensors, not genes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array
from torch import Tensor, nn
from torch_geometric.nn import GCNConv


def normalised_adjacency(network: csr_array) -> Tensor:
    """Return D^-1/2 A D^-1/2 as a torch CSR matrix, shape (n_genes, n_genes); rows of isolated genes are empty.

    Normalised once, so that no layer materialises edges x channels.
    """
    degree = np.asarray(network.sum(axis=1)).ravel()
    scale = diags_array(np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0))
    matrix = csr_array((scale @ network @ scale).astype(np.float32))
    matrix.sort_indices()
    return torch.sparse_csr_tensor(
        torch.from_numpy(matrix.indptr.astype(np.int64)),
        torch.from_numpy(matrix.indices.astype(np.int64)),
        torch.from_numpy(matrix.data),
        size=matrix.shape,
    )


class MultiNetworkConvolution(nn.Module):
    """Graph convolution [1]_ over several networks, each with its own weights and a learned reliability.

    H' = H + relu(norm(H W_0 + sum_r softmax(a)_r A_r H W_r)), with A_r the normalised adjacency of network r.

    References
    ----------
    .. [1] T. N. Kipf and M. Welling, Semi-supervised classification with graph convolutional networks, ICLR 2017
    """

    def __init__(self, channels: int, n_networks: int) -> None:
        super().__init__()
        self.own = nn.Linear(channels, channels)
        self.convolutions = nn.ModuleList(
            GCNConv(channels, channels, normalize=False, bias=False) for _ in range(n_networks)
        )
        self.reliability = nn.Parameter(torch.zeros(n_networks))
        self.norm = nn.LayerNorm(channels)

    def forward(self, hidden: Tensor, adjacencies: Sequence[Tensor]) -> Tensor:
        """Return the next hidden state, shape (n_genes, channels)."""
        total = self.own(hidden)
        shares = torch.softmax(self.reliability, dim=0)
        for share, convolution, adjacency in zip(shares, self.convolutions, adjacencies):
            total = total + share * convolution(hidden, adjacency)
        return hidden + torch.relu(self.norm(total))
