"""Mean teacher: a module is trained to agree, on perturbed inputs, with an average of its own earlier weights."""

from __future__ import annotations

from functools import partial

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.objective import MakeObjective, Objective
from genessl.models.neural.training import ModuleView
from genessl.models.supervision import Supervision
from genessl.semi_supervised.consistency.objectives import DIFFERENCES, TeacherObjective
from genessl.semi_supervised.consistency.strategy import ConsistencyStrategy


class MeanTeacher(ConsistencyStrategy):
    """Train a view to agree, on perturbed inputs of all genes, with an average of its own earlier weights [1]_.

    It learns from the labels and from what its view reads. Unlabelled genes are used: the student must agree with the
    teacher on them as well. It is transductive only if its view is.

    The student minimises J = H + w(e) D(f(x'; theta), f(x''; theta')): H is the cross-entropy of the labelled genes; D
    the mean over genes and terms of (p - p')^2 of the two probabilities; x' the strong and x'' the weak perturbation of
    a gene (see `perturbations`). The teacher's weights theta' follow the student's after each step,
    theta' <- decay theta' + (1 - decay) theta, where step t uses 1 - 1 / (t + 1) in place of decay if this is smaller.
    The teacher has no dropout, and it is the teacher that predicts. At the epoch e,
    w(e) = weight exp(-5 (1 - e / ramp_up)^2), and `weight` from e = ramp_up.

    Parameters
    ----------
    view : SequenceNetwork or GraphNetwork, optional
        By default a `SequenceNetwork`.
    weight : float, default=1.0
        Weight of the consistency, at least 0. With 0 the view is trained on the labels alone, without a teacher.
    ramp_up : int, default=5
        Epochs over which the weight grows.
    decay : float, default=0.98
        Share of the teacher's weights that is kept in a step, in [0, 0.9999].
    difference : {'squares', 'cross_entropy'}
        D. Squared differences are very small for rare terms, whose probabilities are all small. The cross-entropy of p
        under p', less its least value, does not vanish for them; with frequent terms it needs a third of the weight.
    ratio : int, default=1
        Number of genes, drawn from all genes, per labelled gene in a step.
    strength : float, default=1.0
        Size of the student's perturbation, as a multiple of `perturbations.STRONG`, in [0, 3].
    device : {'auto', 'cpu', 'cuda'}
        Device of the default view.
    seed : int, default=0

    References
    ----------
    .. [1] A. Tarvainen and H. Valpola, Mean teachers are better role models: weight-averaged consistency targets
       improve semi-supervised deep learning results, NeurIPS 2017, doi:10.48550/arXiv.1703.01780
    """

    def __init__(
        self,
        *,
        view: ModuleView | None = None,
        weight: float = 1.0,
        ramp_up: int = 5,
        decay: float = 0.98,
        difference: str = "squares",
        ratio: int = 1,
        strength: float = 1.0,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.view = view
        self.weight = weight
        self.ramp_up = ramp_up
        self.decay = decay
        self.difference = difference
        self.ratio = ratio
        self.strength = strength
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.difference not in DIFFERENCES:
            raise InputError(f"difference: found {self.difference!r}, expected 'squares' or 'cross_entropy'")

    def _objective(
        self, dataset: GeneDataset, inputs: ModuleInputs, supervision: Supervision
    ) -> MakeObjective[ModuleInputs]:
        if not self.weight:
            return Objective
        return partial(
            TeacherObjective, schedule=self._schedule(), decay=self.decay, difference=DIFFERENCES[self.difference]
        )
