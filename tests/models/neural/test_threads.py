"""Threads: one for small products, and the earlier number afterwards."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from genessl.models.neural.threads import suitable_threads
from genessl.models.stacking.pair_network import PairNetwork
from genessl.semi_supervised.generative.feature_diffusion import FeatureDiffusion

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


def fit_pair_network():
    features = np.random.default_rng(0).standard_normal((400, 9), dtype=np.float32)
    return PairNetwork(n_epochs=1, batch_size=40).fit(features, features[:, 0] > 0.3).predict(features)


def fit_feature_diffusion():
    features = np.random.default_rng(0).standard_normal((300, 8), dtype=np.float32)
    labels = csr_array(features[:, :3] > 0)
    fitted = FeatureDiffusion(n_updates=5, n_steps=4).fit(features, labels, np.linspace(0, 1, 300))
    return fitted.sample(labels, 0.5, seed=0)


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("fit", [fit_pair_network, fit_feature_diffusion])
def test_small_modules_are_trained_in_one_thread_to_the_same_bits_as_where_there_is_one(fit, monkeypatch):
    used, step = [], torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda *a: (used.append(torch.get_num_threads()), step(*a))[1])
    of_three = fit()
    assert set(used) == {1}
    assert torch.get_num_threads() == 3
    torch.set_num_threads(1)
    np.testing.assert_array_equal(fit(), of_three)
    torch.set_num_threads(3)
    monkeypatch.setattr("genessl.models.neural.threads._FEWEST_MULTIPLICATIONS", 0)
    np.testing.assert_allclose(fit(), of_three, rtol=1e-3, atol=1e-5)  # more threads add in another order
    assert used[-1] == 3
