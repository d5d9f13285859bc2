"""From evidence to probability: the two-groups model, fitted to labelled and unlabelled genes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

LEAST_SHARE = 1e-3  # of synthetic genes, among those with experiments, too


@dataclass(frozen=True)
class TwoGroups:
    """The two-groups model [1]_ of the evidence, in which the labelled genes are the group of real ones.

    Let p be the share of the labelled genes that have at least a gene's evidence; it is uniform for a real gene. The
    share of synthetic genes among the unlabelled ones is estimated from how few of these have p above one half [2]_.
    The density of their p is estimated by Grenander's method [3]_, which assumes only that it falls with p. So more
    evidence never makes a gene less suspicious.

    Parameters
    ----------
    real : ndarray of float64, shape (n_labelled,)
        The labelled genes' evidence, ascending.
    share : float
        Share of synthetic genes among the unlabelled ones.
    density : ndarray of float64, shape (n_labelled + 1,)
        Density of the unlabelled genes' p, at 1 to n_labelled + 1 divided by n_labelled + 1; 1 if all were real.

    References
    ----------
    .. [1] B. Efron, Microarrays, empirical Bayes and the two-groups model, Statistical Science 23, 1-22, 2008,
       doi:10.1214/07-STS236
    .. [2] J. D. Storey, A direct approach to false discovery rates, Journal of the Royal Statistical Society B 64,
       479-498, 2002, doi:10.1111/1467-9868.00346
    .. [3] U. Grenander, On the theory of mortality measurement II, Scandinavian Actuarial Journal 1956, 125-153, 1956,
       doi:10.1080/03461238.1956.10414944
    """

    real: NDArray[np.float64]
    share: float
    density: NDArray[np.float64]

    @classmethod
    def fit(cls, labelled: NDArray[np.float64], unlabelled: NDArray[np.float64]) -> Self:
        """Estimate share and density from the evidence of labelled and unlabelled genes."""
        groups = cls(np.sort(labelled), LEAST_SHARE, np.ones(len(labelled) + 1))
        if not len(unlabelled):
            return groups
        place = groups._place(unlabelled)
        n_places = len(groups.density)
        found = np.bincount(place, minlength=n_places) * n_places / len(unlabelled)
        density = isotonic_regression(found, increasing=False)
        real = float((place >= n_places // 2).mean()) * n_places / (n_places - n_places // 2)
        return replace(groups, share=float(np.clip(1.0 - real, LEAST_SHARE, 1.0 - LEAST_SHARE)), density=density)

    def probability(self, evidence: NDArray[np.float64], share: float | None = None) -> NDArray[np.float64]:
        """Return the probability that each gene is synthetic where a share is, by default the estimated share."""
        excess = np.maximum(self.density - (1.0 - self.share), 0.0)[self._place(evidence)]
        prior = self.share if share is None else share
        synthetic = prior / self.share * excess
        return np.asarray(synthetic / (synthetic + 1.0 - prior))

    def _place(self, evidence: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return how many labelled genes have at least the evidence."""
        return len(self.real) - np.searchsorted(self.real, evidence, side="left")
