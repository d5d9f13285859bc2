"""A variational autoencoder whose classifier is a view: it learns from the features of unlabelled genes too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from genessl.data.dataset import GeneDataset
from genessl.models.base import Arrays, check_count, check_range
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.objective import MakeObjective, Objective, Rows
from genessl.models.neural.training import ModuleView
from genessl.models.supervision import Supervision
from genessl.semi_supervised.generative.feature_model import FeatureModel, straight_through, zero_one_columns
from genessl.semi_supervised.view_strategy import ViewStrategy


class VariationalAutoencoder(ViewStrategy):
    """Train a view as the classifier in a generative model of its features: model M2 of [1]_, with many terms per gene.

    It learns from the labels and from what its view reads. Unlabelled genes are used: the model must explain their
    features as well. It is transductive only if its view is.

    Features x of a gene come from its terms y and a latent z: p(x, y, z) = p(y) p(z) p(x|y, z), where p(y) holds each
    term's frequency, p(z) is standard normal, and p(x|y, z) is a normal density for a measured column and a Bernoulli
    probability for one that holds only 0 and 1. The view's module is q(y|x), Bernoulli for each term, and a small
    multilayer perceptron is q(z|x, y). The cost of a gene, in nats, is the bound -log p(x, y) <= L(x, y) where y is
    known, and -log p(x) <= U(x) = E_q(y|x)[L(x, y)] - H(q(y|x)) where it is not:

    L(x, y) = E_q(z|x,y)[-log p(x|y, z)] - log p(y) + KL(q(z|x, y) || p(z))

    If a gene has experiments in one aspect only, the vector y holds known terms there and inferred terms elsewhere. The
    objective is the labels' cross-entropy + `weight` * (mean cost of as many genes, drawn from all) / n_features, which
    is the classifier's weight alpha of [1]_ in units of the bound.

    The expectation over y cannot be computed over all values of thousands of terms. One y is drawn from q(y|x), and its
    gradient is that of the binary Concrete variable [2]_ at `temperature`, straight through the rounding [3]_. Both
    q(z|x, y) and p(x|y, z) therefore read terms that are 0 or 1, known or not. The cost is an unbiased estimate of the
    bound, and only the gradient is approximate. The entropy, the prior's part of U and KL are exact.

    Parameters
    ----------
    view : SequenceNetwork or GraphNetwork, optional
        The classifier; by default a `SequenceNetwork`. With a `GraphNetwork`, x holds the node features.
    weight : float, default=1.0
        Weight of the bound in nats per feature, at least 0; with 0 the view is fitted on the labels alone.
    latent : int, default=16
        Length of z.
    hidden : int, default=128
        Width of the hidden layers of q(z|x, y) and p(x|y, z).
    label_width : int, default=32
        Length of the linear embedding through which both read y.
    temperature : float, default=0.67
        Above 0; a smaller temperature makes the gradient less biased and noisier.
    device : {'auto', 'cpu', 'cuda'}
        Device of the default view.
    seed : int, default=0

    Attributes
    ----------
    view_ : NeuralView
        The trained classifier, which predicts.
    model_ : FeatureModel
        q(z|x, y) and p(x|y, z).

    References
    ----------
    .. [1] D. P. Kingma et al., Semi-supervised learning with deep generative models, NeurIPS 2014,
       doi:10.48550/arXiv.1406.5298
    .. [2] C. J. Maddison et al., The Concrete distribution: a continuous relaxation of discrete random variables,
       ICLR 2017, doi:10.48550/arXiv.1611.00712
    .. [3] Y. Bengio et al., Estimating or propagating gradients through stochastic neurons for conditional computation,
       2013, doi:10.48550/arXiv.1308.3432
    """

    def __init__(
        self,
        *,
        view: ModuleView | None = None,
        weight: float = 1.0,
        latent: int = 16,
        hidden: int = 128,
        label_width: int = 32,
        temperature: float = 0.67,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.view = view
        self.weight = weight
        self.latent = latent
        self.hidden = hidden
        self.label_width = label_width
        self.temperature = temperature
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_range("weight", self.weight, 0.0)
        check_range("temperature", self.temperature, 0.0, low_included=False)
        for name in ("latent", "hidden", "label_width"):
            check_count(name, getattr(self, name))
        check_count("seed", self.seed, 0)

    def _objective(
        self, dataset: GeneDataset, inputs: ModuleInputs, supervision: Supervision
    ) -> MakeObjective[ModuleInputs]:
        def make(module: nn.Module, inputs: ModuleInputs, supervision: Supervision) -> VariationalObjective:
            present = zero_one_columns(inputs.features)
            with torch.random.fork_rng():  # so that the classifier draws the same numbers as without the model
                torch.manual_seed(self.seed)
                model = self._feature_model(present, len(supervision.aspect_of_term)).to(present.device)
                model.start_at(inputs.features, supervision.frequency)
            self.model_ = model  # the last training, on all labels, overwrites those before it
            return VariationalObjective(
                module, inputs, supervision, model, weight=self.weight, temperature=self.temperature, seed=self.seed
            )

        return make

    def _feature_model(self, present: Tensor, n_terms: int) -> FeatureModel:
        return FeatureModel(
            present, n_terms=n_terms, latent=self.latent, hidden=self.hidden, label_width=self.label_width
        )

    def _state(self) -> Arrays:
        weights = {f"model.{name}": value.detach().cpu().numpy() for name, value in self.model_.state_dict().items()}
        return {**super()._state(), **weights}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        weights = {k.removeprefix("model."): v for k, v in arrays.items() if k.startswith("model.")}
        self.model_ = self._feature_model(torch.from_numpy(weights["present"].copy()), len(self.view_.fitted_.columns))
        self.model_.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
        self.model_.to(self.view_._device())


class VariationalObjective(Objective):
    """The labels' cross-entropy, plus the bound of `VariationalAutoencoder` for genes drawn from all genes.

    Parameters
    ----------
    module, inputs, supervision
        As for `Objective`; the module is q(y|x).
    model : FeatureModel
        On the module's device.
    weight, temperature : float
    seed : int
        Seed of the choice of genes.
    """

    inputs: ModuleInputs

    def __init__(
        self,
        module: nn.Module,
        inputs: ModuleInputs,
        supervision: Supervision,
        model: FeatureModel,
        *,
        weight: float,
        temperature: float,
        seed: int,
    ) -> None:
        super().__init__(module, inputs, supervision)
        self.model, self.weight, self.temperature = model, weight, temperature
        # taught labels count as unknown here, and are inferred
        self.experiments = replace(supervision, taught_weight=0.0)
        self.prior = torch.logit(torch.from_numpy(supervision.frequency)).to(inputs.features.device)
        self.random = np.random.default_rng(seed)

    def parameters(self) -> list[nn.Parameter]:
        """Return the parameters of the classifier and, unless `weight` is 0, of the model."""
        return super().parameters() + (list(self.model.parameters()) if self.weight else [])

    def loss(self, rows: Rows) -> Tensor:
        """Return the loss of a step; with weight 0 no random number is drawn."""
        supervised = super().loss(rows)
        if not self.weight:
            return supervised
        n_genes, n_features = self.inputs.features.shape
        bound: Tensor = self.cost(drawn_genes(self.random, n_genes, len(rows))).mean() / n_features
        return supervised + self.weight * bound

    def cost(self, rows: NDArray[np.intp]) -> Tensor:
        """Return each gene's L(x, y), or U(x) where its terms are unknown, in nats, shape (n_rows,)."""
        genes = torch.from_numpy(rows).to(self.prior.device)
        features, logits = self.inputs.features[genes], self.module(self.inputs, genes)
        targets, weights = (torch.from_numpy(array).to(self.prior.device) for array in self.experiments.batch(rows))
        known = weights > 0
        labels = torch.where(known, targets, straight_through(logits, self.temperature))  # (n_rows, n_terms)
        mean, log_variance = self.model.encode(features, labels)
        latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)  # (n_rows, latent)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(dim=1)
        output = self.model.decode(labels, latent)
        return self.model.feature_cost(features, output) + divergence + self.label_cost(targets, known, logits)

    def label_cost(self, targets: Tensor, known: Tensor, logits: Tensor) -> Tensor:
        """Return -log p(y) of known terms plus KL(q(y|x) || p(y)) of the others, shape (n_rows,)."""
        probable = torch.sigmoid(logits)
        expected = torch.where(known, targets, probable)
        entropy = torch.where(known, torch.zeros_like(logits), softplus(logits) - probable * logits)
        return (softplus(self.prior) - expected * self.prior - entropy).sum(dim=1)


def drawn_genes(random: np.random.Generator, n_genes: int, n_rows: int) -> NDArray[np.intp]:
    """Draw the genes of a step without replacement; return row numbers, shape (n_rows,)."""
    return random.choice(n_genes, size=n_rows, replace=False).astype(np.intp)
