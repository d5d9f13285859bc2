"""The multilayer perceptron of the electronic view, which predicts terms from all electronic annotations of a gene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from genessl.data.dataset import GeneDataset
from genessl.features.muting import Muting
from genessl.models.base import check_range
from genessl.models.inputs import Preparation
from genessl.models.neural.attribution import integrated_gradients
from genessl.models.neural.electronic_trust import evidence_by_source, usable_sources
from genessl.models.neural.inputs import NeuralInputs
from genessl.models.neural.layers import Drawing, Dropout
from genessl.models.neural.training import NeuralView
from genessl.models.reasons import Reason
from genessl.models.view import ELECTRONIC

_FEWEST_GENES = 3
_SMALL = 0.04


@dataclass(frozen=True, eq=False, kw_only=True)
class EvidenceInputs(NeuralInputs):
    """The electronic annotations of each gene, one gene after the other.

    Parameters
    ----------
    annotations : Tensor of int64, shape (n_annotations,)
        Number of the pair of source and term of each annotation.
    starts : Tensor of int64, shape (n_genes + 1,)
        Position in `annotations` at which each gene's annotations start.
    named : tuple of (str, str), n_inputs
        Source and term of each input.
    """

    annotations: Tensor
    starts: Tensor
    named: tuple[tuple[str, str], ...] = ()


class EvidenceNetwork(NeuralView[EvidenceInputs]):
    """Multilayer perceptron on electronic annotations; each pair of source and term is an input.

    It learns from the labels and the electronic annotations. Unlabelled genes only decide which sources and columns are
    used. It is not transductive.

    It learns how reliable each source is for each term, and what a term by one source says about other terms. In
    training some genes lose all of their annotations and the others lose some, so that a gene with few or no
    annotations also gets good scores. Sources are chosen as in `ElectronicTrust`. The columns are chosen when the view
    is fitted: those that at least three genes have, and the first of several columns that the same genes have.

    Parameters
    ----------
    hidden : int, default=384
        Width of the hidden layers.
    dropout : float, default=0.5
        Share of hidden units left out while training, in [0, 0.99].
    bare : float, default=0.15
        Share of genes that lose all electronic annotations in a training step, in [0, 0.99].
    masked : float, default=0.1
        Share of the other genes' electronic annotations that are left out in a training step, in [0, 0.99].
    learning_rate : float, default=1e-3
    weight_decay : float, default=1e-4
    batch_size : int or None, default=256
        The most genes in a step; smaller where an epoch would have fewer than five steps. None for all in one step.
    max_epochs : int, default=80
    patience : int, default=5
        Epochs without a smaller loss on the validation genes before training stops.
    min_genes : int, default=5
        Fewest labelled genes that a term needs to be learned.
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0
    """

    draws_apart = True

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

    @property
    def reads(self) -> frozenset[str]:
        """The electronic annotations."""
        return frozenset({ELECTRONIC})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> EvidenceInputs:
        preparation = like or Preparation(genes=dataset.genes, evidence=chosen_columns(usable_sources(dataset)))
        sources = evidence_by_source(dataset)
        none = csr_array((dataset.n_genes, dataset.n_terms), dtype=bool)
        parts = [csr_array(sources.get(name, none)[:, columns]) for name, columns in preparation.evidence.items()]
        evidence = csr_array(hstack([csr_array((dataset.n_genes, 0), dtype=bool), *parts], format="csr"))
        return EvidenceInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=preparation,
            muting=muting,
            annotations=torch.from_numpy(evidence.indices.astype(np.int64)),
            starts=torch.from_numpy(evidence.indptr.astype(np.int64)),
            named=tuple(
                (source, dataset.ontology.terms[column])
                for source, columns in preparation.evidence.items()
                for column in columns.tolist()
            ),
        )

    def _feature_reasons(
        self, module: nn.Module, inputs: EvidenceInputs, row: int, output: int
    ) -> tuple[float, list[Reason]]:
        """Share out the logit among the annotations of the gene."""
        own = inputs.annotations[inputs.starts[row] : inputs.starts[row + 1]]
        shown = torch.ones(len(own), device=own.device)

        def logit(shares: Tensor) -> Tensor:
            total = shares @ module.embedding.weight[own]  # type: ignore[index,union-attr]
            return module.output(module.from_sum(total))[:, output]  # type: ignore[no-any-return,operator]

        start, parts = integrated_gradients(logit, shown)
        named = [inputs.named[number] for number in own.tolist()]
        return start, [Reason("electronic", name, term, 1.0, float(part)) for (name, term), part in zip(named, parts)]

    def _shape(self, inputs: EvidenceInputs) -> dict[str, int]:
        return {"n_inputs": sum(len(columns) for columns in inputs.preparation.evidence.values())}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        return _EvidenceModule(shape["n_inputs"], self.hidden, n_outputs, self.dropout, self.bare, self.masked)


def chosen_columns(sources: Mapping[str, csr_array]) -> dict[str, NDArray[np.intp]]:
    """Return the columns to read from each source.

    Parameters
    ----------
    sources : mapping of str to csr_array of bool, shape (n_genes, n_terms)

    Returns
    -------
    dict of str to ndarray of int
        Columns that at least three genes have. Of several columns that the same genes have, in this source or in
        another, only the first is kept.
    """
    chosen: dict[str, NDArray[np.intp]] = {}
    seen: set[bytes] = set()
    for source, labels in sources.items():
        by_term = labels.tocsc()
        by_term.sort_indices()
        columns = []
        for column in np.flatnonzero(np.diff(by_term.indptr) >= _FEWEST_GENES).tolist():
            genes = by_term.indices[by_term.indptr[column] : by_term.indptr[column + 1]].tobytes()
            if genes not in seen:
                seen.add(genes)
                columns.append(column)
        chosen[source] = np.array(columns, dtype=np.intp)
    return chosen


class _EvidenceModule(Drawing):
    """The sum of the embeddings of a gene's annotations, a residual layer, and a linear output."""

    def __init__(self, n_inputs: int, hidden: int, n_outputs: int, p: float, bare: float, masked: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(max(1, n_inputs), hidden)
        nn.init.normal_(self.embedding.weight, std=_SMALL)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.norm = nn.LayerNorm(hidden)
        self.layer = nn.Sequential(nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.ReLU())
        self.dropout = Dropout(p)
        self.output = nn.Linear(hidden, n_outputs)
        self.bare, self.masked = bare, masked

    def forward(self, inputs: EvidenceInputs, rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        logits: Tensor = self.output(self.embed(inputs, rows))
        return logits

    def embed(self, inputs: EvidenceInputs, rows: Tensor) -> Tensor:
        """Return what the output layer reads, shape (n_rows, hidden)."""
        return self.from_sum(embedding_bag(*self._shown(inputs, rows), mode="sum", include_last_offset=True))

    def from_sum(self, total: Tensor) -> Tensor:
        """Return what the output layer reads, given the sum of the embeddings of each gene's annotations."""
        hidden = self.dropout(torch.relu(self.norm(total + self.bias)))  # (n_rows, hidden)
        embedded: Tensor = self.dropout(hidden + self.layer(hidden))
        return embedded

    def _shown(self, inputs: EvidenceInputs, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the annotations of the rows, one row after the other, the embeddings, and where each row starts."""
        starts = inputs.starts
        counts = starts[rows + 1] - starts[rows]
        ends = torch.cumsum(counts, dim=0)
        gene = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), counts)
        position = torch.arange(len(gene), device=rows.device) - (ends - counts)[gene] + starts[rows][gene]
        if self.training:
            shown = self._chances(len(gene), rows.device) >= self.masked
            shown &= (self._chances(len(rows), rows.device) >= self.bare)[gene]
            position, gene = position[shown], gene[shown]
            ends = torch.cumsum(torch.bincount(gene, minlength=len(rows)), dim=0)
        return inputs.annotations[position], self.embedding.weight, torch.cat([ends.new_zeros(1), ends])

    def _chances(self, count: int, device: torch.device) -> Tensor:
        return torch.rand(count, device=device, generator=self.generator)
