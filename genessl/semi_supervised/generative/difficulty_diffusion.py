"""Difficulty diffusion: a diffusion model draws training examples for rare terms, at a chosen difficulty."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import clone
from torch import nn

from genessl.data.dataset import VALIDATION, GeneDataset
from genessl.data.sparse import pack_sparse, unpack_sparse
from genessl.models.base import Arrays, check_count, check_range
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.objective import MakeObjective
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.neural.training import ModuleView
from genessl.models.supervision import Supervision
from genessl.models.view import SEQUENCE, check_module_view
from genessl.semi_supervised.generative.difficulty import as_difficulty, as_ranks, cross_fitted_scores, relative_loss
from genessl.semi_supervised.generative.feature_diffusion import FeatureDiffusion
from genessl.semi_supervised.generative.samples import SampleObjective, Samples, draw_genes, far_from, rare_terms
from genessl.semi_supervised.view_strategy import ViewStrategy

_log = logging.getLogger(__name__)


class DifficultyDiffusion(ViewStrategy):
    """Train a view with examples that a diffusion model draws for rare terms, at a chosen difficulty, after [1]_.

    It learns from the labels, the sequences and synthetic samples of labelled genes. It does not learn from unlabelled
    genes; samples that lie too near to them are dropped. It is not transductive.

    1. The view is trained by cross-fitting on the training genes. A gene's difficulty is the rank of its relative loss:
       how much more its terms cost than the same terms cost other genes (see `relative_loss`).
    2. A `FeatureDiffusion` learns the training genes' features given their terms and their difficulty.
    3. A term of `fewest` to `most` training genes is rare. For each rare term, `per_term` of its genes are drawn. For
       each of these the diffusion model draws a sample with the gene's terms at the chosen difficulty. The part of the
       features that the model's components do not represent is copied from the gene.
    4. Held-out genes are the unlabelled genes and the validation genes. A sample is dropped if it lies nearer to a
       held-out gene than real training genes usually lie to genes of other families; `closeness` is the share of
       training genes that may lie as near (see `far_from`).
    5. The view is trained on all labels. Each step takes as many samples as genes, and multiplies their loss by
       `weight`.

    Labels of validation genes choose epochs, count in the terms' information, and train the final view. The generator
    is fitted on training genes only.

    Parameters
    ----------
    view : SequenceNetwork, optional
        By default one with `min_genes` of `fewest`.
    level : {'easy', 'medium', 'hard'}, float in [0, 1], or None, default='medium'
        The difficulty: 0.1, 0.5, 0.9, or the share of training genes that are easier. With None samples are drawn
        without a condition on difficulty.
    per_term : int, default=4
        Number of samples of each rare term; with 0 the view is fitted on the labels alone.
    fewest, most : int, default=3 and 10
        Fewest and most training genes of a rare term.
    weight : float, default=0.5
        Weight of the samples' loss, at least 0.
    guidance : float, default=2.0
        See `FeatureDiffusion`.
    n_components, n_updates : int, default=64 and 2000
        See `FeatureDiffusion`.
    closeness : float, default=0.05
        In [0, 1]; 0 drops samples nearer to a held-out gene than any training gene is to a validation gene.
    n_folds : int, default=5
        Number of folds of the cross-fitting.
    n_epochs : int, optional
        Epochs of the view's final training; by default as many as the validation genes choose for the labels alone.
        The default suits common terms; rare terms need more.
    device : {'auto', 'cpu', 'cuda'}
        Device of the default view; the diffusion model runs on the CPU.
    seed : int, default=0

    Attributes
    ----------
    view_ : SequenceNetwork
        The trained view, which predicts.
    label_epochs_ : int
        Epochs that the validation genes choose for the labels alone.
    difficulty_ : ndarray of float, shape (n_genes,)
        In (0, 1), in order of the genes' identifiers; NaN for all but labelled training genes.
    generator_ : FeatureDiffusion or None
        None if `per_term` is 0 or no term is rare.
    generated_terms_ : ndarray of int
        Columns of the terms that the generator reads.
    samples_ : ndarray of float32, shape (n_samples, n_features)
        Features of the samples, scaled as the view's inputs.
    sample_labels_ : csr_array of bool, shape (n_samples, n_terms)
        Labels of the samples, closed upwards.
    n_dropped_ : int
        Number of samples that were too near to held-out genes.

    References
    ----------
    .. [1] Z. Wang et al., Training data synthesis with difficulty controlled diffusion model, 2024,
       doi:10.48550/arXiv.2411.18109
    """

    def __init__(
        self,
        *,
        view: ModuleView | None = None,
        level: str | float | None = "medium",
        per_term: int = 4,
        fewest: int = 3,
        most: int = 10,
        weight: float = 0.5,
        guidance: float = 2.0,
        n_components: int = 64,
        n_updates: int = 2000,
        closeness: float = 0.05,
        n_folds: int = 5,
        n_epochs: int | None = None,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.view = view
        self.level = level
        self.per_term = per_term
        self.fewest = fewest
        self.most = most
        self.weight = weight
        self.guidance = guidance
        self.n_components = n_components
        self.n_updates = n_updates
        self.closeness = closeness
        self.n_folds = n_folds
        self.n_epochs = n_epochs
        self.device = device
        self.seed = seed

    def _make_view(self) -> ModuleView:
        default = SequenceNetwork(min_genes=self.fewest, device=self.device, seed=self.seed)
        view: ModuleView = clone(self.view or default)
        return view

    def _generator(self) -> FeatureDiffusion:
        return FeatureDiffusion(
            n_components=self.n_components, n_updates=self.n_updates, guidance=self.guidance, seed=self.seed
        )

    def _check_parameters(self) -> None:
        for name in ("fewest", "most"):
            check_count(name, getattr(self, name))
        check_count("per_term", self.per_term, 0)
        check_count("n_folds", self.n_folds, 2)
        check_count("seed", self.seed, 0)
        if self.n_epochs is not None:
            check_count("n_epochs", self.n_epochs)
        check_range("weight", self.weight, 0.0)
        check_range("closeness", self.closeness, 0.0, 1.0)
        as_difficulty(self.level)
        check_module_view("view", self.view, frozenset({SEQUENCE}))
        super()._check_parameters()
        self._generator().check_parameters()

    def _n_epochs(
        self, view: ModuleView, inputs: ModuleInputs, supervision: Supervision, objective: MakeObjective[ModuleInputs]
    ) -> int:
        return self.n_epochs or self.label_epochs_

    def _objective(
        self, dataset: GeneDataset, inputs: ModuleInputs, supervision: Supervision
    ) -> MakeObjective[ModuleInputs]:
        epochs = self._make_view().choose_epochs(inputs, supervision).n_epochs
        assert epochs is not None
        self.label_epochs_ = epochs
        samples = self._make_samples(dataset, inputs, supervision.only(~supervision.validation))
        self.samples_, self.sample_labels_ = samples.features, samples.labels

        def make(module: nn.Module, inputs: ModuleInputs, chosen: Supervision) -> SampleObjective:
            drawn = samples.select(chosen.columns)
            return SampleObjective(module, inputs, chosen, drawn, weight=self.weight, seed=self.seed)

        return make

    def _make_samples(self, dataset: GeneDataset, inputs: ModuleInputs, training: Supervision) -> Samples:
        """Measure the difficulty of the training genes, and draw samples for their rare terms."""
        self.difficulty_ = np.full(dataset.n_genes, np.nan)
        self.generator_: FeatureDiffusion | None = None
        self.generated_terms_, self.n_dropped_ = np.empty(0, dtype=np.intp), 0
        features, rare = inputs.features.cpu().numpy(), rare_terms(training, self.fewest, self.most)
        if not self.per_term or not len(rare):
            if self.per_term:
                _log.warning("no term has %d to %d training genes; no sample is made", self.fewest, self.most)
            return Samples.none(features.shape[1], dataset.n_terms, len(dataset.aspects))
        settings = {"n_epochs": self.label_epochs_, "n_folds": self.n_folds, "seed": self.seed}
        scores = cross_fitted_scores(self._make_view(), inputs, training, **settings)
        self.difficulty_ = as_ranks(relative_loss(scores, training, dataset.accretion))
        apart = (np.diff(dataset.positive.indptr) > 0) & (dataset.split == VALIDATION)
        return self._generate(features, training, rare, apart)

    def _generate(
        self,
        features: NDArray[np.float32],
        training: Supervision,
        rare: NDArray[np.intp],
        apart: NDArray[np.bool_],
    ) -> Samples:
        """Fit the generator, and return samples that lie far enough from held-out genes."""
        targets = csr_array(training.targets.astype(bool))
        known = np.flatnonzero(~np.isnan(self.difficulty_))
        self.generated_terms_ = np.flatnonzero(training.n_positive >= self.fewest)
        shown = csr_array(targets[:, self.generated_terms_])
        generator = self._generator().fit(features[known], csr_array(shown[known]), self.difficulty_[known])
        self.generator_ = generator
        genes = draw_genes(targets, rare, self.per_term, self.seed)
        level = as_difficulty(self.level)
        drawn = generator.sample(csr_array(shown[genes]), level, seed=self.seed, like=features[genes])
        held_out = np.setdiff1d(np.arange(len(features)), known)
        far = far_from(drawn, features[known], features[apart], features[held_out], self.closeness)
        self.n_dropped_ = int((~far).sum())
        _log.info("%d rare terms: %d samples, %d too near to held-out genes", len(rare), far.sum(), self.n_dropped_)
        return Samples(drawn, csr_array(targets[genes]), training.labelled[genes]).take(far)

    def _state(self) -> Arrays:
        learned: Arrays = {} if self.generator_ is None else self.generator_.pack()
        facts = {"difficulty": self.difficulty_, "generated_terms": self.generated_terms_.astype(np.int64)}
        return {**super()._state(), **learned, **facts, "samples": self.samples_} | pack_sparse(
            "sample_labels", self.sample_labels_
        )

    def _facts(self) -> dict[str, Any]:
        numbers = {"n_dropped": self.n_dropped_, "label_epochs": self.label_epochs_}
        return {**super()._facts(), **numbers, "generated": self.generator_ is not None}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.n_dropped_, self.label_epochs_ = int(facts["n_dropped"]), int(facts["label_epochs"])
        self.difficulty_, self.generated_terms_ = arrays["difficulty"], arrays["generated_terms"].astype(np.intp)
        self.samples_, self.sample_labels_ = arrays["samples"], unpack_sparse("sample_labels", arrays)
        self.generator_ = self._generator().unpack(arrays) if facts["generated"] else None
