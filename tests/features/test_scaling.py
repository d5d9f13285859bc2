"""One scale for the columns of the sequence view: learned once, then applied to any genes."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from genessl.features.scaling import FeatureScaling


@pytest.fixture
def features():
    """Three measured columns, one of domains, one that never varies."""
    random = np.random.default_rng(0)
    measured = random.normal([0, 5, -3], [1, 2, 0.1], (60, 3))
    return np.column_stack([measured, random.random(60) < 0.3, np.full(60, 7.0)]).astype(np.float32)


def test_columns_are_standardised_as_by_scikit_learn(features):
    expected = StandardScaler().fit_transform(features[:, :4])
    found = FeatureScaling.learn(features).standardise(features)
    np.testing.assert_allclose(found[:, :4], np.clip(expected, -5, 5), atol=1e-5)
    np.testing.assert_array_equal(found[:, 4], 0)


def test_columns_of_0_and_1_stay_as_they_are_where_it_is_asked_for(features):
    scaling = FeatureScaling.learn(features)
    found = scaling.keep_zero_one(features)
    assert scaling.zero_one.tolist() == [False, False, False, True, False]
    np.testing.assert_array_equal(found[:, 3], features[:, 3])
    np.testing.assert_array_equal(found[:, :3], scaling.standardise(features)[:, :3])


def test_a_part_of_the_genes_is_scaled_as_in_the_whole_whatever_it_holds(features):
    scaling = FeatureScaling.learn(features)
    alike = np.flatnonzero(features[:, 3] == 0)[:5]
    np.testing.assert_array_equal(scaling.keep_zero_one(features[alike]), scaling.keep_zero_one(features)[alike])
    two = scaling.standardise(features[:, :2])  # fewer columns are the first ones
    np.testing.assert_array_equal(two, scaling.standardise(features)[:, :2])


def test_suspects_have_no_part_in_the_scale(features):
    suspects = np.arange(60) >= 40
    found = FeatureScaling.learn(features, suspects)
    expected = FeatureScaling.learn(features[:40])
    np.testing.assert_array_equal(found.centre, expected.centre)
    np.testing.assert_array_equal(found.spread, expected.spread)
    assert np.isfinite(FeatureScaling.learn(features, np.ones(60, dtype=bool)).centre).all()


def test_what_is_packed_comes_back_and_no_columns_are_no_mistake(features):
    scaling = FeatureScaling.learn(features)
    again = FeatureScaling.unpack(scaling.pack())
    np.testing.assert_array_equal(again.keep_zero_one(features), scaling.keep_zero_one(features))
    assert FeatureScaling.learn(features[:, :0]).standardise(features[:, :0]).shape == (60, 0)
