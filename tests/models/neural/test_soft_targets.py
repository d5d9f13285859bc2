"""Electronic annotations as soft targets: where experiments tell nothing, as far as a source can be trusted."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.errors import InputError
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from tests.conftest import make_dataset

N_TERMS = 3  # terms 0 and 1 of one aspect, term 2 of another


def sparse(rows, dtype):
    return csr_array(np.array(rows, dtype=dtype))


def supervision():
    """Gene 0 is labelled in the first aspect, gene 1 in none, gene 2 in the second one."""
    none = csr_array((3, N_TERMS), dtype=bool)
    return Supervision(
        genes=np.array(["a", "b", "c"]),
        positive=sparse([[1, 0, 0], [0, 0, 0], [0, 0, 1]], bool),
        labelled=np.array([[True, False], [False, False], [False, True]]),
        aspect_of_term=np.array([0, 0, 1]),
        negative=none,
        taught_positive=none,
        taught_negative=none,
    )


def softened(weight=0.5):
    trusted = sparse([[0, 0.9, 0], [0.8, 0, 0], [0, 0, 0.7]], np.float32)
    return supervision().soften(trusted, np.array([0.1, 0.2, 0.3], dtype=np.float32), weight)


def test_targets_are_trust_and_omission_where_experiments_tell_nothing():
    targets, weights = softened().batch(np.arange(3))
    # Gene 0: its experiments stand in the first aspect, whatever a source says; nothing electronic in the second.
    # Gene 1: 0.8 for the term that a source gives it, the omission 0.2 for its neighbour; nothing in the second aspect.
    # Gene 2: its experiments stand in the second aspect.
    np.testing.assert_allclose(weights, [[1, 1, 0], [0.5, 0.5, 0], [0, 0, 1]])
    np.testing.assert_allclose(targets * (weights > 0), [[1, 0, 0], [0.8, 0.2, 0], [0, 0, 1]], rtol=1e-6)


def test_genes_with_soft_targets_only_take_part_in_training():
    assert supervision().informative().tolist() == [0, 2]
    assert softened().informative().tolist() == [0, 1, 2]
    assert softened(weight=0.0).informative().tolist() == [0, 2]


def test_chosen_columns_keep_their_soft_targets():
    targets, weights = softened().select(np.array([1, 2])).batch(np.array([0, 1]))
    np.testing.assert_allclose(weights, [[1, 0], [0, 0]])  # of term 0, which made gene 1 described, nothing is left
    np.testing.assert_allclose(targets[0], [0, 0])


def network(soft_weight):
    return SequenceNetwork(hidden=32, max_epochs=15, soft_weight=soft_weight, device="cpu")


def test_without_weight_electronic_annotations_are_not_looked_at():
    dataset, _ = make_dataset()
    other = replace(dataset, electronic=csr_array(dataset.electronic[::-1]))
    assert (other.electronic != dataset.electronic).nnz
    expected = network(0.0).fit(dataset).predict_proba(dataset)
    np.testing.assert_array_equal(network(0.0).fit(other).predict_proba(dataset), expected)


def test_soft_targets_teach_about_genes_without_experiments():
    dataset, truth = make_dataset(n_genes=480)
    few = dataset.without_labels(np.arange(480) >= 160)  # labels of a third, electronic annotations of all
    unlabelled = ~few.labelled.any(axis=1)

    def loss(soft_weight):
        scores = np.clip(network(soft_weight).fit(few).predict_proba(few)[unlabelled], 1e-3, 1 - 1e-3)
        return -np.mean(np.where(truth[unlabelled], np.log(scores), np.log(1 - scores)))

    assert loss(1.0) < loss(0.0) - 0.01


def test_sources_that_experiments_do_not_bear_out_teach_next_to_nothing():
    """Electronic annotations of other genes, chosen at random, get the trust of the term's frequency."""
    dataset, _ = make_dataset(n_genes=480)
    shuffled = csr_array(dataset.electronic[np.random.default_rng(1).permutation(480)])
    unlabelled = ~dataset.labelled.any(axis=1)

    def agreement(evidence):
        """Correlation of scores and annotations over genes, the frequencies of terms taken away."""
        scores = network(1.0).fit(replace(dataset, electronic=evidence)).predict_proba(dataset)[unlabelled]
        said = evidence.toarray()[unlabelled].astype(float)
        return np.corrcoef((scores - scores.mean(axis=0)).ravel(), (said - said.mean(axis=0)).ravel())[0, 1]

    assert abs(agreement(shuffled)) < 0.1
    assert agreement(dataset.electronic) > 0.3


def test_a_weight_out_of_range_is_refused():
    with pytest.raises(InputError, match=r"soft_weight: found 2, expected a number in \[0"):
        network(2).fit(make_dataset()[0])
