"""FeatureDiffusion, a denoising diffusion model of a gene's features given its terms and its difficulty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from genessl.errors import InputError
from genessl.models.base import Arrays, check_count, check_range
from genessl.models.neural.threads import suitable_threads
from genessl.semi_supervised.generative.denoiser import Denoiser, cosine_schedule
from genessl.semi_supervised.generative.principal_space import PrincipalSpace


class FeatureDiffusion(BaseEstimator):  # type: ignore[misc]
    """A conditional diffusion model [1]_ that draws features of genes with given terms and a given difficulty.

    Features are whitened into `n_components` principal components z_0 and noised by the cosine schedule of [2]_,

    z_t = alpha_t z_0 + sigma_t e,  e ~ N(0, 1),  alpha_t^2 + sigma_t^2 = 1,

    and a residual module learns v_t = alpha_t e - sigma_t z_0 [3]_ from z_t, t, the terms and the difficulty. Each of
    the two conditions is dropped at random in training, so that one module holds the four models with and without them.
    Sampling leads from noise to features and adds no new noise on the way [4]_, with classifier-free guidance [5]_ by
    the given conditions,

    v = v(none) + guidance (v(conditions) - v(none)).

    The condition on difficulty follows [6]_.

    Parameters
    ----------
    n_components : int, default=64
        Number of principal components; fewer if there are fewer genes or columns.
    hidden : int, default=192
        Width of the module.
    n_blocks : int, default=2
        Number of residual blocks.
    label_width : int, default=64
        Length of the linear embedding of the terms.
    n_steps : int, default=100
        Number of noise levels, and of steps of sampling.
    n_updates : int, default=2000
        Number of steps of the optimiser.
    batch_size : int, default=256
    learning_rate : float, default=1e-3
    dropped : float, default=0.15
        Share of the training examples shown without terms, and share shown without difficulty; in [0, 0.99].
    decay : float, default=0.998
        Decay of the moving average of the weights, which is used for sampling; in [0, 0.9999].
    guidance : float, default=1.0
        At least 0; 1 is the conditional model itself, and larger values exaggerate the effect of the conditions.
    seed : int, default=0

    Attributes
    ----------
    space_ : PrincipalSpace
        The principal components.
    network_ : Denoiser
        The trained module.

    References
    ----------
    .. [1] J. Ho, A. Jain, P. Abbeel, Denoising diffusion probabilistic models, NeurIPS 2020,
       doi:10.48550/arXiv.2006.11239
    .. [2] A. Nichol, P. Dhariwal, Improved denoising diffusion probabilistic models, ICML 2021,
       doi:10.48550/arXiv.2102.09672
    .. [3] T. Salimans, J. Ho, Progressive distillation for fast sampling of diffusion models, ICLR 2022,
       doi:10.48550/arXiv.2202.00512
    .. [4] J. Song, C. Meng, S. Ermon, Denoising diffusion implicit models, ICLR 2021, doi:10.48550/arXiv.2010.02502
    .. [5] J. Ho, T. Salimans, Classifier-free diffusion guidance, 2022, doi:10.48550/arXiv.2207.12598
    .. [6] Z. Wang et al., Training data synthesis with difficulty controlled diffusion model, 2024,
       doi:10.48550/arXiv.2411.18109
    """

    def __init__(
        self,
        *,
        n_components: int = 64,
        hidden: int = 192,
        n_blocks: int = 2,
        label_width: int = 64,
        n_steps: int = 100,
        n_updates: int = 2000,
        batch_size: int = 256,
        learning_rate: float = 1e-3,
        dropped: float = 0.15,
        decay: float = 0.998,
        guidance: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.n_components = n_components
        self.hidden = hidden
        self.n_blocks = n_blocks
        self.label_width = label_width
        self.n_steps = n_steps
        self.n_updates = n_updates
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.dropped = dropped
        self.decay = decay
        self.guidance = guidance
        self.seed = seed

    def check_parameters(self) -> None:
        """Raise InputError for a parameter out of range."""
        for name in ("n_components", "hidden", "n_blocks", "label_width", "n_steps", "n_updates", "batch_size"):
            check_count(name, getattr(self, name))
        check_count("seed", self.seed, 0)
        check_range("learning_rate", self.learning_rate, 0.0, low_included=False)
        check_range("dropped", self.dropped, 0.0, 0.99)
        check_range("decay", self.decay, 0.0, 0.9999)
        check_range("guidance", self.guidance, 0.0)

    def fit(self, features: NDArray[np.float32], labels: csr_array, difficulty: NDArray[np.float64]) -> Self:
        """Learn from real genes.

        Parameters
        ----------
        features : ndarray of float32, shape (n_genes, n_features)
        labels : csr_array of bool, shape (n_genes, n_terms)
            Closed upwards.
        difficulty : ndarray of float, shape (n_genes,)
            In [0, 1].

        Raises
        ------
        InputError
            If a parameter or a difficulty is out of range, if the numbers of rows differ, or if there are fewer than
            two genes.
        """
        self.check_parameters()
        _check_genes(features, labels, difficulty)
        self.space_ = PrincipalSpace.fit(features, self.n_components, self.seed)
        with suitable_threads(self._largest_product(self.batch_size, labels.shape[1])), torch.random.fork_rng():
            torch.manual_seed(self.seed)
            network = self._network(self.space_.n_components, labels.shape[1])
            terms_per_gene = max(1.0, labels.nnz / labels.shape[0])
            nn.init.normal_(network.terms.weight, std=terms_per_gene**-0.5)
            self.network_ = self._train(network, self.space_.encode(features), labels, difficulty)
        return self

    def _network(self, n_components: int, n_terms: int) -> Denoiser:
        return Denoiser(n_components, n_terms, self.hidden, self.n_blocks, self.label_width)

    def _largest_product(self, n_genes: int, n_terms: int) -> int:
        """Return the number of multiplications of the largest product of a step."""
        widths = (n_terms * self.label_width, 2 * self.hidden**2, self.space_.n_components * self.hidden)
        return n_genes * max(widths)

    def _train(
        self, network: Denoiser, latent: NDArray[np.float32], labels: csr_array, difficulty: NDArray[np.float64]
    ) -> Denoiser:
        average = AveragedModel(network, multi_avg_fn=_rising_average(self.decay))
        random = np.random.default_rng(self.seed)
        optimiser = torch.optim.AdamW(network.parameters(), lr=self.learning_rate)
        rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.n_updates)
        clean, level = torch.from_numpy(latent), torch.from_numpy(difficulty.astype(np.float32))
        every_term = torch.from_numpy(labels.toarray().astype(np.float32))
        alpha, sigma = cosine_schedule(self.n_steps)
        for _ in range(self.n_updates):
            rows = random.integers(0, len(latent), self.batch_size)
            step = torch.from_numpy(random.integers(1, self.n_steps + 1, self.batch_size))
            shown = torch.from_numpy(random.random((2, self.batch_size)) >= self.dropped)
            start, noise = clean[rows], torch.randn(self.batch_size, clean.shape[1])
            a, s = alpha[step, None], sigma[step, None]
            terms = every_term[rows] * shown[0, :, None]
            found = network(a * start + s * noise, step / self.n_steps, terms, level[rows], shown[1])
            loss = (found - (a * noise - s * start)).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
            average.update_parameters(network)
        return cast(Denoiser, average.module.eval())

    def sample(
        self,
        labels: csr_array,
        difficulty: NDArray[np.float64] | float | None,
        *,
        seed: int,
        like: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Draw the features of one synthetic gene for each row of labels.

        Parameters
        ----------
        labels : csr_array of bool, shape (n, n_terms)
        difficulty : ndarray of float, shape (n,), or float, or None
            In [0, 1]; with None samples are drawn without a condition on difficulty.
        seed : int
        like : ndarray of float32, shape (n, n_features), optional
            Features of real genes. The part of the features that the components do not represent is copied from them;
            without them it is the mean of all genes.

        Returns
        -------
        ndarray of float32, shape (n, n_features)

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        InputError
            If a difficulty is out of range.
        """
        if not hasattr(self, "network_"):
            raise NotFittedError("this FeatureDiffusion is not fitted; call fit first")
        level = np.full(labels.shape[0], np.nan) if difficulty is None else np.broadcast_to(difficulty, labels.shape[0])
        if difficulty is not None:
            _check_level(level)
        with suitable_threads(self._largest_product(*labels.shape)):
            return self.space_.decode(self._denoise(labels, level, seed), like)

    @torch.no_grad()
    def _denoise(self, labels: csr_array, level: NDArray[np.float64], seed: int) -> NDArray[np.float32]:
        """Draw whitened components, by denoising from the last step down to step 0."""
        random = np.random.default_rng(seed)
        alpha, sigma = cosine_schedule(self.n_steps)
        normal = random.standard_normal((labels.shape[0], self.space_.n_components), dtype=np.float32)
        latent = sigma[self.n_steps] * torch.from_numpy(normal)
        condition = self.network_.condition(*self._conditions(labels, level))
        for step in range(self.n_steps, 0, -1):
            clean, noise = self._split(latent, step, condition)
            latent = alpha[step - 1] * clean + sigma[step - 1] * noise
        return latent.numpy()

    def _conditions(self, labels: csr_array, level: NDArray[np.float64]) -> tuple[Tensor, Tensor, Tensor]:
        known = ~np.isnan(level)
        terms = torch.from_numpy(labels.toarray().astype(np.float32))
        return terms, torch.from_numpy(np.where(known, level, 0.0).astype(np.float32)), torch.from_numpy(known)

    def _split(self, latent: Tensor, step: int, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return the clean components and the noise that the guided module finds in noised components."""
        alpha, sigma = (part[step] for part in cosine_schedule(self.n_steps))
        time = torch.full((len(latent),), step / self.n_steps)
        velocity = self.network_.velocity(latent, time, condition)
        if self.guidance != 1.0:
            free = self.network_.velocity(latent, time, self.network_.no_condition(len(latent)))
            velocity = free + self.guidance * (velocity - free)
        return alpha * latent - sigma * velocity, sigma * latent + alpha * velocity

    def pack(self) -> Arrays:
        """Return the learned arrays by name."""
        weights = {f"network.{name}": value.numpy() for name, value in self.network_.state_dict().items()}
        return {**weights, **self.space_.pack()}

    def unpack(self, arrays: Arrays) -> Self:
        """Restore the learned state from what `pack` returned."""
        weights = {k.removeprefix("network."): v for k, v in arrays.items() if k.startswith("network.")}
        self.space_ = PrincipalSpace.unpack(arrays)
        self.network_ = self._network(self.space_.n_components, weights["terms.weight"].shape[1])
        self.network_.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
        self.network_.eval()
        return self


def _rising_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """Return torch's exponential average with a decay of min(decay, (n + 1) / (n + 10)) after n updates."""

    def update(means: Sequence[Tensor], weights: Sequence[Tensor], n_averaged: Tensor | int) -> None:
        n = int(n_averaged)
        follow = get_ema_multi_avg_fn(min(decay, (n + 1) / (n + 10)))  # type: ignore[no-untyped-call]
        follow(means, weights, n_averaged)

    return update


def _check_level(level: NDArray[np.float64]) -> None:
    wrong = level[~((level >= 0) & (level <= 1))]
    if len(wrong):
        raise InputError(f"difficulty: found {wrong[0]:g}, expected numbers in [0, 1]")


def _check_genes(features: NDArray[np.float32], labels: csr_array, difficulty: NDArray[np.float64]) -> None:
    _check_level(difficulty)
    if not len(features) == labels.shape[0] == len(difficulty) or len(features) < 2:
        raise InputError(
            f"found {len(features)} rows of features, {labels.shape[0]} of labels and {len(difficulty)} difficulties,"
            " expected as many of each, and two at least"
        )
