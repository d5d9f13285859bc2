"""The two-groups model, on groups whose law is known."""

import numpy as np
import pytest

from genessl.screening.two_groups import TwoGroups


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_share_and_probabilities_are_recovered_from_two_normal_groups(share):
    random = np.random.default_rng(0)
    synthetic = random.random(20_000) < share
    unlabelled = 5 + 2 * (random.standard_normal(20_000) + 3 * synthetic)
    labelled = 5 + 2 * random.standard_normal(5_000)
    groups = TwoGroups.fit(labelled, unlabelled)
    assert groups.share == pytest.approx(share, abs=0.02)
    probability = groups.probability(unlabelled)
    for low in (0.0, 0.3, 0.7):
        members = (probability >= low) & (probability < low + 0.3)
        assert synthetic[members].mean() == pytest.approx(probability[members].mean(), abs=0.06)
    assert (np.diff(probability[np.argsort(unlabelled)]) >= 0).all()
    # Bayes' rule with the two normal densities, where they are known
    for evidence, standing in ((5.0, 0.0), (8.0, 1.5), (11.0, 3.0)):
        odds = share / (1 - share) * np.exp(3 * standing - 4.5)
        assert groups.probability(np.array([evidence]))[0] == pytest.approx(odds / (1 + odds), abs=0.08)
    fewer = groups.probability(np.array([8.0]), share=0.01)[0]
    assert fewer == pytest.approx(0.01, abs=0.01)  # at 1.5 both densities are the same


def test_two_groups_does_not_ask_that_evidence_be_normal():
    """Ranks alone count: after any increasing transformation the probabilities are the same."""
    random = np.random.default_rng(1)
    labelled, unlabelled = random.standard_normal(500), np.concatenate([random.standard_normal(300), np.full(200, 2.5)])
    plain, bent = (TwoGroups.fit(f(labelled), f(unlabelled)).probability(f(unlabelled)) for f in (np.array, np.exp))
    np.testing.assert_allclose(plain, bent)
    assert plain[300:].min() > 0.9


def test_where_all_genes_are_alike_or_none_is_unlabelled_the_share_is_small():
    random = np.random.default_rng(0)
    same = TwoGroups.fit(random.standard_normal(3_000), random.standard_normal(3_000))
    assert same.share < 0.1  # the middles of 3,000 genes each differ by 0.035 (standard error), a share of as much
    none = TwoGroups.fit(random.standard_normal(3_000), np.zeros(0))
    assert none.share == 0.001
    assert np.isfinite(TwoGroups.fit(np.zeros(30), np.ones(30)).probability(np.ones(3), 0.5)).all()
    np.testing.assert_allclose(none.probability(np.array([-1.0, 9.0])), 0.001)
