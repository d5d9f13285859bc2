"""Feature matching: a view also learns to distinguish real genes from the fake genes that a generator draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.models.base import check_count, check_range
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.objective import MakeObjective, Objective, Rows
from genessl.models.neural.training import ModuleView
from genessl.models.supervision import Supervision
from genessl.models.view import NETWORKS
from genessl.semi_supervised.generative.feature_model import mean_output, straight_through, zero_one_columns
from genessl.semi_supervised.generative.variational_autoencoder import drawn_genes
from genessl.semi_supervised.view_strategy import ViewStrategy


class FeatureMatchingGAN(ViewStrategy):
    """Train a view's module also to distinguish real genes from generated ones, by feature matching [1]_.

    It learns from the labels and the sequences. Unlabelled genes are used: they are real genes among those that the
    module must distinguish from fakes. It is not transductive.

    With f(x) the hidden state before the module's last layer, which classifier and discriminator share, and
    D(x) = sigmoid(h f(x) + b), the module minimises the labels' cross-entropy

    + `weight` * (E_real[-log D(x)] + E_fake[-log(1 - D(x))]) / 2

    over as many real genes, drawn from all genes, as there are labelled ones in the step, and as many fakes x = G(z)
    with a standard normal z. After each step of the module the generator G takes a step of its own optimiser (Adam),
    which minimises |E_real f(x) - E_fake f(x)|^2. In [1]_, where classes exclude each other, a fake is one more class.
    A gene has many terms at once, so that real or fake is a separate output h here.

    Columns that hold only 0 and 1 are also 0 or 1 in fakes, with the gradient of the binary Concrete variable;
    otherwise fractions would make fakes recognisable.

    Parameters
    ----------
    view : SequenceNetwork, optional
        By default a `SequenceNetwork`. A network view is refused, because a fake gene has no place in a graph.
    weight : float, default=0.03
        Weight of the discrimination, at least 0; with 0 the view is fitted on the labels alone.
    latent : int, default=32
        Length of z.
    hidden : int, default=128
        Width of the generator's hidden layer.
    temperature : float, default=0.67
        Temperature of the columns drawn as 0 or 1, above 0.
    learning_rate : float, default=1e-3
        Learning rate of the generator.
    device : {'auto', 'cpu', 'cuda'}
        Device of the default view.
    seed : int, default=0

    References
    ----------
    .. [1] T. Salimans et al., Improved techniques for training GANs, NeurIPS 2016, doi:10.48550/arXiv.1606.03498
    """

    def __init__(
        self,
        *,
        view: ModuleView | None = None,
        weight: float = 0.03,
        latent: int = 32,
        hidden: int = 128,
        temperature: float = 0.67,
        learning_rate: float = 1e-3,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.view = view
        self.weight = weight
        self.latent = latent
        self.hidden = hidden
        self.temperature = temperature
        self.learning_rate = learning_rate
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        if self.view is not None and NETWORKS in getattr(self.view, "reads", ()):
            raise InputError(
                "view: found a GraphNetwork, in whose graph a generated gene has no place, expected a SequenceNetwork"
            )
        super()._check_parameters()
        check_range("weight", self.weight, 0.0)
        for name in ("temperature", "learning_rate"):
            check_range(name, getattr(self, name), 0.0, low_included=False)
        check_count("latent", self.latent)
        check_count("hidden", self.hidden)
        check_count("seed", self.seed, 0)

    def _objective(
        self, dataset: GeneDataset, inputs: ModuleInputs, supervision: Supervision
    ) -> MakeObjective[ModuleInputs]:
        def make(module: nn.Module, inputs: ModuleInputs, supervision: Supervision) -> Objective:
            if not self.weight:
                return Objective(module, inputs, supervision)
            with torch.random.fork_rng():
                torch.manual_seed(self.seed)
                generator = FeatureGenerator(
                    inputs.features, latent=self.latent, hidden=self.hidden, temperature=self.temperature
                )
            return FeatureMatchingObjective(
                module,
                inputs,
                supervision,
                generator.to(inputs.features.device),
                weight=self.weight,
                learning_rate=self.learning_rate,
                seed=self.seed,
            )

        return make


class FeatureGenerator(nn.Module):
    """The generator G(z): one hidden layer, whose output starts at the means of the real features.

    Parameters
    ----------
    features : Tensor of float, shape (n_genes, n_features)
        Features of the real genes.
    latent, hidden : int
    temperature : float
    """

    present: Tensor

    def __init__(self, features: Tensor, *, latent: int, hidden: int, temperature: float) -> None:
        super().__init__()
        self.latent, self.temperature = latent, temperature
        self.register_buffer("present", zero_one_columns(features))
        self.body = nn.Sequential(nn.Linear(latent, hidden), nn.LayerNorm(hidden), nn.ReLU())
        self.output = nn.Linear(hidden, features.shape[1])
        with torch.no_grad():
            self.output.bias.copy_(mean_output(features, self.present))

    def forward(self, n: int) -> Tensor:
        """Draw features of fake genes, shape (n, n_features)."""
        output: Tensor = self.output(self.body(torch.randn(n, self.latent, device=self.present.device)))
        return torch.where(self.present, straight_through(output, self.temperature), output)


class FeatureMatchingObjective(Objective):
    """The objective of `FeatureMatchingGAN`: the labels' cross-entropy, the discrimination, and the generator's step.

    Parameters
    ----------
    module, inputs, supervision
        As for `Objective`.
    generator : FeatureGenerator
        On the module's device.
    weight, learning_rate : float
    seed : int
        Seed of the choice of genes.
    """

    inputs: ModuleInputs

    def __init__(
        self,
        module: nn.Module,
        inputs: ModuleInputs,
        supervision: Supervision,
        generator: FeatureGenerator,
        *,
        weight: float,
        learning_rate: float,
        seed: int,
    ) -> None:
        super().__init__(module, inputs, supervision)
        self.generator, self.weight = generator, weight
        width: int = module.output.in_features  # type: ignore[union-attr, assignment]
        self.head = nn.Linear(width, 1).to(inputs.features.device)
        self.optimiser = torch.optim.Adam(generator.parameters(), lr=learning_rate, betas=(0.5, 0.999))
        self.random = np.random.default_rng(seed)
        self.real = np.empty(0, dtype=np.intp)

    def parameters(self) -> list[nn.Parameter]:
        """Return the parameters of the module and of the output that distinguishes real genes from fakes."""
        return [*super().parameters(), *self.head.parameters()]

    def loss(self, rows: Rows) -> Tensor:
        """Return the loss of a step."""
        supervised = super().loss(rows)
        self.real = drawn_genes(self.random, len(self.inputs.features), len(rows))
        fakes = self.generator(len(rows)).detach()
        told = real_or_fake(self.head(self.hidden(self.real)), self.head(self.hidden_of(fakes)))
        return supervised + self.weight * told

    def hidden(self, rows: NDArray[np.intp]) -> Tensor:
        """Return f(x) of real genes, shape (n_rows, hidden)."""
        return self.hidden_of(self.inputs.features[torch.from_numpy(rows).to(self.inputs.features.device)])

    def hidden_of(self, features: Tensor) -> Tensor:
        """Return f(x) of features, shape (n, hidden)."""
        everyone = torch.arange(len(features), device=features.device)
        hidden: Tensor = self.module.embed(replace(self.inputs, features=features), everyone)  # type: ignore[operator]
        return hidden

    def after_step(self) -> None:
        """Move the generator towards the mean hidden state of the step's real genes."""
        with torch.no_grad():
            real = self.hidden(self.real)
        distance = matching(real, self.hidden_of(self.generator(len(self.real))))
        parameters = list(self.generator.parameters())
        for parameter, gradient in zip(parameters, torch.autograd.grad(distance, parameters)):
            parameter.grad = gradient  # backward() would also leave gradients in the view's module
        self.optimiser.step()


def real_or_fake(real: Tensor, fake: Tensor) -> Tensor:
    """Return (E_real[-log D] + E_fake[-log(1 - D)]) / 2 in nats, given the logits of D."""
    return 0.5 * (softplus(-real).mean() + softplus(fake).mean())


def matching(real: Tensor, fake: Tensor) -> Tensor:
    """Return |E_real f - E_fake f|^2, given the hidden states, each of shape (n_genes, hidden)."""
    return (real.mean(dim=0) - fake.mean(dim=0)).square().sum()
