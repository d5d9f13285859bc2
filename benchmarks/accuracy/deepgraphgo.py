"""DeepGraphGO's recipe: InterPro entries as inputs of a graph convolutional neural network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array
from torch import Tensor, nn

from benchmarks.accuracy.views import domains_of
from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.features.graphs import joined_graph
from genessl.features.muting import Muting
from genessl.models.base import check_count
from genessl.models.inputs import Preparation
from genessl.models.neural.inputs import NeuralInputs
from genessl.models.neural.layers import normalised_adjacency, symmetric_product
from genessl.models.neural.training import NeuralView
from genessl.models.view import NETWORKS, SEQUENCE


@dataclass(frozen=True, eq=False, kw_only=True)
class DomainInputs(NeuralInputs):
    """The InterPro entries of all genes, and the network between them.

    Parameters
    ----------
    entries : Tensor of int64, shape (n_carried,)
        Of one gene after the other.
    starts : Tensor of int64, shape (n_genes,)
        Where each gene's entries begin.
    n_entries : int
        How many there are in all.
    adjacency : Tensor, CSR of float32, shape (n_genes, n_genes)
        S.
    """

    entries: Tensor
    starts: Tensor
    n_entries: int
    adjacency: Tensor


class DeepGraphGO(NeuralView[DomainInputs]):
    """Learn all terms from the InterPro entries of a gene and of those around it in the network [1]_.

    H_0 = relu(X W + b), with X = 1 where a gene carries an entry; H_l = relu(S H_(l-1) W_l + b_l) + H_(l-1), with
    dropout; a linear output for each term follows, trained by binary cross-entropy. S = D^-1/2 (A + I) D^-1/2, A with
    the edges that are among the `n_neighbours` strongest of either end.

    The differences from the original are these. The original is trained on several organisms at once and averages three
    models; here there is one organism and one model. The original's network is STRING's combined score; here it is the
    sum of the networks, scaled to at most 1. An edge that one of its genes keeps is kept for both, which makes S
    symmetric. The original chooses by F-max among at most ten epochs, in steps of 40 genes; here, as in all neural
    models of this package, the validation loss chooses the epochs and the steps are larger. The loss counts a gene only
    in the aspects in which it is annotated. Terms of fewer than `min_genes` genes score 0.

    Parameters
    ----------
    hidden : int, default=512
    n_layers : int, default=2
        Convolutions.
    n_neighbours : int, default=100
        The strongest edges of a gene that are kept.
    dropout : float, default=0.5
    learning_rate : float, default=1e-3
    weight_decay : float, default=1e-2
        AdamW's own default, which the original keeps.
    batch_size : int or None, default=512
    max_epochs : int, default=60
    patience : int, default=5
    min_genes : int, default=5
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0
        See `genessl.models.neural.graph_network.GraphNetwork` for these.

    It is transductive: a gene's neighbours, and theirs, have to be in the dataset to predict.

    References
    ----------
    .. [1] R. You, S. Yao, H. Mamitsuka and S. Zhu, DeepGraphGO: graph neural network for large-scale, multispecies
       protein function prediction, Bioinformatics 37, i262-i271, 2021, doi:10.1093/bioinformatics/btab270
    """

    heeds_muting = False
    transductive = True

    def __init__(
        self,
        *,
        hidden: int = 512,
        n_layers: int = 2,
        n_neighbours: int = 100,
        dropout: float = 0.5,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        batch_size: int | None = 512,
        max_epochs: int = 60,
        patience: int = 5,
        min_genes: int = 5,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.n_layers = n_layers
        self.n_neighbours = n_neighbours
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.min_genes = min_genes
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_count("n_layers", self.n_layers)
        check_count("n_neighbours", self.n_neighbours)

    @property
    def reads(self) -> frozenset[str]:
        """The sequences, of which the InterPro entries, and the networks."""
        return frozenset({SEQUENCE, NETWORKS})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> DomainInputs:
        domains = domains_of(dataset)
        if not domains.shape[1]:
            raise InputError(
                "sequence_features: found no InterPro entry, expected some, which this model reads; build the dataset"
                " with annotations whose With/From column names them"
            )
        network = strongest_edges(joined_graph(dataset), self.n_neighbours)
        looped = csr_array(network / max(float(network.max()), 1e-12) + eye_array(dataset.n_genes, dtype=np.float32))
        fixed = Preparation(
            genes=dataset.genes, feature_names=dataset.feature_names, networks=tuple(sorted(dataset.networks))
        )
        return DomainInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=like or fixed,
            muting=muting,
            entries=torch.from_numpy(domains.indices.astype(np.int64)),
            starts=torch.from_numpy(domains.indptr[:-1].astype(np.int64)),
            n_entries=domains.shape[1],
            adjacency=normalised_adjacency(looped),
        )

    def _shape(self, inputs: DomainInputs) -> dict[str, int]:
        return {"n_entries": inputs.n_entries}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        return _Convolutions(**shape, hidden=self.hidden, n_layers=self.n_layers, n_outputs=n_outputs, p=self.dropout)


def strongest_edges(network: csr_array, n_neighbours: int) -> csr_array:
    """Keep the edges that are among the strongest of either gene; equal edges count in the order of the genes.

    Parameters
    ----------
    network : csr_array of float32, shape (n_genes, n_genes)
        Symmetric.
    n_neighbours : int
    """
    rows = np.repeat(np.arange(network.shape[0]), np.diff(network.indptr))
    order = np.lexsort((network.indices, -network.data, rows))
    rank: NDArray[np.intp] = np.empty(network.nnz, dtype=np.intp)
    rank[order] = np.arange(network.nnz) - network.indptr[:-1][rows]  # rows are blocks, before and after
    strong = rank < n_neighbours
    kept = csr_array((network.data[strong], (rows[strong], network.indices[strong])), shape=network.shape)
    return csr_array(kept.maximum(kept.T))


class _Convolutions(nn.Module):
    """The sum of the entries' embeddings, residual convolutions over all genes, a linear output for the rows given."""

    def __init__(self, *, n_entries: int, hidden: int, n_layers: int, n_outputs: int, p: float) -> None:
        super().__init__()
        self.entries = nn.EmbeddingBag(n_entries, hidden, mode="sum")
        self.offset = nn.Parameter(torch.zeros(hidden))
        self.layers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(n_layers))
        self.dropout = nn.Dropout(p)
        self.output = nn.Linear(hidden, n_outputs)
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.xavier_uniform_(parameter)

    def forward(self, inputs: DomainInputs, rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        logits: Tensor = self.output(self.embed(inputs, rows))
        return logits

    def embed(self, inputs: DomainInputs, rows: Tensor) -> Tensor:
        """Return what the output layer reads, shape (n_rows, hidden)."""
        embedded = self.entries(inputs.entries, inputs.starts) + self.offset
        hidden = self.dropout(torch.relu(embedded))  # (n_genes, hidden)
        for number, layer in enumerate(self.layers, start=1):
            around = symmetric_product(inputs.adjacency, hidden)
            if number == len(self.layers):  # nobody reads the other genes' last state
                around, hidden = around[rows], hidden[rows]
            hidden = self.dropout(torch.relu(layer(around))) + hidden
        return hidden if self.layers else hidden[rows]
