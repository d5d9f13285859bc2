"""Known labels as inputs of a graph neural network; a gene's own labels are masked while the gene is scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from genessl.models.neural.layers import sparse_tensor
from genessl.models.supervision import Supervision

_N_GROUPS = 5  # a training epoch has at least as many steps, so that scoring masks no more labels than training did
_SMALL = 0.04


class _SparseProduct(torch.autograd.Function):
    """Y @ W for a sparse Y without gradient; the transpose of Y is kept for the gradient of W."""

    @staticmethod
    def forward(ctx: Any, labels: Tensor, transposed: Tensor, weight: Tensor) -> Tensor:
        ctx.transposed = transposed
        return labels @ weight

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ gradients[0].contiguous()


class LabelEmbedding(nn.Module):
    """Embed the known labels of all genes but the rows given (masked label prediction [1]_).

    The embedding is Y W, with the rows of the given genes set to 0. Y has a row of unit length for each labelled gene,
    with equal entries for the gene's terms. No path through the graph can therefore carry a gene's own label back to
    it.

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
        Its experimental labels are used; taught labels are not.
    genes : ndarray of str, shape (n_genes,)
        The rows. The row of a gene that the supervision does not know is empty.
    device : torch.device

    Returns
    -------
    tuple of Tensor of float32, shapes (n_genes, n_terms) and (n_terms, n_genes)
        Rows of the first have unit length, or are zero.
    """
    targets = csr_array(supervision.labels_for(genes)[0], dtype=np.float32)
    n_terms = np.diff(targets.indptr)
    targets.data = np.repeat(1.0 / np.sqrt(np.maximum(n_terms, 1)), n_terms).astype(np.float32)
    return tuple(sparse_tensor(matrix).to(device) for matrix in (targets, csr_array(targets.T)))


def masked_in_turn(labels: Tensor) -> list[NDArray[np.intp]]:
    """Deal genes to the groups in which they are scored, each with its own labels masked.

    The first group holds all genes without a shown label. The other genes are dealt to five groups by their position;
    their labels have no influence on the group.
    """
    shown = np.diff(labels.crow_indices().cpu().numpy()) > 0
    labelled = np.flatnonzero(shown)
    return [np.flatnonzero(~shown), *(labelled[start::_N_GROUPS] for start in range(_N_GROUPS))]
