"""The network of the sequence view: labels read along homology, domains and embeddings, and features."""

from __future__ import annotations

import torch
from torch import nn

from genessl.data.dataset import GeneDataset
from genessl.features.muting import Muting
from genessl.features.relations import enough_neighbours, sequence_relations
from genessl.features.scaling import FeatureScaling, block_factors
from genessl.models.base import check_flag
from genessl.models.inputs import Preparation
from genessl.models.neural.attribution import feature_blocks
from genessl.models.neural.inputs import FeatureInputs
from genessl.models.neural.layers import sparse_tensor
from genessl.models.neural.perceptron import Perceptron
from genessl.models.neural.training import NeuralView
from genessl.models.view import SEQUENCE


class SequenceNetwork(NeuralView[FeatureInputs]):
    """Labels of similar proteins, and a multilayer perceptron on the sequence view.

    It learns from the labels and the sequences. Unlabelled genes only enter the means and standard deviations by which
    features are scaled, and the weights of domains and embeddings. It is transductive: the genes that it was fitted
    with must be in the dataset to predict.

    A gene's logits are the sum of two parts. The label path (see `LabelPath`) reads the labels of its homologs, of the
    genes with common domains and of those with the nearest embeddings (as many as hold twenty labelled genes on
    average), and never its own. The perceptron reads k-mers,
    homology profile, domains, and embeddings where given; it is trained to add what the label path does not tell.

    Columns are standardised by the mean and standard deviation of the genes that the view was fitted with; columns of 0
    and 1 are not scaled. The embeddings of a protein then have the length 20, its composition 10 and its homology
    profile 5, in the mean square. The inputs also hold the copies with substitutions of the dataset, on the same scale,
    for strategies that perturb sequences; the view itself does not read them.

    Parameters
    ----------
    label_path : bool, default=True
        Whether labels of other genes are read. Without them the view is the perceptron alone and not transductive.
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
    min_genes : int, default=3
        Fewest genes, labelled or taught, that a term needs for the perceptron. The label path scores rarer terms alone;
        without one they score 0.
    device : {'auto', 'cpu', 'cuda'}
    seed : int, default=0
    """

    takes_objective = True
    draws_apart = True

    def __init__(
        self,
        *,
        label_path: bool = True,
        hidden: int = 512,
        dropout: float = 0.5,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int | None = 256,
        max_epochs: int = 60,
        patience: int = 5,
        min_genes: int = 3,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.label_path = label_path
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

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_flag("label_path", self.label_path)

    @property
    def transductive(self) -> bool:  # type: ignore[override]
        """Whether labels of other genes are read."""
        return self.label_path

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
            n_neighbours=enough_neighbours(dataset),
        )
        scaling, n_neighbours = preparation.scaling, preparation.n_neighbours
        assert scaling is not None and n_neighbours is not None
        copies, factors = dataset.substituted, block_factors(dataset.feature_names)
        relations = sequence_relations(dataset, muting, n_neighbours=n_neighbours) if self.label_path else {}
        return FeatureInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=preparation,
            muting=muting,
            relations=tuple(map(sparse_tensor, relations.values())),
            relation_names=tuple(relations),
            blocks=feature_blocks(dataset.feature_names),
            features=torch.from_numpy(scaling.keep_zero_one(dataset.sequence_features) * factors),
            substituted=None
            if copies is None
            else torch.from_numpy(scaling.keep_zero_one(copies) * factors[: copies.shape[-1]]),
        )

    def _shape(self, inputs: FeatureInputs) -> dict[str, int]:
        return {"n_features": int(inputs.features.shape[1])}

    def _module(self, shape: dict[str, int], n_outputs: int) -> nn.Module:
        return Perceptron(shape["n_features"], self.hidden, n_outputs, self.dropout)
