"""The loss of the labelled genes and its gradient, against torch's own cross-entropy."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from genessl.models.neural import objective as module_of_objectives
from genessl.models.neural.inputs import FeatureInputs
from genessl.models.neural.objective import Objective, codes_on_device, cross_entropy
from genessl.models.neural.perceptron import Perceptron
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
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


# ------------------------------------------------------------------------------------------------ on a device


def test_codes_on_a_device_are_those_of_the_supervision_whether_or_not_their_table_fits(dataset, monkeypatch):
    whole = Supervision.of(dataset)
    rows = torch.from_numpy(np.random.default_rng(0).permutation(dataset.n_genes)[:50])
    few = whole.select(np.array([7, 2, 11]))
    for supervision, chosen in ((taught(), torch.tensor([2, 0, 2])), (whole, rows), (few, rows)):
        expected = supervision.codes(chosen.numpy())
        assert set(np.unique(expected)) > {0}
        found = codes_on_device(supervision, chosen)
        assert found.dtype == torch.uint8
        np.testing.assert_array_equal(found.numpy(), expected)
        assert np.shares_memory(module_of_objectives._TABLES[supervision][rows.device].numpy(), supervision.code_table)
    monkeypatch.setattr(module_of_objectives, "LARGEST_TABLE", 0)
    again = taught()
    np.testing.assert_array_equal(codes_on_device(again, torch.tensor([2, 0, 2])), again.codes(np.array([2, 0, 2])))
    assert module_of_objectives._TABLES[again][rows.device] is None


def test_a_table_of_codes_lives_no_longer_than_its_supervision():
    supervision, before = taught(), len(module_of_objectives._TABLES)
    codes_on_device(supervision, torch.arange(3))
    assert len(module_of_objectives._TABLES) == before + 1
    del supervision
    assert len(module_of_objectives._TABLES) == before


def random_inputs(dataset):
    """Features and offsets drawn at random."""
    generator = torch.Generator().manual_seed(0)
    return FeatureInputs(
        genes=dataset.genes,
        n_terms=dataset.n_terms,
        preparation=None,
        muting=None,
        features=torch.randn((dataset.n_genes, 12), generator=generator),
        offset=torch.randn((dataset.n_genes, dataset.n_terms), generator=generator),
    )


def test_a_step_asks_the_host_for_no_number(dataset):
    """A tensor on the device 'meta' holds no numbers: whatever must know one, or needs an array, is an error there."""
    meta, supervision = torch.device("meta"), Supervision.of(dataset)
    inputs = random_inputs(dataset).to(meta)
    objective = Objective(Perceptron(12, 8, dataset.n_terms, 0.5).to(meta), inputs, supervision)
    rows = torch.from_numpy(supervision.informative).to(meta)
    for batch in torch.tensor_split(rows, 3):
        loss = objective.loss(batch)
        loss.backward()
        assert loss.device == objective.module.output.weight.grad.device == meta
    with pytest.raises(RuntimeError, match="meta"):
        float(loss.detach())


def test_the_steps_of_an_epoch_share_the_genes_out_on_the_device_of_the_module(dataset):
    seen = []

    class Recorder(Objective):
        def loss(self, rows):
            assert isinstance(rows, torch.Tensor) and rows.device == next(self.module.parameters()).device
            seen.append(rows.tolist())
            return super().loss(rows)

    view = SequenceNetwork(hidden=8, device="cpu", seed=3)
    inputs, supervision = view.prepare(dataset), Supervision.of(dataset.take(np.argsort(dataset.genes)))
    view.learn(inputs, supervision, n_epochs=2, objective=Recorder)
    order, n_batches = np.random.default_rng(3), view.n_batches(len(supervision.informative))
    expected = [np.array_split(order.permutation(supervision.informative), n_batches) for _ in range(2)]
    assert seen == [batch.tolist() for epoch in expected for batch in epoch]


def test_products_of_reduced_precision_leave_logits_loss_and_gradients_in_single_precision(dataset):
    """On a CPU a perceptron never reduces them by itself, so the caller does."""
    inputs, supervision = random_inputs(dataset), Supervision.of(dataset)
    module, rows = Perceptron(12, 64, dataset.n_terms, 0.0), torch.from_numpy(supervision.informative)
    single = module(inputs, rows)
    assert torch.equal(module.eval()(inputs, rows), single)  # without dropout, training and scoring are the same
    with torch.autocast("cpu", torch.bfloat16):
        assert module.output(module.embed(inputs, rows)).dtype == torch.bfloat16
        reduced = module(inputs, rows)
        loss = cross_entropy(module, inputs, supervision, rows)
    loss.backward()
    found = {reduced.dtype, module.embed(inputs, rows).dtype, loss.dtype, *(p.grad.dtype for p in module.parameters())}
    assert found == {torch.float32}
    assert 0 < (reduced - single).abs().max() < 0.02


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_codes_and_loss_on_a_gpu_are_those_on_a_cpu():
    rows = torch.tensor([2, 0, 1])
    assert torch.equal(codes_on_device(taught(), rows.cuda()).cpu(), codes_on_device(taught(), rows))
    losses = [
        cross_entropy(Logits().to(device), None, taught(0.3), rows.to(device)).cpu() for device in ("cpu", "cuda")
    ]
    torch.testing.assert_close(*losses)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_step_on_a_gpu_does_not_wait_for_the_gpu(dataset):
    view = SequenceNetwork(hidden=8, device="cuda")
    inputs, supervision = view.prepare(dataset), Supervision.of(dataset.take(np.argsort(dataset.genes)))
    module = view.fresh_module(inputs, dataset.n_terms).cuda()
    objective, rows = Objective(module, inputs, supervision), torch.from_numpy(supervision.informative).cuda()
    optimiser = torch.optim.AdamW(objective.parameters(), fused=True)
    for mode in ("default", "error"):  # the first step makes the table of codes
        torch.cuda.set_sync_debug_mode(mode)
        try:
            objective.loss(rows).backward()
            optimiser.step()
        finally:
            torch.cuda.set_sync_debug_mode("default")
