"""Threads: one for small products, and the earlier number afterwards."""

import numpy as np
import pytest
import torch

from genessl.models.neural.threads import suitable_threads
from genessl.models.stacking.pair_network import PairNetwork

SMALL, LARGE = 2048 * 64 * 64, 2048 * 1024 * 512


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
def test_small_products_get_one_thread_and_large_ones_all():
    with suitable_threads(SMALL):
        assert torch.get_num_threads() == 1
        with suitable_threads(LARGE):
            assert torch.get_num_threads() == 1  # what is outside decides
    assert torch.get_num_threads() == 3
    with suitable_threads(LARGE):
        assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("n_multiplications", [SMALL, LARGE])
def test_the_number_of_threads_is_restored_after_an_exception(n_multiplications):
    with pytest.raises(ZeroDivisionError), suitable_threads(n_multiplications):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three_threads")
def test_a_pair_network_is_trained_in_one_thread_to_the_same_bits(monkeypatch):
    random = np.random.default_rng(0)
    features = random.standard_normal((400, 9), dtype=np.float32)
    truth, used = features[:, 0] > 0.3, []
    step = torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda *a: (used.append(torch.get_num_threads()), step(*a))[1])
    in_one = PairNetwork(n_epochs=1, batch_size=40).fit(features, truth)
    assert set(used) == {1}
    monkeypatch.setattr("genessl.models.neural.threads._FEWEST_MULTIPLICATIONS", 0)
    in_three = PairNetwork(n_epochs=1, batch_size=40).fit(features, truth)
    assert 3 in used
    np.testing.assert_array_equal(in_one.predict(features), in_three.predict(features))
    assert torch.get_num_threads() == 3
