"""A network that learns from pairs what there is to learn, and no more."""

import numpy as np
import pytest
import torch

from genessl.semi_supervised.stacking.pair_network import PairNetwork


def xor(n_pairs=12000, seed=0):
    random = np.random.default_rng(seed)
    features = random.uniform(-1, 1, (n_pairs, 4)).astype(np.float32)
    return features, features[:, 0] * features[:, 1] > 0


def area(scores, truth):
    """Probability that a true pair scores above a false one (Mann and Whitney)."""
    ranks = np.argsort(np.argsort(scores)) + 1.0
    n_true = truth.sum()
    return (ranks[truth].sum() - n_true * (n_true + 1) / 2) / (n_true * (len(truth) - n_true))


def test_a_pair_network_learns_what_no_single_feature_tells():
    features, truth = xor()
    new, new_truth = xor(3000, seed=1)
    assert area(PairNetwork(batch_size=128).fit(features, truth).predict(new), new_truth) > 0.95
    assert max(abs(area(column, new_truth) - 0.5) for column in new.T) < 0.05


def test_a_pair_network_learns_nothing_but_the_share_from_permuted_truth():
    features, truth = xor()
    rare = truth & (np.random.default_rng(2).random(len(truth)) < 0.2)  # a tenth is true
    permuted = np.random.default_rng(3).permutation(rare)
    new, new_truth = xor(3000, seed=1)
    scores = PairNetwork().fit(features, permuted).predict(new)
    assert scores.mean() == pytest.approx(0.1, abs=0.03)
    assert scores.std() < 0.05
    assert area(scores, new_truth) == pytest.approx(0.5, abs=0.12)  # 0.95 where it learned, see above


def test_probabilities_are_calibrated():
    random = np.random.default_rng(0)
    features = random.standard_normal((20000, 3)).astype(np.float32)
    chance = 1 / (1 + np.exp(-2 * features[:, 0]))
    truth = random.random(20000) < chance
    scores = PairNetwork(batch_size=512).fit(features[:15000], truth[:15000]).predict(features[15000:])
    assert abs(scores - chance[15000:]).mean() < 0.04


def test_state_restored_gives_the_same_scores():
    features, truth = xor(500)
    fitted = PairNetwork(n_epochs=1).fit(features, truth)
    state = {name: array.copy() for name, array in fitted.state().items()}
    restored = PairNetwork().restore(state)
    np.testing.assert_array_equal(restored.predict(features), fitted.predict(features))
    assert {name: array.tobytes() for name, array in restored.state().items()} == {
        name: array.tobytes() for name, array in state.items()
    }


def test_the_same_seed_gives_the_same_bytes_and_leaves_the_global_random_state_alone():
    features, truth = xor(500)
    before = torch.random.get_rng_state()
    one, again, other = (PairNetwork(seed=seed, n_epochs=2).fit(features, truth) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert one.predict(features).tobytes() == again.predict(features).tobytes()
    assert one.predict(features).tobytes() != other.predict(features).tobytes()
    torch.rand(5)
    assert PairNetwork(n_epochs=2).fit(features, truth).predict(features).tobytes() == one.predict(features).tobytes()


def test_a_feature_that_never_varied_is_not_read_and_one_far_out_does_no_harm():
    features, truth = xor(500)
    features[:, 2] = 0.0
    fitted = PairNetwork(n_epochs=2).fit(features, truth)
    other, far = features[:5].copy(), features[:5].copy()
    other[:, 2] = 3.0
    far[:, 3] = 1e6
    np.testing.assert_array_equal(fitted.predict(other), fitted.predict(features[:5]))
    assert np.isfinite(fitted.predict(far)).all()
    assert not np.array_equal(fitted.predict(far), fitted.predict(features[:5]))


def test_what_it_learns_is_added_to_a_logit_to_which_decay_holds_it():
    random = np.random.default_rng(0)
    features = random.standard_normal((4000, 3)).astype(np.float32)
    truth = random.random(4000) < 1 / (1 + np.exp(-features[:, 1] - 2 * features[:, 0] * features[:, 2]))
    new = random.standard_normal((2000, 3)).astype(np.float32)
    start = 1 / (1 + np.exp(-new[:, 1]))
    told = 1 / (1 + np.exp(-new[:, 1] - 2 * new[:, 0] * new[:, 2]))
    untrained = PairNetwork(start=1, n_epochs=1, learning_rate=1e-12).fit(features, truth).predict(new)
    np.testing.assert_allclose(untrained, start, atol=1e-4)
    free, held = (
        PairNetwork(start=1, weight_decay=decay, batch_size=128).fit(features, truth).predict(new)
        for decay in (1e-4, 300.0)
    )
    assert abs(free - told).mean() < 0.5 * abs(start - told).mean()
    assert abs(held - start).mean() < 0.3 * abs(free - start).mean()
