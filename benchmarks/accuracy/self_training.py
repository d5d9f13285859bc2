"""scikit-learn's SelfTrainingClassifier, one term at a time."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.semi_supervised import SelfTrainingClassifier

from benchmarks.accuracy.transductive import TransductivePredictor, lessons_by_aspect
from benchmarks.accuracy.views import network_components, sequence_components
from genessl.data.dataset import GeneDataset
from genessl.models.base import check_count, check_range
from genessl.models.supervision import Supervision


class SelfTrainingPerTerm(TransductivePredictor):
    """Train each term's logistic regression on its own confident guesses by scikit-learn's SelfTrainingClassifier [1]_.

    The regression is fitted on the genes labelled in the term's aspect. The guesses 'has it' and 'lacks it' that reach
    `threshold` become labels, and it is fitted again, for at most `rounds` rounds. The features are the principal
    components of the sequence features and the diffusion embedding of each network, so that one classifier reads both
    views.

    Parameters
    ----------
    threshold : float, default=0.75
        Probability at which a guess becomes a label, in (0.5, 1); scikit-learn's default.
    inverse_penalty : float, default=0.01
        C of the logistic regression, above 0.
    rounds : int, default=10
        The most rounds; scikit-learn's default.
    n_components : int, default=100
        Principal components of the sequence features.
    n_network_components : int, default=64
        Diffusion components of each network.
    min_genes : int, default=5
        Fewest labelled genes that a term needs to be learned; other terms score their frequency.
    seed : int, default=0

    References
    ----------
    .. [1] D. Yarowsky, Unsupervised word sense disambiguation rivaling supervised methods, ACL 1995,
       doi:10.3115/981658.981684
    """

    def __init__(
        self,
        *,
        threshold: float = 0.75,
        inverse_penalty: float = 0.01,
        rounds: int = 10,
        n_components: int = 100,
        n_network_components: int = 64,
        min_genes: int = 5,
        seed: int = 0,
    ) -> None:
        self.threshold = threshold
        self.inverse_penalty = inverse_penalty
        self.rounds = rounds
        self.n_components = n_components
        self.n_network_components = n_network_components
        self.min_genes = min_genes
        self.seed = seed

    def _check_parameters(self) -> None:
        check_range("threshold", self.threshold, 0.5, 1.0, low_included=False)
        check_range("inverse_penalty", self.inverse_penalty, 0.0, low_included=False)
        for name in ("rounds", "n_components", "n_network_components", "min_genes"):
            check_count(name, getattr(self, name))
        check_count("seed", self.seed, 0)

    def _learn(self, dataset: GeneDataset, supervision: Supervision) -> NDArray[np.float32]:
        sequence = sequence_components(dataset, self.n_components, self.seed)
        features = np.concatenate([sequence, network_components(dataset, self.n_network_components, self.seed)], axis=1)
        scores = np.tile(supervision.frequency, (dataset.n_genes, 1))
        for rows, columns, targets in lessons_by_aspect(supervision, self.min_genes):
            for position, column in enumerate(columns.tolist()):
                labels = np.full(dataset.n_genes, -1)
                labels[rows] = targets[:, position]
                scores[:, column] = self._taught(features, labels)
        return scores

    def _taught(self, features: NDArray[np.float32], labels: NDArray[np.int_]) -> NDArray[np.float64]:
        classifier = SelfTrainingClassifier(
            LogisticRegression(C=self.inverse_penalty), threshold=self.threshold, max_iter=self.rounds
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", message="y contains no unlabeled samples")
            return np.asarray(classifier.fit(features, labels).predict_proba(features)[:, 1])
