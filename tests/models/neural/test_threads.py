"""Threads: one for small products, one for each of several tasks, and the earlier number afterwards."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.neural.threads import seeded, side_by_side, suitable_threads
from genessl.semi_supervised.generative.feature_diffusion import FeatureDiffusion
from genessl.semi_supervised.stacking.pair_network import PairNetwork
from tests.conftest import make_dataset

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
def test_tasks_run_side_by_side_in_one_thread_each_and_return_in_order():
    together = threading.Barrier(3, timeout=30)  # breaks unless three tasks run at once

    def task(number):
        together.wait()
        time.sleep(0.01 * (6 - number))  # the first ends last
        return number, torch.get_num_threads()

    assert list(side_by_side([lambda n=n: task(n) for n in range(6)])) == [(n, 1) for n in range(6)]
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three_threads")
def test_the_caller_keeps_its_threads_while_tasks_run():
    results = side_by_side([torch.get_num_threads] * 5)
    assert next(results) == 1
    assert torch.get_num_threads() == 3  # so that an error in the caller leaves nothing behind
    results.close()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 3


@pytest.mark.usefixtures("three_threads")
def test_after_an_error_no_waiting_task_begins():
    begun = []

    def task(number):
        begun.append(number)
        time.sleep(0.3)
        return 1 // number  # the first fails

    with pytest.raises(ZeroDivisionError):
        list(side_by_side([lambda n=n: task(n) for n in range(4)]))
    time.sleep(0.5)
    assert begun == [0, 1, 2]


@pytest.mark.usefixtures("three_threads")
def test_few_results_wait_to_be_taken():
    started = []
    results = side_by_side([lambda n=n: started.append(n) for n in range(20)])
    next(results)
    time.sleep(0.2)
    assert len(started) == 4  # three run, and one is taken
    assert len([1, *results]) == 20


@pytest.mark.usefixtures("three_threads")
def test_a_failing_task_ends_in_its_own_error_and_restores_the_threads():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side([lambda: 1, lambda: 1 // 0, lambda: 3]))
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three_threads")
def test_with_one_thread_tasks_run_one_after_the_other_in_it():
    torch.set_num_threads(1)
    assert set(side_by_side([threading.get_ident] * 3)) == {threading.get_ident()}


@pytest.mark.usefixtures("three_threads")
def test_seeded_blocks_in_threads_draw_the_numbers_of_their_seed():
    def draw(seed):
        with seeded(seed):
            first = torch.rand(1)
            time.sleep(0.01)
            return torch.cat([first, torch.rand(1)]).tolist()

    expected = [draw(seed) for seed in range(6)]
    assert list(side_by_side([lambda s=s: draw(s) for s in range(6)])) == expected
    assert len({tuple(pair) for pair in expected}) == 6


def fit_pair_network():
    features = np.random.default_rng(0).standard_normal((400, 9), dtype=np.float32)
    return PairNetwork(n_epochs=1, batch_size=40).fit(features, features[:, 0] > 0.3).predict(features)


def fit_feature_diffusion():
    features = np.random.default_rng(0).standard_normal((300, 8), dtype=np.float32)
    labels = csr_array(features[:, :3] > 0)
    fitted = FeatureDiffusion(n_updates=5, n_steps=4).fit(features, labels, np.linspace(0, 1, 300))
    return fitted.sample(labels, 0.5, seed=0)


def fit_view(view):
    """Return what trains a view and gives its weights."""
    dataset = make_dataset(n_genes=120)[0]
    return lambda: np.concatenate([w.numpy().ravel() for w in view.fit(dataset).fitted_.module.state_dict().values()])


fit_sequence_network = fit_view(SequenceNetwork(hidden=8, max_epochs=2, device="cpu"))
fit_graph_network = fit_view(GraphNetwork(hidden=8, n_components=4, max_epochs=2, device="cpu"))
FITS = [fit_pair_network, fit_feature_diffusion, fit_sequence_network, fit_graph_network]


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("fit", FITS, ids=["pair_network", "feature_diffusion", "sequence_network", "graph_network"])
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
