import numpy as np
import pytest
from scipy.special import expit, logit

from genessl.evaluation.calibration import TermCalibration, _fit_pooled

ASPECTS = np.zeros(3, dtype=np.intp)
FREQUENCY = np.array([0.3, 0.3, 0.5], dtype=np.float32)


def sampled(n=4000, seed=0):
    """Scores whose true probability is expit(2 logit(score) + 1), shifted by +1 for the last term."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0.05, 0.6, (n, 3)).astype(np.float32)
    probability = expit(2 * logit(scores) + 1 + np.array([0.0, 0.0, 1.0]))
    return scores, random.random((n, 3)) < probability, probability


def test_probabilities_are_recovered_from_distorted_scores():
    scores, targets, probability = sampled()
    labelled = np.ones((len(scores), 1), dtype=bool)
    found = TermCalibration.fit([scores], targets, labelled, ASPECTS, FREQUENCY, offset_deviation=0.25).apply([scores])
    assert np.abs(scores - probability).mean() > 0.1
    assert np.abs(found - probability).mean() < 0.02


def test_a_view_that_knows_nothing_about_a_gene_contributes_nothing():
    scores, targets, _ = sampled()
    silent = np.tile(FREQUENCY, (len(scores), 1))
    half = np.arange(len(scores)) % 2 == 0
    second = np.where(half[:, None], scores, silent).astype(np.float32)
    labelled = np.ones((len(scores), 1), dtype=bool)
    calibration = TermCalibration.fit([scores, second], targets, labelled, ASPECTS, FREQUENCY, offset_deviation=0.25)
    assert calibration.slopes[0, 0] > 1.5
    order = np.argsort(scores[~half, 0], kind="stable")
    assert (np.diff(calibration.apply([scores, second])[~half, 0][order]) >= 0).all()


def test_independent_views_are_multiplied():
    """Two views that each see the truth through their own noise: the exact posterior has slopes and base of 1."""
    random = np.random.default_rng(2)
    truth = random.random((40000, 1)) < 0.2
    signals = [truth + random.standard_normal(truth.shape) for _ in range(2)]
    # p(truth | x) for x ~ N(truth, 1): logit = logit(0.2) + x - 1/2
    views = [expit(logit(0.2) + signal - 0.5).astype(np.float32) for signal in signals]
    calibration = TermCalibration.fit(
        views,
        truth,
        np.ones((40000, 1), dtype=bool),
        np.zeros(1, dtype=np.intp),
        np.array([0.2], dtype=np.float32),
        offset_deviation=0.0,
    )
    exact = expit(logit(0.2) + signals[0] + signals[1] - 1.0)
    np.testing.assert_allclose(calibration.slopes, [[1.0, 1.0]], atol=0.05)
    assert np.abs(calibration.apply(views) - exact).max() < 0.02


def test_a_term_of_few_genes_stays_close_to_its_aspect():
    scores, targets, _ = sampled(n=20, seed=1)
    labelled = np.ones((20, 1), dtype=bool)
    few = TermCalibration.fit([scores], targets, labelled, ASPECTS, FREQUENCY, offset_deviation=0.5)
    none = TermCalibration.fit([scores], targets, labelled, ASPECTS, FREQUENCY, offset_deviation=1e-6)
    assert np.abs(few.offsets).max() < 1.0
    assert np.abs(none.offsets).max() < 1e-3


def test_a_view_of_noise_gets_next_to_no_weight():
    scores, targets, _ = sampled()
    noise = np.random.default_rng(5).uniform(0.05, 0.6, scores.shape).astype(np.float32)
    labelled = np.ones((len(scores), 1), dtype=bool)
    calibration = TermCalibration.fit([scores, noise], targets, labelled, ASPECTS, FREQUENCY, offset_deviation=0.25)
    assert calibration.slopes[0, 0] > 1.5
    assert 0 <= calibration.slopes[0, 1] < 0.1


def test_calibration_keeps_the_order_of_genes_within_a_term_and_a_contradicting_view_is_dropped():
    scores, targets, _ = sampled()
    labelled = np.ones((len(scores), 1), dtype=bool)
    calibration = TermCalibration.fit(
        [scores, 1 - scores], targets, labelled, ASPECTS, FREQUENCY, offset_deviation=0.25
    )
    assert (calibration.slopes >= 0).all()
    for term in range(3):
        order = np.argsort(scores[:, term], kind="stable")
        assert (np.diff(calibration.apply([scores, 1 - scores])[order, term]) >= 0).all()


def test_genes_that_are_unlabelled_in_an_aspect_do_not_enter_its_fit():
    scores, targets, _ = sampled()
    labelled = np.zeros((len(scores), 1), dtype=bool)
    labelled[:1000] = True
    changed = targets.copy()
    changed[1000:] = ~changed[1000:]
    first = TermCalibration.fit([scores], targets, labelled, ASPECTS, FREQUENCY, offset_deviation=0.25)
    second = TermCalibration.fit([scores], changed, labelled, ASPECTS, FREQUENCY, offset_deviation=0.25)
    np.testing.assert_array_equal(first.apply([scores]), second.apply([scores]))


def test_without_a_labelled_gene_one_view_keeps_its_scores():
    scores, targets, _ = sampled(n=50)
    untouched = TermCalibration.fit(
        [scores], targets, np.zeros((50, 1), dtype=bool), ASPECTS, FREQUENCY, offset_deviation=0.25
    )
    np.testing.assert_allclose(untouched.apply([scores]), scores, atol=1e-6)


def test_a_term_that_no_view_scores_stays_at_zero():
    scores, targets, _ = sampled(n=200)
    scores[:, 1] = 0
    calibration = TermCalibration.fit(
        [scores], targets, np.ones((200, 1), dtype=bool), ASPECTS, FREQUENCY, offset_deviation=0.25
    )
    assert (calibration.apply([scores])[:, 1] == 0).all()


def test_a_view_that_has_not_learned_a_term_contributes_nothing():
    scores, targets, _ = sampled()
    noisy = expit(logit(scores) + np.random.default_rng(4).normal(0, 0.5, scores.shape)).astype(np.float32)
    unlearned, silent = noisy.copy(), noisy.copy()
    unlearned[:, 2] = 0.0
    silent[:, 2] = FREQUENCY[2]  # says of every gene what is known without it
    labelled = np.ones((len(scores), 1), dtype=bool)
    expected, found = (
        TermCalibration.fit([scores, second], targets, labelled, ASPECTS, FREQUENCY, offset_deviation=0.25)
        for second in (silent, unlearned)
    )
    np.testing.assert_allclose(found.slopes, expected.slopes, atol=1e-6)
    np.testing.assert_allclose(found.apply([scores, unlearned]), expected.apply([scores, silent]), atol=1e-6)
    assert expected.slopes[0, 0] > 1.0


def newton(design, truth, start, n_views):
    """The same regression by Newton's method; a view with a negative weight is left out and the rest fitted again."""
    weights, ridge = start.copy(), 1e-3
    for _ in range(50):
        probability = expit(design @ weights)
        gradient = design.T @ (probability - truth) + ridge * (weights - start)
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + ridge * np.eye(len(weights))
        weights = weights - np.clip(np.linalg.solve(curvature, gradient), -1.0, 1.0)
    kept = np.append(weights[:n_views] >= 0, [True, True])
    if kept.all():
        return weights
    weights = np.zeros(len(start))
    weights[kept] = newton(design[:, kept], truth, start[kept], int(kept.sum()) - 2)
    return weights


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n_views", [1, 2, 3])
def test_pooled_weights_are_those_of_newtons_method(n_views, seed):
    random = np.random.default_rng(seed)
    n, rarest = 3000, random.uniform(-7, -2)
    base = random.normal(rarest, 1.5, n)
    truth = random.random(n) < expit(base)
    truth[0] = True
    views = [random.uniform(0, 2) * truth + random.normal(0, 1, n) for _ in range(n_views)]
    if n_views > 1 and seed % 2:
        views[-1] = -views[0] + random.normal(0, 0.5, n)  # speaks against the truth
    design = np.column_stack([*views, base, np.ones(n)]).astype(np.float32)
    start = np.array([*[1 / n_views] * n_views, 1.0, 0.0])
    expected = newton(design.astype(np.float64), truth, start, n_views)
    found = _fit_pooled(design, truth, start, n_views)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found[:n_views] >= 0).all()


def test_pooled_weights_stay_finite_where_the_truth_can_be_read_off():
    design = np.column_stack([np.repeat([24.0, -24.0], 50), np.full(100, -1.0), np.ones(100)]).astype(np.float32)
    truth = np.repeat([True, False], 50)
    assert np.isfinite(_fit_pooled(design, truth, np.array([1.0, 1.0, 0.0]), 1)).all()
    assert np.isfinite(_fit_pooled(design, ~truth, np.array([1.0, 1.0, 0.0]), 1)).all()
