"""Self-supervised pretraining: a view's module first learns to restore masked features, and then the terms."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, softplus

from genessl.data.dataset import GeneDataset
from genessl.models.base import Arrays, check_count, check_range
from genessl.models.neural.inputs import FeatureInputs, GraphInputs, ModuleInputs
from genessl.models.neural.layers import MultiNetworkConvolution
from genessl.models.neural.objective import MakeObjective, Objective
from genessl.models.neural.training import ModuleView
from genessl.models.supervision import Supervision
from genessl.semi_supervised.generative.feature_model import mean_output, zero_one_columns
from genessl.semi_supervised.view_strategy import ViewStrategy

_log = logging.getLogger(__name__)


class Pretrained(ViewStrategy):
    """Pretrain the body of a view's module on all genes without labels, then fit the view from there as usual.

    It learns from the labels and from what its view reads. Unlabelled genes are used in the pretraining only. It is
    transductive only if its view is.

    This is self-supervised pretraining followed by supervised fine-tuning, and not semi-supervised learning: unlabelled
    genes shape the weights from which the fit starts, and no term is predicted for them in training.

    A sequence view restores masked features (see `MaskedFeatures`), a network view masked nodes (see `MaskedNodes`).
    The body, which is the whole module but the output layer, is pretrained once. The training that chooses the epochs
    and the final training both start from this body, with an output layer that starts at the terms' frequencies and
    with a new optimiser.

    Parameters
    ----------
    view : SequenceNetwork or GraphNetwork, optional
        By default a `SequenceNetwork`.
    pretraining_epochs : int, default=30
        Number of epochs of pretraining. An epoch over all genes has as many steps as the view takes for that many
        labelled genes. With 0 the view is fitted from a random start.
    masked : float, optional
        Share that is masked in a step, in (0, 0.9]: of the values of each gene for a sequence view (by default 0.3), of
        the genes for a network view (by default 0.5).
    gamma : float, default=2.0
        Exponent of the scaled cosine error of a network view, at least 1; a larger exponent gives less weight to nodes
        that are easily restored.
    learning_rate : float, optional
        Learning rate of the pretraining by Adam; by default the view's own.
    device : {'auto', 'cpu', 'cuda'}
        Device of the default view.
    seed : int, default=0

    Attributes
    ----------
    reconstruction_ : list of float
        Mean loss on masked values in each epoch of pretraining, each measured before the step that learns from them. A
        loss of about 1 means that the module ignores the gene's other values, or its neighbours.
    """

    def __init__(
        self,
        *,
        view: ModuleView | None = None,
        pretraining_epochs: int = 30,
        masked: float | None = None,
        gamma: float = 2.0,
        learning_rate: float | None = None,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.view = view
        self.pretraining_epochs = pretraining_epochs
        self.masked = masked
        self.gamma = gamma
        self.learning_rate = learning_rate
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_count("pretraining_epochs", self.pretraining_epochs, 0)
        if self.masked is not None:
            check_range("masked", self.masked, 0.0, 0.9, low_included=False)
        check_range("gamma", self.gamma, 1.0)
        if self.learning_rate is not None:
            check_range("learning_rate", self.learning_rate, 0.0, low_included=False)
        check_count("seed", self.seed, 0)

    def _objective(
        self, dataset: GeneDataset, inputs: ModuleInputs, supervision: Supervision
    ) -> MakeObjective[ModuleInputs]:
        self.reconstruction_: list[float] = []
        if not self.pretraining_epochs:
            return Objective
        view = self._make_view()
        with torch.random.fork_rng():  # so that the fit draws the same numbers as without pretraining
            torch.manual_seed(self.seed)
            task = self._task(view.fresh_module(inputs, 1), inputs)
            rate = view.learning_rate if self.learning_rate is None else self.learning_rate
            self.reconstruction_ = self._pretrain(task, view.n_batches(inputs.n_genes), rate)
        body = body_of(task.module)

        def make(module: nn.Module, inputs: ModuleInputs, supervision: Supervision) -> Objective:
            return FineTuning(module, inputs, supervision, body)

        return make

    def _task(self, module: nn.Module, inputs: ModuleInputs) -> MaskedFeatures | MaskedNodes:
        if not inputs.by_gene:
            return MaskedNodes(module, inputs, masked=0.5 if self.masked is None else self.masked, gamma=self.gamma)
        return MaskedFeatures(module, inputs, masked=0.3 if self.masked is None else self.masked)

    def _pretrain(self, task: MaskedFeatures | MaskedNodes, n_steps: int, learning_rate: float) -> list[float]:
        """Train a task's module and its decoder in place; return the mean loss of each epoch."""
        optimiser = torch.optim.Adam(task.parameters(), lr=learning_rate)
        random, history = np.random.default_rng(self.seed), []
        task.train()
        for _ in range(self.pretraining_epochs):
            losses = []
            for rows in task.steps(random, n_steps):
                optimiser.zero_grad()
                loss: Tensor = task.loss(rows)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                losses.append(loss.detach())
            history.append(float(torch.stack(losses).mean()))
        _log.info("pretraining: %d epochs, loss %.3f and at last %.3f", len(history), history[0], history[-1])
        return history

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "reconstruction": self.reconstruction_}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.reconstruction_ = list(facts["reconstruction"])


