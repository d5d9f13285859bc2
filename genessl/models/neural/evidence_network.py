"""The weak evidence's neural network: what electronic annotations, taken together, say about each term."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from genessl.data.dataset import GeneDataset
from genessl.models.base import Arrays, check_range
from genessl.models.neural.electronic_trust import evidence_by_source, usable_sources
from genessl.models.neural.training import NeuralPredictor

_FEWEST_GENES = 3
_SMALL = 0.04


class EvidenceNetwork(NeuralPredictor):
    """Multilayer network on electronic annotations, each pair of source and term being an input of its own.

    So it learns which source to believe about which term, and what a term by one source says about other terms. While
    training it sees some genes without any of their annotations, and each gene without some of them, so that a gene
    that has few or none still gets good scores. Sources are chosen as `ElectronicTrust` chooses them.

    Parameters
    ----------
    hidden : int, default=384
        Width of the hidden layers.
    dropout : float, default=0.5
        Share of hidden units left out while training, in [0, 0.99].
    bare : float, default=0.15
        Share of genes shown without electronic annotations while training, in [0, 0.99].
    masked : float, default=0.1
        Share of the others' electronic annotations left out while training, in [0, 0.99].
    learning_rate : float, default=1e-3
    weight_decay : float, default=1e-4
    batch_size : int or None, default=256
        The most genes in a step; fewer where that gives less than five steps an epoch. None for all in one step.
    max_epochs : int, default=80
    patience : int, default=5
        Epochs without a smaller loss on the validation genes before training stops.
    min_genes : int, default=5
        Labelled genes that a term needs to be learned.
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0

    Attributes
    ----------
    inputs_ : dict of str to ndarray of int
        The columns of the terms read from each source; together, in order, the inputs.
    """

    def __init__(
        self,
        *,
        hidden: int = 384,
        dropout: float = 0.5,
        bare: float = 0.15,
        masked: float = 0.1,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int | None = 256,
        max_epochs: int = 80,
        patience: int = 5,
        min_genes: int = 5,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.bare = bare
        self.masked = masked
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
        check_range("bare", self.bare, 0.0, 0.99)
        check_range("masked", self.masked, 0.0, 0.99)

    def _fit(self, dataset: GeneDataset) -> None:
        self.choose_inputs(dataset)
        super()._fit(dataset)

    def choose_inputs(self, dataset: GeneDataset) -> None:
        """Choose what to read: what at least three genes have, and of inputs that the same genes have the first."""
        self.inputs_: dict[str, NDArray[np.intp]] = {}
        genes = np.random.default_rng(self.seed).random(dataset.n_genes)
        seen: set[float] = set()
        for source, labels in usable_sources(dataset).items():
            n_genes = np.bincount(labels.indices, minlength=dataset.n_terms)
            marks = np.round(np.asarray(genes @ labels.astype(np.float64)).ravel(), 9)
            columns = []
            for column in np.flatnonzero(n_genes >= _FEWEST_GENES).tolist():
                if marks[column] not in seen:
                    seen.add(marks[column])
                    columns.append(column)
            self.inputs_[source] = np.array(columns, dtype=np.intp)

    def _inputs(self, dataset: GeneDataset) -> dict[str, Any]:
        sources = evidence_by_source(dataset)
        none = csr_array((dataset.n_genes, dataset.n_terms), dtype=bool)
        parts = [csr_array(sources.get(name, none)[:, columns]) for name, columns in self.inputs_.items()]
        evidence = csr_array(hstack([csr_array((dataset.n_genes, 0), dtype=bool), *parts], format="csr"))
        return {
            "inputs": torch.from_numpy(evidence.indices.astype(np.int64)),
            "starts": torch.from_numpy(evidence.indptr.astype(np.int64)),
        }

    def _n_genes(self, inputs: dict[str, Any]) -> int:
        return len(inputs["starts"]) - 1

    def _shape(self, inputs: dict[str, Any]) -> dict[str, int]:
        return {"n_inputs": sum(len(columns) for columns in self.inputs_.values())}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        return _EvidenceModule(shape["n_inputs"], self.hidden, n_outputs, self.dropout, self.bare, self.masked)

    def _state(self) -> Arrays:
        columns = {f"input.{name}": columns.astype(np.int64) for name, columns in self.inputs_.items()}
        return {**super()._state(), **columns}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "sources": list(self.inputs_)}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.inputs_ = {name: arrays[f"input.{name}"].astype(np.intp) for name in facts["sources"]}
        super()._restore(arrays, facts, folder)


class _EvidenceModule(nn.Module):
    """Sum of the embeddings of what a gene has, a residual layer, and a linear output."""

    def __init__(self, n_inputs: int, hidden: int, n_outputs: int, p: float, bare: float, masked: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(max(1, n_inputs), hidden)
        nn.init.normal_(self.embedding.weight, std=_SMALL)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.norm = nn.LayerNorm(hidden)
        self.layer = nn.Sequential(nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.ReLU())
        self.dropout = nn.Dropout(p)
        self.output = nn.Linear(hidden, n_outputs)
        self.bare, self.masked = bare, masked

    def forward(self, inputs: dict[str, Any], rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        logits: Tensor = self.output(self.embed(inputs, rows))
        return logits

    def embed(self, inputs: dict[str, Any], rows: Tensor) -> Tensor:
        """Return what the output layer reads, shape (n_rows, hidden)."""
        total = embedding_bag(*self._shown(inputs, rows), mode="sum", include_last_offset=True)
        hidden = self.dropout(torch.relu(self.norm(total + self.bias)))  # (n_rows, hidden)
        embedded: Tensor = self.dropout(hidden + self.layer(hidden))
        return embedded

    def _shown(self, inputs: dict[str, Any], rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs of the rows one after the other, the embeddings, and where each row starts."""
        starts = inputs["starts"]
        counts = starts[rows + 1] - starts[rows]
        ends = torch.cumsum(counts, dim=0)
        gene = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), counts)
        position = torch.arange(len(gene), device=rows.device) - (ends - counts)[gene] + starts[rows][gene]
        if self.training:
            shown = torch.rand(len(gene), device=rows.device) >= self.masked
            shown &= (torch.rand(len(rows), device=rows.device) >= self.bare)[gene]
            position, gene = position[shown], gene[shown]
            ends = torch.cumsum(torch.bincount(gene, minlength=len(rows)), dim=0)
        return inputs["inputs"][position], self.embedding.weight, torch.cat([ends.new_zeros(1), ends])
