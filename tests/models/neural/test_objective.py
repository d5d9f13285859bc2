"""The loss of the labelled genes and its gradient, against torch's own cross-entropy."""

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from genessl.models.neural.objective import cross_entropy
from tests.models.test_supervision import taught


class Logits(torch.nn.Module):
    """A module whose logits are its parameters."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.logits = torch.nn.Parameter(4 * torch.randn(3, 3, generator=generator))

    def forward(self, inputs, rows):
        return self.logits[rows]


def test_the_loss_and_its_gradient_are_those_of_the_weighted_cross_entropy():
    module, rows = Logits(), np.array([2, 0, 1])
    targets, weights = (torch.from_numpy(array) for array in taught(0.3).batch(rows))
    assert sorted(set(weights.ravel().tolist())) == [0.0, np.float32(0.3), 1.0]
    expected = binary_cross_entropy_with_logits(module.logits[rows], targets, weights, reduction="sum") / weights.sum()
    found = cross_entropy(module, None, taught(0.3), rows)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(3 * loss, module.logits)[0] for loss in (found, expected)]
    torch.testing.assert_close(*gradients)
    assert gradients[0].abs().max() > 0


def test_logits_far_out_give_a_finite_loss_and_gradient():
    module = Logits()
    with torch.no_grad():
        module.logits.copy_(torch.tensor([[200.0, -200.0, 0.0]] * 3))
    loss = cross_entropy(module, None, taught(), np.arange(3))
    assert torch.isfinite(loss)
    assert torch.isfinite(torch.autograd.grad(loss, module.logits)[0]).all()