class FineTuning(Objective):
    """The loss of the labelled genes, for a module that starts from a pretrained body.

    The parameters are those of `Objective`, and `body` as `body_of` returns it.
    """

    def __init__(
        self, module: nn.Module, inputs: ModuleInputs, supervision: Supervision, body: dict[str, Tensor]
    ) -> None:
        super().__init__(module, inputs, supervision)
        module.load_state_dict({**module.state_dict(), **body})


class MaskedFeatures(nn.Module):
    """Restore masked features of a gene from its other features, as a denoising autoencoder does [1]_.

    A share `masked` of the values x of each gene is replaced by the same feature's values in genes drawn at random,
    which keeps each feature's distribution [2]_. The module's body reads the result, and a linear decoder returns z:
    the feature, or the logit of a feature of 0 and 1. The loss is the mean of l over the replaced values only, which is
    the full emphasis of [1]_, in units of the loss of each feature's mean m:

    l(x, z) / mean l(x, m), with l(x, z) = (x - z)^2 / 2, or log(1 + exp(z)) - x z for a feature of 0 and 1.

    This is one of the two tasks of [2]_; the other, to predict which values were replaced, is not used.

    Parameters
    ----------
    module : nn.Module
        It has `embed`, which is trained, and `output`, which is not changed.
    inputs : FeatureInputs
    masked : float
        In (0, 1).

    References
    ----------
    .. [1] P. Vincent et al., Stacked denoising autoencoders: learning useful representations in a deep network with a
       local denoising criterion, Journal of Machine Learning Research 11, 3371-3408, 2010
    .. [2] J. Yoon et al., VIME: extending the success of self- and semi-supervised learning to tabular domain,
       NeurIPS 2020
    """

    def __init__(self, module: nn.Module, inputs: FeatureInputs, *, masked: float) -> None:
        super().__init__()
        features: Tensor = inputs.features
        self.module, self.inputs, self.features, self.masked = module, inputs, features, masked
        self.present = zero_one_columns(features)
        mean = mean_output(features, self.present)
        self.cost_of_mean = self.cost(features, mean).mean().clamp(min=1e-6)
        width: int = module.output.in_features  # type: ignore[union-attr, assignment]
        self.decoder = nn.Linear(width, features.shape[1])
        with torch.no_grad():  # the decoder starts at the means and ignores the gene
            self.decoder.weight.zero_()
            self.decoder.bias.copy_(mean)
        self.to(features.device)

    def steps(self, random: np.random.Generator, n_steps: int) -> list[NDArray[np.intp]]:
        """Return the genes of each step of an epoch; every gene is in one step."""
        return np.array_split(random.permutation(len(self.features)), n_steps)

    def loss(self, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss of some genes, of whose values a share is masked."""
        features = self.features[torch.from_numpy(rows).to(self.features.device)]  # (n_rows, n_features)
        hidden = torch.rand_like(features) < self.masked
        output = self.restore(torch.where(hidden, drawn_values(self.features, len(rows)), features))
        return (self.cost(features, output) * hidden).sum() / hidden.sum().clamp(min=1) / self.cost_of_mean

    def restore(self, features: Tensor) -> Tensor:
        """Return z, given features some of which are replaced; both have the shape (n_rows, n_features)."""
        everyone = torch.arange(len(features), device=features.device)
        restored: Tensor = self.decoder(self.module.embed(replace(self.inputs, features=features), everyone))  # type: ignore[operator]
        return restored

    def cost(self, features: Tensor, output: Tensor) -> Tensor:
        """Return l of each value, shape (n_rows, n_features)."""
        square = 0.5 * (features - output).square()
        return torch.where(self.present, softplus(output) - features * output, square)


class MaskedNodes(nn.Module):
    """Restore the features of masked genes from their neighbours: the masked graph autoencoder GraphMAE [1]_.

    The features of a share `masked` of the genes are replaced by a learned token, which starts at the features' means.
    The module's body, with its convolutions if it has any, is the encoder. The hidden states of the masked genes are
    then set to 0, so that they are restored from their neighbours alone. A decoder of one convolution over the same
    networks and a linear layer returns z. The loss is the scaled cosine error of the masked genes (see
    `scaled_cosine_error`) with respect to x, the features standardised over genes; without this a gene's degree would
    outweigh its embedding.

    Parameters
    ----------
    module : nn.Module
        It has `embed`, which is trained, and `output`, which is not changed.
    inputs : GraphInputs
    masked : float
        In (0, 1); at least one gene is masked.
    gamma : float
        At least 1.

    References
    ----------
    .. [1] Z. Hou et al., GraphMAE: self-supervised masked graph autoencoders, KDD 2022, doi:10.1145/3534678.3539321
    """

    def __init__(self, module: nn.Module, inputs: GraphInputs, *, masked: float, gamma: float) -> None:
        super().__init__()
        features: Tensor = inputs.features
        self.module, self.inputs, self.gamma = module, inputs, gamma
        self.n_masked = max(1, round(masked * len(features)))
        mean, spread = features.mean(dim=0), features.std(dim=0, correction=0)
        self.target = (features - mean) / spread.clamp(min=1e-6)
        width: int = module.output.in_features  # type: ignore[union-attr, assignment]
        self.token = nn.Parameter(mean.clone())
        self.to_decoder = nn.Linear(width, width, bias=False)
        self.convolution = MultiNetworkConvolution(width, len(inputs.adjacencies))
        self.decoder = nn.Linear(width, features.shape[1])
        self.to(features.device)

    def steps(self, random: np.random.Generator, n_steps: int) -> list[NDArray[np.intp]]:
        """Return the genes that are masked in each step of an epoch; all genes are in the graph in every step."""
        return [random.permutation(len(self.target))[: self.n_masked] for _ in range(n_steps)]

    def loss(self, rows: NDArray[np.intp]) -> Tensor:
        """Return the loss of some genes, which are masked together."""
        masked = torch.from_numpy(rows).to(self.target.device)
        return scaled_cosine_error(self.target[masked], self.restore(self.inputs.features, masked), self.gamma)

    def restore(self, features: Tensor, masked: Tensor) -> Tensor:
        """Return z of masked genes, shape (n_masked, n_features), given the features of all genes."""
        seen = features.index_put((masked,), self.token)
        everyone = torch.arange(len(features), device=features.device)
        hidden = self.to_decoder(self.module.embed(replace(self.inputs, features=seen), everyone))  # type: ignore[operator]
        hidden = hidden.index_fill(0, masked, 0.0)
        restored: Tensor = self.decoder(self.convolution(hidden, self.inputs.adjacencies)[masked])
        return restored


def scaled_cosine_error(target: Tensor, output: Tensor, gamma: float) -> Tensor:
    """Return the mean over genes of (1 - x . z / (|x| |z|))^gamma, given x and z, each of shape (n, n_features)."""
    error = 1.0 - cosine_similarity(target, output, dim=1)
    return error.clamp(min=0.0).pow(gamma).mean()  # rounding may give a negative error, whose power is undefined


def drawn_values(features: Tensor, n: int) -> Tensor:
    """Draw each value of n genes from its feature's values over all genes; shape (n, n_features)."""
    donors = torch.randint(len(features), (n, features.shape[1]), device=features.device)
    return features.gather(0, donors)


def body_of(module: nn.Module) -> dict[str, Tensor]:
    """Return the weights of all layers but the output layer, by name."""
    return {name: weight for name, weight in module.state_dict().items() if not name.startswith("output.")}
