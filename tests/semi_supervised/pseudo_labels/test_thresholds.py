"""Laws of the choice of pseudo-labels by thresholds; the numbers are calculated by hand beside them."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.lessons import choose_by_quota
from genessl.semi_supervised.pseudo_labels.thresholds import (
    choose_adaptively,
    choose_fixed,
    choose_self_adaptively,
    flexible_thresholds,
)

N_LABELLED, N_PUPILS = 19, 20
COMMON, RARE, SINGLE = 0, 1, 2


@pytest.fixture
def supervision():
    """Of 19 labelled genes 10 have a common term, 3 a rare one, 2 a third: pi is 10 / 20, 3 / 20 and 2 / 20."""
    positive = np.zeros((N_LABELLED + N_PUPILS, 3), dtype=bool)
    positive[:10, COMMON] = positive[:3, RARE] = positive[:2, SINGLE] = True
    labelled = np.zeros((len(positive), 1), dtype=bool)
    labelled[:N_LABELLED] = True
    genes = np.array([f"G{number:02d}" for number in range(len(positive))])
    return Supervision.from_labels(genes, csr_array(positive), labelled, np.zeros(3, dtype=np.intp))


@pytest.fixture
def confidence():
    """For n = 20 pupils 10 are expected to have the common term, 3 the rare one, of which none reaches 0.9."""
    table = np.full((N_LABELLED + N_PUPILS, 3), 0.99, dtype=np.float32)
    table[N_LABELLED:, COMMON] = [*[0.95] * 6, *[0.85] * 3, 0.7, *np.linspace(0.4, 0.05, 10)]
    table[N_LABELLED:, RARE] = [*np.linspace(0.01, 0.1, 17), 0.2, 0.5, 0.6]
    return table


@pytest.fixture
def everyone():
    return np.ones(N_LABELLED + N_PUPILS, dtype=bool)


def test_a_fixed_threshold_teaches_no_positive_of_a_rare_term_but_negatives(confidence, supervision, everyone):
    positive, negative = choose_fixed(confidence, supervision, everyone, threshold=0.9)
    assert positive.sum(axis=0).tolist() == [6, 0, 0]
    below = (confidence[N_LABELLED:, RARE] <= 0.1).sum()
    assert negative[:, RARE].sum() == below == 17
    assert not (positive & negative).any()


def test_adaptive_thresholds_teach_the_rare_term_that_a_fixed_one_does_not(confidence, supervision, everyone):
    # s = 6/10 and 0/3; S = 6/13, so 1 - S = 0.538 < 0.6: beta = 1 and 0, T = 0.9 and 0.
    positive, negative = choose_adaptively(confidence, supervision, everyone, threshold=0.9)
    assert positive.sum(axis=0).tolist() == [6, 3, 0]
    assert np.flatnonzero(positive[:, RARE]).tolist() == [36, 37, 38]
    assert negative.sum(axis=0).tolist() == [10, 10, 0]  # below the median of the pupils


def test_the_less_a_term_is_learnt_the_lower_its_threshold():
    confidence = np.array([[0.95, 0.95], [0.92, 0.5], [0.91, 0.4], [0.6, 0.3]], dtype=np.float32)
    predicted, expected = np.ones((4, 2), dtype=bool), np.array([4, 4])
    # s = 3/4 and 1/4, 1 - S = 1/2: beta = 1 and 1/3; 1/3 / (2 - 1/3) = 0.2; T = 0.9 and 0.18.
    np.testing.assert_allclose(flexible_thresholds(confidence, predicted, expected, 0.9), [0.9, 0.18], rtol=1e-12)
    # What is not predicted does not count: s = 0 and 1/4, 1 - S = 7/8: beta = 2/7; 2/7 / (12/7) = 1/6; T = 0.15.
    predicted[:, 0] = False
    np.testing.assert_allclose(flexible_thresholds(confidence, predicted, expected, 0.9), [0.0, 0.15], rtol=1e-12)


def test_the_learning_status_is_relative_to_the_frequency_of_the_term():
    confidence = np.full((10, 2), 0.95, dtype=np.float32)
    predicted = np.zeros((10, 2), dtype=bool)
    predicted[:, 0], predicted[:2, 1] = True, True
    # All 10 expected genes of the one term are confident, and both of the other: s = 1 and 1, unlike 10 and 2.
    np.testing.assert_allclose(flexible_thresholds(confidence, predicted, np.array([10, 2]), 0.9), [0.9, 0.9])


def test_self_adaptive_thresholds_follow_the_mean_confidence_over_rounds(confidence, supervision, everyone):
    # tau = (0.5^2 + 0.15^2) / 0.65 = 0.419231 and p = (0.5, 0.15) at first. What is predicted has the mean confidence
    # c = (8.95 / 10, 1.3 / 3) by term, 10.25 / 13 over both. After one round tau = (0.419231 + 0.788462) / 2 = 0.603846
    # and p = (0.6975, 0.291667): T = (0.603846, 0.252505).
    (positive, negative), first = choose_self_adaptively(confidence, supervision, everyone)
    np.testing.assert_allclose(first.overall, [0.603846], atol=1e-6)
    np.testing.assert_allclose(first.by_term[:2], [0.6975, 0.291667], atol=1e-6)
    assert np.flatnonzero(positive[:, RARE]).tolist() == [37, 38]  # 0.2 stays below 0.252505
    assert positive[:, COMMON].sum() == 10
    assert negative.sum(axis=0).tolist() == [10, 10, 0]
    # tau = (0.603846 + 0.788462) / 2, p = (0.79625, 0.3625): T = (0.696154, 0.316930).
    (again, _), second = choose_self_adaptively(confidence, supervision, everyone, earlier=first)
    np.testing.assert_allclose(second.overall, [0.696154], atol=1e-6)
    np.testing.assert_allclose(second.by_term[:2], [0.79625, 0.3625], atol=1e-6)
    assert again[:, COMMON].sum() == 10
    # A third round: tau = 0.742308, p_common = 0.845625, above the pupil of 0.7.
    (last, _), third = choose_self_adaptively(confidence, supervision, everyone, earlier=second)
    np.testing.assert_allclose(third.overall, [0.742308], atol=1e-6)
    assert last[:, COMMON].sum() == 9


def test_without_momentum_the_thresholds_are_those_of_the_round(confidence, supervision, everyone):
    _, running = choose_self_adaptively(confidence, supervision, everyone, momentum=0.0)
    np.testing.assert_allclose(running.overall, [10.25 / 13], atol=1e-6)
    _, still = choose_self_adaptively(confidence / 9, supervision, everyone, momentum=1.0, earlier=running)
    assert still.overall.tolist() == running.overall.tolist()


def test_where_nothing_is_predicted_nothing_is_taught_and_the_state_stays(confidence, supervision, everyone):
    (positive, _), running = choose_self_adaptively(confidence / 100, supervision, everyone)
    assert not positive.any()
    np.testing.assert_allclose(running.overall, [0.2725 / 0.65], atol=1e-6)
    np.testing.assert_allclose(running.by_term, [0.5, 0.15, 0.1], atol=1e-6)
    assert not choose_adaptively(confidence / 100, supervision, everyone, threshold=0.9)[0].any()


ALL_CHOICES = {
    "fixed": lambda *given: choose_fixed(*given, threshold=0.9),
    "adaptive": lambda *given: choose_adaptively(*given, threshold=0.9),
    "self_adaptive": lambda *given: choose_self_adaptively(*given)[0],
}


@pytest.mark.parametrize("name", ALL_CHOICES)
def test_only_pupils_without_a_label_in_the_aspect_are_taught(name, confidence, supervision, everyone):
    absent = everyone.copy()
    absent[[19, 38]] = False
    for matrix in ALL_CHOICES[name](confidence, supervision, absent):
        assert matrix[absent].any()
        assert not matrix[~absent].any()
        assert not matrix[:N_LABELLED].any()


@pytest.mark.parametrize("name", ALL_CHOICES)
def test_terms_of_fewer_than_three_labelled_genes_are_not_taught(name, confidence, supervision, everyone):
    assert (confidence[:, SINGLE] == np.float32(0.99)).all()
    for matrix in ALL_CHOICES[name](confidence, supervision, everyone):
        assert not matrix[:, SINGLE].any()


@pytest.mark.parametrize("quota", [0.3, 1.0])
def test_adaptive_choices_keep_to_the_quota(quota, confidence, supervision, everyone):
    allowed = choose_by_quota(confidence, supervision, everyone, quota=quota)[0]
    for chosen in (
        choose_adaptively(confidence, supervision, everyone, threshold=0.9, quota=quota)[0],
        choose_self_adaptively(confidence, supervision, everyone, quota=quota)[0][0],
    ):
        assert chosen.any()
        assert not (chosen & ~allowed).any()
