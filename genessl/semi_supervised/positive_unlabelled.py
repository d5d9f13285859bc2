"""Positive-unlabelled learning: a term that is not annotated does not count as absent without doubt."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import clone
from torch import Tensor, nn
from torch.nn.functional import softplus

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.models.base import Arrays, GenePredictor, check_count, check_range
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.objective import MakeObjective, Objective, Rows, on_device, on_host
from genessl.models.neural.training import ModuleView
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.stopping import Judge
from genessl.semi_supervised.view_strategy import ViewStrategy

_log = logging.getLogger(__name__)
TREATMENTS = ("cross_entropy", "non_negative_risk", "co_annotation")
_LEAST_VALIDATION_GENES = 10


class PositiveUnlabelled(ViewStrategy):
    """Train a view without counting every term that is not annotated as absent.

    It learns from the labels and from what its view reads. Unlabelled genes are used by the treatment
    `non_negative_risk` and not by the others. It is transductive only if its view is.

    A gene that is annotated in an aspect may have further terms there that nobody has tested. The usual loss,
    `cross_entropy`, counts these as absent. There are two other treatments:

    - `non_negative_risk` [1]_: for each term, with P its annotated genes, U all genes, annotated or not, pi the share
      of genes that have it, and l the logistic loss, the risk is
      pi E_P[l(f, 1)] + max(0, E_U[l(f, 0)] - pi E_P[l(f, 0)]). The second part is the loss of absence on U, corrected
      for the genes in U that have the term. pi is the term's frequency among the genes annotated in the aspect times
      `prior_factor`, because annotations are incomplete.
    - `co_annotation`, evidence-based negatives similar to [2]_: an absent term t of a gene weighs 1 - c in the usual
      loss. c is the largest share, over the gene's terms s in the aspect that are no ancestors of t, of the genes with
      s that have t. If two terms often occur together, the absence of one of them is weak evidence.

    By default the validation genes choose among the three treatments: views are trained without their labels, and the
    treatment with the highest weighted F-max on them is used. With fewer than ten labelled validation genes the usual
    loss is used.

    Parameters
    ----------
    view : NeuralView, optional
        By default a `SequenceNetwork`.
    treatment : {'validated', 'cross_entropy', 'non_negative_risk', 'co_annotation'}
    prior_factor : float, default=1.5
        Assumed ratio of the genes that have a term to those annotated with it, at least 1; for `non_negative_risk`.
    device : {'auto', 'cpu', 'cuda'}
        Device of the default view.
    seed : int, default=0

    Attributes
    ----------
    view_ : NeuralView
        The view with the trained module.
    treatment_ : str
        The treatment that was given or chosen.
    validation_ : dict of str to float
        Weighted F-max on the validation genes, mean over aspects, of each treatment tried.

    References
    ----------
    .. [1] R. Kiryo et al., Positive-unlabeled learning with non-negative risk estimator, NIPS 2017
    .. [2] N. Youngs et al., Parametric Bayesian priors and better choice of negative examples improve protein function
       prediction, Bioinformatics 29, 1190-1198, 2013, doi:10.1093/bioinformatics/btt110
    """

    def __init__(
        self,
        *,
        view: ModuleView | None = None,
        treatment: str = "validated",
        prior_factor: float = 1.5,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.view = view
        self.treatment = treatment
        self.prior_factor = prior_factor
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.treatment not in ("validated", *TREATMENTS):
            raise InputError(f"treatment: found {self.treatment!r}, expected one of validated, {', '.join(TREATMENTS)}")
        check_range("prior_factor", self.prior_factor, 1.0)
        check_count("seed", self.seed, 0)

    def settled(self, dataset: GeneDataset) -> GenePredictor:
        """Return a copy with the treatment that the validation genes of a dataset choose."""
        if self.treatment != "validated":
            return self
        ordered, supervision = dataset.by_name[0], Supervision.of(dataset.by_name[0])
        found = self._compared(self._make_view().prepare(ordered), supervision, Judge.of(ordered, supervision))
        return clone(self)._settle(found)  # type: ignore[no-any-return]

    def _settle(self, found: dict[str, float]) -> Self:
        self._settled = found
        return self

    def _objective(
        self, dataset: GeneDataset, inputs: ModuleInputs, supervision: Supervision
    ) -> MakeObjective[ModuleInputs]:
        self.validation_: dict[str, float] = {}
        self.treatment_ = self.treatment
        if self.treatment == "validated":
            settled = getattr(self, "_settled", None)
            judge = Judge.of(dataset, supervision)
            self.validation_ = self._compared(inputs, supervision, judge) if settled is None else settled
            self.treatment_ = _best(self.validation_)
        return self._objective_of(self.treatment_)

    def _compared(self, inputs: ModuleInputs, supervision: Supervision, judge: Judge) -> dict[str, float]:
        """Return the weighted F-max of each treatment on the validation genes; empty if there are fewer than ten."""
        if len(judge.rows) < _LEAST_VALIDATION_GENES:
            _log.warning("fewer than %d labelled validation genes; the usual loss is used", _LEAST_VALIDATION_GENES)
            return {}
        found = {}
        for treatment in TREATMENTS:
            view = self._make_view()
            fitted = view.choose_epochs(inputs, supervision, objective=self._objective_of(treatment))
            found[treatment] = judge.quality(view.score(fitted, inputs))
            _log.info("%s: weighted F-max %.4f on validation genes", treatment, found[treatment])
        return found

    def _objective_of(self, treatment: str) -> MakeObjective[ModuleInputs]:
        if treatment == "cross_entropy":
            return Objective
        if treatment == "co_annotation":
            return _DoubtedNegatives

        def make(module: nn.Module, given: ModuleInputs, labels: Supervision) -> Objective:
            return _NonNegativeRisk(module, given, labels, self.prior_factor, self.seed)

        return make

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "treatment": self.treatment_, "validation": self.validation_}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.treatment_, self.validation_ = facts["treatment"], facts["validation"]


def _best(found: dict[str, float]) -> str:
    return max(found, key=found.__getitem__, default="cross_entropy")


class _NonNegativeRisk(Objective):
    """The mean risk over terms, for the labelled genes of a step and at most twice as many other genes."""

    def __init__(
        self, module: nn.Module, inputs: ModuleInputs, supervision: Supervision, prior_factor: float, seed: int
    ) -> None:
        super().__init__(module, inputs, supervision)
        device = next(module.parameters()).device
        prior = np.minimum(prior_factor * supervision.frequency, 1.0)
        self.prior = torch.from_numpy(prior.astype(np.float32)).to(device)  # (n_terms,)
        informative = supervision.informative
        share = supervision.n_positive / max(len(informative), 1)  # of the labelled genes that have a term
        self.share = torch.from_numpy(share.astype(np.float32)).clamp(min=1e-12).to(device)
        self.pool = np.setdiff1d(np.arange(len(supervision.genes)), informative)
        self.n_labelled = max(len(informative), 1)
        self.random = np.random.default_rng(seed)

    def loss(self, rows: Rows) -> Tensor:
        n_others = min(len(self.pool), round(len(rows) * len(self.pool) / self.n_labelled), 2 * len(rows))
        others = self.random.choice(self.pool, n_others, replace=False) if n_others else self.pool[:0]
        return self._risk(self.supervision, on_host(rows), others)

    def validation_loss(self, validation: Supervision) -> Tensor:
        rows = validation.informative
        return self._risk(validation, rows, np.setdiff1d(self.pool, rows))

    def _risk(self, labels: Supervision, rows: NDArray[np.intp], others: NDArray[np.intp]) -> Tensor:
        device = self.prior.device
        logits = self.module(self.inputs, torch.from_numpy(np.concatenate([rows, others])).to(device))
        targets = torch.from_numpy(csr_array(labels.targets[rows]).toarray()).to(device)
        return non_negative_risk(logits, targets, self.prior, self.share)


def non_negative_risk(logits: Tensor, targets: Tensor, prior: Tensor, share: Tensor) -> Tensor:
    """Return the positive-unlabelled risk, mean over terms.

    Parameters
    ----------
    logits : Tensor, shape (n_genes, n_terms)
        Logits of a sample of all genes, the labelled ones first.
    targets : Tensor of 0 and 1, shape (n_labelled, n_terms)
        1 where a labelled gene has the term.
    prior, share : Tensor, shape (n_terms,)
        The share of all genes that have a term, and the share of labelled genes that are expected to be annotated with
        it. The mean over P is divided by the expected number of annotated genes and not by the number in the batch,
        which is often 0.
    """
    expected = share * len(targets)
    labelled = logits[: len(targets)]
    present = (softplus(-labelled) * targets).sum(dim=0) / expected
    wrongly_absent = (softplus(labelled) * targets).sum(dim=0) / expected
    absent = softplus(logits).mean(dim=0)
    risk: Tensor = (prior * present + (absent - prior * wrongly_absent).clamp(min=0.0)).mean()
    return risk


class _DoubtedNegatives(Objective):
    """Binary cross-entropy in which an absent term weighs less the more often it occurs with the gene's terms."""

    def __init__(self, module: nn.Module, inputs: ModuleInputs, supervision: Supervision) -> None:
        super().__init__(module, inputs, supervision)
        self.companions = co_annotation(supervision)

    def loss(self, rows: Rows) -> Tensor:
        genes, device = on_host(rows), next(self.module.parameters()).device
        targets, weights = self.supervision.batch(genes)
        weights *= np.where(targets > 0, 1.0, 1.0 - doubt(self.supervision, self.companions, genes)).astype(np.float32)
        logits = self.module(self.inputs, on_device(rows, device))
        weight = torch.from_numpy(weights).to(device)
        total = ((softplus(logits) - logits * torch.from_numpy(targets).to(device)) * weight).sum()
        mean: Tensor = total / weight.sum().clamp(min=1.0)
        return mean


def co_annotation(supervision: Supervision) -> NDArray[np.float32]:
    """Return for two terms s (row) and t (column) of an aspect the share of the genes with s that have t.

    One gene without t is added to those with s. The share is set to 0 if the terms are of different aspects. It is
    also set to 0 if all genes with t have s, as for an ancestor s of t, because a general term is no evidence for a
    more specific one. The result is float32, shape (n_terms, n_terms).
    """
    targets = supervision.targets
    both = np.asarray((targets.T @ targets).toarray(), dtype=np.float32)
    have = np.diag(both).copy()
    share = both / (have[:, None] + 1.0)
    share[both == have[None, :]] = 0.0
    share[supervision.aspect_of_term[:, None] != supervision.aspect_of_term[None, :]] = 0.0
    return share


def doubt(supervision: Supervision, companions: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the doubt c about the absence of each term for some genes, in [0, 1): float32, shape (n_rows, n_terms)."""
    targets = csr_array(supervision.targets[rows])
    doubts = np.zeros(targets.shape, dtype=np.float32)
    for row in range(targets.shape[0]):
        own = targets.indices[targets.indptr[row] : targets.indptr[row + 1]]
        if len(own):
            doubts[row] = companions[own].max(axis=0)
    return doubts
