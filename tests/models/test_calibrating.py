"""The calibration of a predictor: it is fitted without the labels by which it is judged, and judged by all of them."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.evaluation.conformal import LEVELS
from genessl.models.baselines import TermFrequency
from genessl.models.calibration import calibrate, similar_genes
from genessl.models.neighbours import NetworkNeighbours
from tests.conftest import make_dataset


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(n_genes=600)[0]


class Watching(TermFrequency):
    """Keeps the dataset that it is fitted on."""

    seen: ClassVar[list] = []

    def fit(self, dataset, muting=None):
        self.seen.append(dataset)
        return super().fit(dataset, muting)


def test_each_fit_sees_no_label_of_its_fold_and_few_genes_take_all_five_folds(dataset):
    Watching.seen.clear()
    calibrate(Watching(), dataset)
    assert len(Watching.seen) == 5
    ordered, _ = dataset.by_name
    hidden = [ordered.labelled.any(axis=1) & ~seen.labelled.any(axis=1) for seen in Watching.seen]
    assert np.sum(hidden, axis=0).max() == 1  # no gene is hidden twice
    np.testing.assert_array_equal(np.any(hidden, axis=0), ordered.labelled.any(axis=1))
    for seen, own in zip(Watching.seen, hidden):
        assert not seen.positive[own].nnz
        np.testing.assert_array_equal(seen.labelled[~own], ordered.labelled[~own])
        assert not (own & (seen.split == 1)).any()
        np.testing.assert_array_equal(seen.electronic.toarray(), ordered.electronic.toarray())


def test_one_fit_is_enough_where_a_fold_has_many_labelled_genes():
    Watching.seen.clear()
    calibrate(Watching(), make_dataset(n_genes=3600)[0])
    assert len(Watching.seen) == 1


def test_similar_proteins_share_a_fold():
    made, _ = make_dataset(n_genes=60)
    bits = np.zeros((60, 60), dtype=np.float32)
    bits[0, 1] = bits[1, 0] = bits[1, 2] = bits[2, 1] = 12.0  # 40 residues: .3 bits for each
    bits[3, 4] = bits[4, 3] = 11.9
    clusters = similar_genes(replace(made, homology=csr_array(bits)))
    assert len(set(clusters[:3].tolist())) == 1
    assert len(set(clusters.tolist())) == 58
    assert len(set(similar_genes(replace(made, homology=csr_array(bits), sequences=())).tolist())) == 57
    bits[:30, :30] = 20.0 * (1 - np.eye(30))  # .5 bits for each residue, between half of all genes
    bits[0, 1] = bits[1, 0] = 24.0
    assert len(set(similar_genes(replace(made, homology=csr_array(bits))).tolist())) == 59


def test_probabilities_of_a_model_hold_and_do_not_depend_on_the_order_of_genes(dataset):
    calibrated = calibrate(NetworkNeighbours(), dataset)
    calibration = calibrated.probabilities
    assert {found.aspect for found in calibrated.reliability} == set(dataset.aspects) == set(calibration.curves)
    assert all(found.ece < 0.05 for found in calibrated.reliability)
    assert [found.aspect for found in calibrated.sets] == list(dataset.aspects)
    for found in calibrated.sets:
        np.testing.assert_allclose(found.coverage[:40], LEVELS[:40], atol=0.12)
    order = np.random.default_rng(1).permutation(dataset.n_genes)
    again = calibrate(NetworkNeighbours(), dataset.take(order)).probabilities
    scores = NetworkNeighbours().fit(dataset).predict_proba(dataset)
    expected = calibration.apply(dataset, scores)
    found = again.apply(dataset.take(order), scores[order])
    np.testing.assert_allclose(found, expected[order], atol=1e-5)


def test_with_fewer_than_twenty_labelled_genes_there_is_no_calibration():
    few, _ = make_dataset(n_genes=240)
    few = few.without_labels(np.cumsum(few.labelled.any(axis=1)) > 19)
    calibrated = calibrate(TermFrequency(), few)
    assert not calibrated.probabilities.curves
    assert calibrated.reliability == ()
    assert all(np.isnan(thresholds).all() for thresholds in calibrated.thresholds.values())
    assert not calibrate(TermFrequency(), make_dataset(n_genes=12)[0]).probabilities.curves
