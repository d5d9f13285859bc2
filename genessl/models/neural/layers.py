"""Layers over several networks at once, in terms of tensors alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from genessl.features.graphs import degree_normalised

_NUMBERS_AT_ONCE = 2**26  # of a dense block of a product, 256 MB in float32


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


def scipy_matrix(matrix: Tensor) -> csr_array:
    """Return a torch CSR matrix on the CPU as a scipy matrix, which shares its memory."""
    parts = (matrix.values().numpy(), matrix.col_indices().numpy(), matrix.crow_indices().numpy())
    return csr_array(parts, shape=tuple(matrix.shape))


def sparse_product(left: Tensor, right: Tensor, *, numbers_at_once: int = _NUMBERS_AT_ONCE) -> Tensor:
    """Return the product of two CSR matrices as a CSR matrix, by way of dense blocks of columns.

    This is the product for a GPU, where torch's own product of two sparse matrices is reported to run out of memory on
    matrices of ten thousand rows with one entry in a hundred.

    Parameters
    ----------
    left : Tensor of float32, CSR, shape (n_rows, n)
    right : Tensor of float32, CSR, shape (n, n_columns)
    numbers_at_once : int
        The most numbers of a dense block, unless one column has more.
    """
    (n_rows, n), n_columns = left.shape, right.shape[1]
    width = max(1, numbers_at_once // max(1, n_rows, n))
    rows, columns, values = entries_of_rows(right, 0, n)
    places, products = [], []
    for start in range(0, n_columns, width):
        inside = (columns >= start) & (columns < start + width)
        block = values.new_zeros((n, min(width, n_columns - start)))
        block[rows[inside], columns[inside] - start] = values[inside]
        product = left @ block
        row, column = product.nonzero(as_tuple=True)
        places.append(row * n_columns + column + start)
        products.append(product[row, column])
    place, order = torch.cat(places).sort()
    counts = torch.bincount(place // n_columns, minlength=n_rows)
    pointers = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    return torch.sparse_csr_tensor(pointers, place % n_columns, torch.cat(products)[order], size=(n_rows, n_columns))


def entries_of_rows(matrix: Tensor, start: int, stop: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return row, column and value of each entry of a block of rows of a CSR matrix, each of shape (n_entries,)."""
    pointers = matrix.crow_indices()[start : stop + 1]
    first, last = pointers[[0, -1]].tolist()
    rows = torch.arange(start, start + len(pointers) - 1, device=matrix.device)
    rows = torch.repeat_interleave(rows, pointers.diff(), output_size=last - first)
    return rows, matrix.col_indices()[first:last], matrix.values()[first:last]


def dense_rows(matrix: Tensor, rows: Tensor) -> Tensor:
    """Return some rows of a CSR matrix as a dense one, shape (n_rows, n_columns)."""
    starts = matrix.crow_indices()[rows]
    counts = matrix.crow_indices()[rows + 1] - starts
    row = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), counts)
    place = torch.arange(len(row), device=rows.device) + (starts - counts.cumsum(0) + counts)[row]
    dense = matrix.values().new_zeros((len(rows), matrix.shape[1]))
    dense[row, matrix.col_indices()[place]] = matrix.values()[place]
    return dense


class Drawing(nn.Module):
    """A module that draws random numbers in training: from torch's generator, or the one that `draw_from` gave it."""

    generator: torch.Generator | None = None


class Dropout(Drawing, nn.Dropout):
    """Dropout that can draw from a generator of its own, so that modules may be trained side by side in threads.

    >>> module = nn.Sequential(nn.Linear(2, 3), Dropout(0.5))
    >>> draw_from(module, torch.Generator().manual_seed(0))
    >>> first = module(torch.ones(1, 2))
    >>> draw_from(module, torch.Generator().manual_seed(0))
    >>> torch.equal(first, module(torch.ones(1, 2)))
    True
    """

    def forward(self, values: Tensor) -> Tensor:
        """Return the values, in training a share p of them 0 and the others divided by 1 - p."""
        if not self.training or self.p == 0.0:
            return values
        kept = torch.empty_like(values).bernoulli_(1.0 - self.p, generator=self.generator)
        return values * kept.div_(1.0 - self.p)


def continued_generator(device: torch.device) -> torch.Generator:
    """Return a generator of a device that draws what torch's own would draw next."""
    state = torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()
    generator = torch.Generator(device)
    generator.set_state(state)
    return generator


def draw_from(module: nn.Module, generator: torch.Generator) -> None:
    """Let all parts of a module that draw random numbers in training draw them from one generator."""
    for part in module.modules():
        if isinstance(part, Drawing):
            part.generator = generator


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


class RelationSum(MessagePassing):  # type: ignore[misc]
    """Sum what the neighbours of each gene carry, labels or features, in each of several relations.

    No array of edges x columns is made. Sparse labels give sparse sums, by scipy on a CPU and by `sparse_product` on a
    GPU.
    """

    def __init__(self) -> None:
        super().__init__(aggr="sum")

    def forward(self, relations: Sequence[Tensor], carried: Tensor) -> list[Tensor]:
        """Return A_r X for each relation r, each of shape (n_genes, n_columns).

        Parameters
        ----------
        relations : sequence of Tensor, CSR of float32, each of shape (n_genes, n_genes)
            The weight of each gene (column) as a neighbour of each gene (row); symmetric if X has a gradient.
        carried : Tensor of float32, dense or CSR, shape (n_genes, n_columns)
            X, what the genes carry.
        """
        return [self.propagate(relation, carried=carried) for relation in relations]

    def message_and_aggregate(self, edge_index: Tensor, carried: Tensor) -> Tensor:
        """Return the product with one relation."""
        if carried.layout == torch.sparse_csr and carried.is_cuda:
            return sparse_product(edge_index, carried)
        if carried.layout == torch.sparse_csr:
            return sparse_tensor(scipy_matrix(edge_index) @ scipy_matrix(carried))  # torch (2.13) never frees its own
        return symmetric_product(edge_index, carried) if carried.requires_grad else edge_index @ carried


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
        self.messages = RelationSum()

    def forward(self, hidden: Tensor, adjacencies: Sequence[Tensor]) -> Tensor:
        """Return the next hidden state, shape (n_genes, channels).

        Parameters
        ----------
        hidden : Tensor of float32, shape (n_genes, channels)
        adjacencies : sequence of Tensor, CSR of float32, each of shape (n_genes, n_genes)
        """
        total = self.own(hidden)
        received = self.messages(adjacencies, self.neighbours(hidden))
        for share, message in zip(torch.softmax(self.reliability, dim=0), received):
            total = total + share * message
        return hidden + torch.relu(self.norm(total))
