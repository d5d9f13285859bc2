"""Known labels as input of a graph network, each gene's own being masked while the gene is scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from genessl.models.neural.layers import sparse_tensor
from genessl.models.supervision import Supervision

_N_GROUPS = 5  # as many as a training epoch has steps at least, so that scoring masks no more than training did
_SMALL = 0.04


class _SparseProduct(torch.autograd.Function):
    """Y @ W for a sparse Y without gradient, whose transpose is kept for the gradient of W."""

    @staticmethod
    def forward(ctx: Any, labels: Tensor, transposed: Tensor, weight: Tensor) -> Tensor:
        ctx.transposed = transposed
        return labels @ weight

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ gradients[0].contiguous()


class LabelEmbedding(nn.Module):
    """Embed the known labels of all genes but the rows asked (masked label prediction [1]_).

    Y W, with the rows of the genes asked set to 0. Y has a row of length 1 for each labelled gene, equal over the
    gene's terms. So no path through the graph, returning to its start or not, carries a gene's own label.

    References
    ----------
    .. [1] Y. Shi et al., Masked label prediction: unified message passing model for semi-supervised classification,
       IJCAI 2021, doi:10.24963/ijcai.2021/214
    """

    def __init__(self, n_labels: int, hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(_SMALL * torch.randn(n_labels, hidden))

    def forward(self, labels: tuple[Tensor, ...], rows: Tensor) -> Tensor:
        """Return the embedding, shape (n_genes, hidden), from what `label_tensors` returned."""
        embedded: Tensor = _SparseProduct.apply(*labels, self.weight)  # type: ignore[no-untyped-call]
        return embedded.index_fill(0, rows, 0.0)


def label_tensors(supervision: Supervision, genes: NDArray[np.str_], device: torch.device) -> tuple[Tensor, ...]:
    """Return the experimental labels of some genes and their transpose as torch CSR matrices.

    Parameters
    ----------
    supervision : Supervision
        Whose labels are shown; taught ones are not.
    genes : ndarray of str, shape (n_genes,)
        The rows; empty for a gene that the supervision does not know.
    device : torch.device

    Returns
    -------
    tuple of Tensor of float32, shapes (n_genes, n_terms) and (n_terms, n_genes)
        Rows of the first have length 1, or 0.
    """
    targets = csr_array(supervision.labels_for(genes)[0], dtype=np.float32)
    n_terms = np.diff(targets.indptr)
    targets.data = np.repeat(1.0 / np.sqrt(np.maximum(n_terms, 1)), n_terms).astype(np.float32)
    return tuple(sparse_tensor(matrix).to(device) for matrix in (targets, csr_array(targets.T)))


def masked_in_turn(labels: Tensor) -> list[NDArray[np.intp]]:
    """Deal genes to the groups in which they are scored: those without a shown label first, together.

    The others are dealt by their position, in a few groups, each of which is masked while it is scored. Which label a
    gene has does not matter.
    """
    shown = np.diff(labels.crow_indices().cpu().numpy()) > 0
    labelled = np.flatnonzero(shown)
    return [np.flatnonzero(~shown), *(labelled[start::_N_GROUPS] for start in range(_N_GROUPS))]
