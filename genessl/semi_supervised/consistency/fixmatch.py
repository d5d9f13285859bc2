"""FixMatch: the confident predictions for weakly perturbed genes are the labels of strongly perturbed ones."""

from __future__ import annotations

from scipy.sparse import csr_array
from torch import nn

from genessl.data.dataset import GeneDataset
from genessl.models.base import check_range
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.objective import MakeObjective, Objective
from genessl.models.neural.training import ModuleView
from genessl.models.supervision import Supervision
from genessl.semi_supervised.consistency.objectives import MatchObjective
from genessl.semi_supervised.consistency.strategy import ConsistencyStrategy


class FixMatch(ConsistencyStrategy):
    """Train a view to give strongly perturbed genes the terms it is sure of for weakly perturbed genes [1]_.

    It learns from the labels and from what its view reads. Unlabelled genes are used: confident predictions for them
    are pseudo-labels. It is transductive only if its view is.

    L = H + w(e) / |U| sum_U [p <= lower_c or p >= upper_c] H(y, f(x')): H is the cross-entropy of the labelled genes; U
    the pairs of a gene of the batch and a term c in whose aspect the gene has no experimental label; p the probability
    for the weakly perturbed gene, without dropout; x' the strongly perturbed gene; w(e) as in `MeanTeacher`. The
    pseudo-label y is 1 from `upper_c` on and 0 up to `lower_c`. It is then closed over the ontology: a gene with a
    present term gets its ancestors as present, and a gene with an absent term gets its descendants as absent. A term
    for which both hold is present.

    Rare terms never reach a fixed threshold. Each term therefore has its own thresholds, which follow the module's
    probabilities for unlabelled genes, as in FreeMatch [2]_ and FlexMatch [3]_ for classes that exclude each other.
    Here they are scaled by the frequency pi_c of the term among the labelled genes: upper_c is a running mean, over
    batches, of the quantile 1 - quota pi_c of p over unlabelled genes, and at least pi_c; lower_c is a running mean of
    the quantile `absent`, and at most pi_c.

    Parameters
    ----------
    view : SequenceNetwork or GraphNetwork, optional
        By default a `SequenceNetwork`.
    weight : float, default=0.3
        Weight of the pseudo-labels, at least 0. With 0 the view is trained on the labels alone.
    ramp_up : int, default=5
        Epochs over which the weight grows.
    quota : float, default=0.5
        Number of unlabelled genes that may get a term as present, as a share of the number expected from its frequency,
        in (0, 1].
    absent : float, default=0.5
        Share of the unlabelled genes that may get a term as absent, in (0, 1].
    decay : float, default=0.9
        Share of a threshold that is kept in a step, in [0, 0.9999].
    ratio : int, default=1
        Number of genes, drawn from those that are unlabelled in an aspect, per labelled gene in a step.
    strength : float, default=1.0
        Size of the strong perturbation, as a multiple of `perturbations.STRONG`, in [0, 3].
    device : {'auto', 'cpu', 'cuda'}
        Device of the default view.
    seed : int, default=0

    References
    ----------
    .. [1] K. Sohn et al., FixMatch: simplifying semi-supervised learning with consistency and confidence,
       NeurIPS 2020, doi:10.48550/arXiv.2001.07685
    .. [2] Y. Wang et al., FreeMatch: self-adaptive thresholding for semi-supervised learning, ICLR 2023,
       doi:10.48550/arXiv.2205.07246
    .. [3] B. Zhang et al., FlexMatch: boosting semi-supervised learning with curriculum pseudo labeling,
       NeurIPS 2021, doi:10.48550/arXiv.2110.08263
    """

    def __init__(
        self,
        *,
        view: ModuleView | None = None,
        weight: float = 0.3,
        ramp_up: int = 5,
        quota: float = 0.5,
        absent: float = 0.5,
        decay: float = 0.9,
        ratio: int = 1,
        strength: float = 1.0,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.view = view
        self.weight = weight
        self.ramp_up = ramp_up
        self.quota = quota
        self.absent = absent
        self.decay = decay
        self.ratio = ratio
        self.strength = strength
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_range("quota", self.quota, 0.0, 1.0, low_included=False)
        check_range("absent", self.absent, 0.0, 1.0, low_included=False)

    def _objective(
        self, dataset: GeneDataset, inputs: ModuleInputs, supervision: Supervision
    ) -> MakeObjective[ModuleInputs]:
        if not self.weight:
            return Objective
        above = dataset.ontology.ancestors

        def make(module: nn.Module, inputs: ModuleInputs, chosen: Supervision) -> Objective:
            thresholds = {"quota": self.quota, "absent": self.absent, "decay": self.decay}
            ancestors = csr_array(above[chosen.columns][:, chosen.columns])
            return MatchObjective(module, inputs, chosen, schedule=self._schedule(), ancestors=ancestors, **thresholds)

        return make
