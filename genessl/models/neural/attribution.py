"""What the label path and the perceptron of a neural view add to the log-odds of a gene and a term."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.functional import softplus

from genessl.features.domains import domain_columns
from genessl.models.neural.label_path import NeighbourLabels, TrainedPath
from genessl.models.neural.layers import scipy_matrix
from genessl.models.reasons import WITHOUT_TERM, Reason

DOMAIN = "domain "
_STEPS = 64
_POWER = 4  # the steps are densest near zeros, where a normalised layer turns fastest


class PathReasons:
    """Explain what a label path adds to the logits; the sum of its parts is exact, but for rounding.

    The log-odds of a term among the neighbours in a relation, beyond those of its frequency pi, are
    log(1 + y / (k pi)) - log(1 + l / (k (1 - pi))), with y and l the weights of the labelled neighbours that have the
    term and that do not (see `LabelPath`). The first part is shared out among the neighbours with the term in
    proportion to their weights; the second is what the others take.

    Parameters
    ----------
    trained : TrainedPath
    relations : sequence of Tensor, CSR of float32, each of shape (n_genes, n_genes)
    names : sequence of str
        Of the relations.
    genes : ndarray of str, shape (n_genes,)
    """

    def __init__(
        self, trained: TrainedPath, relations: Sequence[Tensor], names: Sequence[str], genes: NDArray[np.str_]
    ) -> None:
        self.path, self.genes, self.names = trained.path, genes, names
        around = NeighbourLabels.of(relations, trained.supervision, genes)
        self.labelled = around.labelled
        self.having = [scipy_matrix(matrix.cpu()) for matrix in around.having]
        self.relations = [scipy_matrix(relation.cpu()) for relation in relations]
        self.targets = csr_array(trained.supervision.labels_for(genes)[0])

    def prior(self, column: int) -> float:
        """Return the log-odds of a term's frequency."""
        return float(torch.logit(self.path.prior[column]))

    def bias(self, column: int) -> float:
        """Return the path's bias in the term's aspect."""
        return float(self.path.bias[self.path.aspect_of_column[column]])

    @torch.no_grad()
    def explain(self, row: int, column: int) -> list[Reason]:
        """Return what the neighbours of a gene tell of a term; the path's bias is not among the reasons."""
        path, aspect = self.path, int(self.path.aspect_of_column[column])
        trust = path.trust(self.labelled[[row]])[0, aspect].cpu().double().numpy()
        shrinkage = softplus(path.shrinkage)[aspect].cpu().double().numpy()
        labelled, prior = self.labelled[row, aspect].cpu().double().numpy(), float(path.prior[column])
        found = []
        for number, name in enumerate(self.names):
            having = float(self.having[number][row, column])
            lacking = max(0.0, labelled[number] - having)
            if having > 0:
                near = self.relations[number][[row]]
                has = self.targets[near.indices][:, [column]].toarray().ravel() > 0
                told = trust[number] * np.log1p(having / (shrinkage[number] * prior))
                for place, weight in zip(near.indices[has].tolist(), near.data[has].tolist()):
                    found.append(Reason(kind_of(name), name, str(self.genes[place]), weight, told * weight / having))
            if lacking > 0:
                taken = trust[number] * np.log1p(lacking / (shrinkage[number] * (1.0 - prior)))
                found.append(Reason(kind_of(name), name, WITHOUT_TERM, lacking, -taken))
        return found


def kind_of(relation: str) -> str:
    """Return the kind of the neighbours in a relation.

    >>> [kind_of(name) for name in ("homology", "string")]
    ['homolog', 'neighbour']
    """
    kinds = {"homology": "homolog", "domains": "shared domains", "embeddings": "similar embedding"}
    return kinds.get(relation, "neighbour")


def integrated_gradients(
    logit: Callable[[Tensor], Tensor], values: Tensor, *, steps: int = _STEPS
) -> tuple[float, NDArray[np.float64]]:
    """Share out a logit among the values it is made of, along the straight line from zeros to the values [1]_.

    Parameters
    ----------
    logit : callable
        Given values of shape (n, n_values), returns logits, (n,).
    values : Tensor of float32, shape (n_values,)
    steps : int, default=64

    Returns
    -------
    start : float
        The logit of zeros.
    parts : ndarray of float64, shape (n_values,)
        Their sum is the logit of the values less `start`, up to the error of the sum over steps.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly and Q. Yan, Axiomatic attribution for deep networks, ICML 2017
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    places = (nodes + 1.0) / 2.0
    weights = weights / 2.0 * _POWER * places ** (_POWER - 1)
    shares, widths = (torch.from_numpy(part).to(values) for part in (places**_POWER, weights))
    line = (shares[:, None] * values).requires_grad_()
    gradient = widths @ torch.autograd.grad(logit(line).sum(), line)[0]
    with torch.no_grad():
        start = float(logit(torch.zeros_like(values)[None])[0])
    return start, (gradient * values).cpu().double().numpy()


def feature_reasons(names: Sequence[str], values: NDArray[np.float32], parts: NDArray[np.float64]) -> list[Reason]:
    """Name the features of a perceptron: each domain by itself, other features by their block.

    Parameters
    ----------
    names : sequence of str, n_features
        As 'domain PF00001' for a domain, and the block's name for any other feature.
    values : ndarray of float32, shape (n_features,)
        Of one gene.
    parts : ndarray of float64, shape (n_features,)
        What each adds.
    """
    total: dict[str, list[float]] = {}
    for place in np.flatnonzero(values).tolist():
        block = total.setdefault(names[place], [0.0, 0.0])
        block[0] += float(values[place]) ** 2
        block[1] += float(parts[place])
    found = []
    for name, (squares, part) in total.items():
        domain = name.startswith(DOMAIN)
        kind, what = ("domain", name.removeprefix(DOMAIN)) if domain else ("features", name)
        found.append(Reason(kind, "perceptron", what, float(np.sqrt(squares)), part))
    return found


def feature_blocks(feature_names: Sequence[str]) -> tuple[str, ...]:
    """Return what the columns of the sequence view are called in an explanation.

    >>> feature_blocks(("triad:111", "homology:1", "Pfam:PF00001", "embedding:file:7"))
    ('composition', 'homology profile', 'domain Pfam:PF00001', 'embedding file')
    """
    names = ["composition"] * len(feature_names)
    for column, name in enumerate(feature_names):
        if name.startswith("homology:"):
            names[column] = "homology profile"
        elif name.startswith("embedding:"):
            names[column] = "embedding " + name.removeprefix("embedding:").rpartition(":")[0]
    for column in domain_columns(feature_names).tolist():
        names[column] = DOMAIN + feature_names[column]
    return tuple(names)
