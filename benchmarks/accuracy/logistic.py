"""Logistic regressions of many terms on the same genes, fitted side by side."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softplus

_TERMS_AT_ONCE = 256
_MEMORY = 20


def fit_logistic(
    features: NDArray[np.float32],
    targets: NDArray[np.float32],
    *,
    penalty: float,
    max_iterations: int = 200,
    tolerance: float = 0.02,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit w_t and b_t for each term t by L-BFGS on many of them at once.

    Each minimises sum_g log(1 + exp(z_gt)) - y_gt z_gt + penalty / 2 |w_t|^2, z_gt = w_t x_g + b_t, which is what
    scikit-learn's LogisticRegression(C=1 / penalty) minimises for one term; the sum over terms has the same minimum.
    The parameters are scaled by their curvature at the term's frequency. Without this, hundreds of iterations would not
    suffice for features of very unequal size, such as those of an embedding.

    Parameters
    ----------
    features : ndarray of float32, shape (n_genes, n_features)
    targets : ndarray of float32, shape (n_genes, n_terms)
        1 or 0; each term has genes with and without it.
    penalty : float
        Above 0.
    max_iterations : int
    tolerance : float
        Largest gradient, in the scaled parameters, at which the fit ends. Half its square is about the loss, in nats,
        that this parameter could still reduce.

    Returns
    -------
    weights : ndarray of float32, shape (n_features, n_terms)
    offsets : ndarray of float32, shape (n_terms,)
    """
    x = torch.from_numpy(np.concatenate([features, np.ones((len(features), 1), dtype=np.float32)], axis=1))
    blocks = [
        _fit_block(x, torch.from_numpy(targets[:, start : start + _TERMS_AT_ONCE]), penalty, max_iterations, tolerance)
        for start in range(0, targets.shape[1], _TERMS_AT_ONCE)
    ]
    parameters = torch.cat(blocks, dim=1).numpy()
    return parameters[:-1], parameters[-1]


def _fit_block(x: Tensor, y: Tensor, penalty: float, max_iterations: int, tolerance: float) -> Tensor:
    """Return weights with the offsets as the last row, (n_features + 1, n_terms); the last column of x is 1."""
    penalties = torch.full((x.shape[1], 1), penalty)
    penalties[-1] = 0.0
    share = y.mean(dim=0)  # (n_terms,)
    curvature = penalties + x.square().sum(dim=0)[:, None] * (share * (1.0 - share))
    scale = curvature.clamp(min=1e-12).rsqrt()  # (n_features + 1, n_terms)
    scaled = torch.zeros_like(scale)
    scaled[-1] = torch.logit(share) / scale[-1]
    scaled.requires_grad_()
    optimiser = torch.optim.LBFGS(
        [scaled],
        max_iter=max_iterations,
        max_eval=2 * max_iterations,
        history_size=_MEMORY,
        tolerance_grad=tolerance,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        parameters = scaled * scale
        logits = x @ parameters  # (n_genes, n_terms)
        loss = (softplus(logits) - y * logits).sum(dtype=torch.float64)
        loss = loss + 0.5 * (penalties * parameters.square()).sum(dtype=torch.float64)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return scaled.detach() * scale
