"""The multilayer perceptron of the sequence view."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genessl.data.dataset import GeneDataset
from genessl.features.muting import Muting
from genessl.features.scaling import FeatureScaling
from genessl.models.inputs import Preparation
from genessl.models.neural.inputs import FeatureInputs
from genessl.models.neural.training import NeuralView
from genessl.models.view import SEQUENCE


class SequenceNetwork(NeuralView[FeatureInputs]):
    """Multilayer perceptron on the sequence view: k-mers, homology profile, domains, and embeddings where given.

    It learns from the labels and the sequences. Unlabelled genes only enter the means and standard deviations by which
    features are scaled. It is not transductive.

    Columns are standardised by the mean and standard deviation of the genes that the view was fitted with; columns of 0
    and 1 are not scaled. The inputs also hold the copies with substitutions of the dataset, on the same scale, for
    strategies that perturb sequences; the view itself does not read them.

    Parameters
    ----------
    hidden : int, default=512
        Width of the hidden layer.
    dropout : float, default=0.5
        Share of hidden units left out in training, in [0, 0.99]; a fifth of it for inputs.
    learning_rate : float, default=1e-3
    weight_decay : float, default=1e-4
    batch_size : int or None, default=256
        The most genes in a step; smaller where an epoch would have fewer than five steps. None for all in one step.
    max_epochs : int, default=60
    patience : int, default=5
        Epochs without a smaller loss on the validation genes before training stops.
    min_genes : int, default=5
        Fewest genes, labelled or taught, that a term needs to be learned.
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0
    """

    takes_objective = True

    def __init__(
        self,
        *,
        hidden: int = 512,
        dropout: float = 0.5,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int | None = 256,
        max_epochs: int = 60,
        patience: int = 5,
        min_genes: int = 5,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.min_genes = min_genes
        self.device = device
        self.seed = seed

    @property
    def reads(self) -> frozenset[str]:
        """The sequence view."""
        return frozenset({SEQUENCE})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> FeatureInputs:
        suspects = None if muting is None else muting.suspects
        preparation = like or Preparation(
            genes=dataset.genes,
            feature_names=dataset.feature_names,
            scaling=FeatureScaling.learn(dataset.sequence_features, suspects),
        )
        scaling = preparation.scaling
        assert scaling is not None
        copies = dataset.substituted
        return FeatureInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=preparation,
            muting=muting,
            features=torch.from_numpy(scaling.keep_zero_one(dataset.sequence_features)),
            substituted=None if copies is None else torch.from_numpy(scaling.keep_zero_one(copies)),
        )

    def _shape(self, inputs: FeatureInputs) -> dict[str, int]:
        return {"n_features": int(inputs.features.shape[1])}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        return _Perceptron(shape["n_features"], self.hidden, n_outputs, self.dropout)


class _Perceptron(nn.Module):
    """A multilayer perceptron of one hidden layer."""

    def __init__(self, n_features: int, hidden: int, n_outputs: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Dropout(dropout / 5), nn.Linear(n_features, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.output = nn.Linear(hidden, n_outputs)

    def forward(self, inputs: FeatureInputs, rows: Tensor) -> Tensor:
        """Return logits, shape (n_rows, n_outputs)."""
        logits: Tensor = self.output(self.embed(inputs, rows))
        return logits

    def embed(self, inputs: FeatureInputs, rows: Tensor) -> Tensor:
        """Return what the output layer reads, shape (n_rows, hidden)."""
        hidden: Tensor = self.body(inputs.features[rows])
        return hidden
