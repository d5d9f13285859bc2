"""Supervision: what counts as present, absent and unknown, by hand; taught labels where experiments tell nothing."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.models import supervision as module
from genessl.models.supervision import Supervision

N_TERMS = 3  # terms 0 and 1 of one aspect, term 2 of another


def sparse(rows, dtype=bool):
    return csr_array(np.array(rows, dtype=dtype))


def supervision():
    """Gene 0 is labelled in the first aspect, gene 1 in none, gene 2 in the second one."""
    return Supervision.from_labels(
        np.array(["a", "b", "c"]),
        sparse([[1, 0, 0], [0, 0, 0], [0, 0, 1]]),
        np.array([[True, False], [False, False], [False, True]]),
        np.array([0, 0, 1]),
    )


def taught(weight=0.5):
    """Gene 0 is taught term 1 and to lack term 2, gene 1 to have term 0 and to lack term 1, gene 2 term 2."""
    has = sparse([[0, 0.9, 0], [0.8, 0, 0], [0, 0, 0.7]], np.float32)
    return supervision().teach(has, sparse([[0, 0, 1], [0, 1, 0], [0, 0, 0]]), weight)


def test_a_labelled_gene_lacks_the_other_terms_of_its_aspect_and_an_unlabelled_one_is_unknown():
    targets, weights = supervision().batch(np.arange(3))
    assert targets.tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert weights.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    known_absent = replace(supervision(), negative=sparse([[0, 0, 0], [0, 1, 0], [0, 0, 0]]))
    assert known_absent.batch(np.arange(3))[1].tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_targets_are_taught_where_experiments_tell_nothing():
    targets, weights = taught().batch(np.arange(3))
    # Gene 0: its experiment stands in the first aspect, whatever is taught; taught absent in the second.
    # Gene 1: taught to have term 0 and to lack term 1; nothing in the second aspect.
    # Gene 2: its experiment stands in the second aspect.
    assert weights.tolist() == [[1, 1, 0.5], [0.5, 0.5, 0], [0, 0, 1]]
    assert (targets * (weights > 0)).tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert taught(weight=0.0).batch(np.arange(3))[1].tolist() == supervision().batch(np.arange(3))[1].tolist()


def test_genes_with_taught_labels_only_take_part_in_training():
    assert supervision().informative.tolist() == [0, 2]
    assert taught().informative.tolist() == [0, 1, 2]


def test_chosen_columns_keep_their_labels_and_their_aspects():
    chosen = taught().select(np.array([1, 2]))
    targets, weights = chosen.batch(np.arange(3))
    assert weights.tolist() == [[1, 0.5], [0.5, 0], [0, 1]]
    assert (targets * (weights > 0)).tolist() == [[0, 0], [0, 0], [0, 1]]
    assert chosen.columns.tolist() == [1, 2]
    assert chosen.n_terms == N_TERMS


def test_counts_and_frequencies_by_hand():
    found = supervision()
    assert found.n_labelled.tolist() == [1, 1, 1]
    assert found.n_positive.tolist() == [1, 0, 1]
    np.testing.assert_allclose(found.frequency, [1 / 2, 0, 1 / 2])  # smoothed by one gene without the term
    assert taught().n_taught.tolist() == [1, 1, 1]
    assert replace(taught(), suspects=np.array([False, True, False])).n_taught.tolist() == [0, 1, 1]
    # A positive in an aspect in which the gene does not count as labelled, as protein binding alone, is no target.
    binding = replace(found, positive=sparse([[1, 0, 0], [1, 0, 0], [0, 0, 1]]))
    assert binding.targets.toarray().tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert binding.n_positive.tolist() == [1, 0, 1]


def test_taught_labels_among_experiments_make_a_gene_labelled_in_the_aspect():
    found = taught().as_experimental()
    assert found.positive.toarray().tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert found.labelled.tolist() == [[True, False], [True, False], [False, True]]
    assert found.taught_positive.nnz == found.taught_negative.nnz == found.taught_weight == 0
    assert supervision().as_experimental().positive.nnz == 2


def test_labels_follow_their_genes_and_new_genes_have_none():
    targets, labelled = supervision().labels_for(np.array(["c", "new", "a"]))
    assert targets.toarray().tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert labelled.tolist() == [[False, True], [False, False], [True, False]]


def test_labels_of_some_genes_only_and_from_whom_a_strategy_draws():
    left = supervision().only(np.array([True, True, False]))
    assert left.positive.toarray().tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert left.has_labels.tolist() == [True, False, False]
    assert left.drawable.tolist() == [0, 1, 2]
    assert replace(left, pool=np.array([False, True, True])).drawable.tolist() == [1, 2]


def test_it_stays_as_it_was_when_others_are_made_of_it():
    found = supervision()
    before = found.targets.toarray().tolist()
    found.only(np.zeros(3, dtype=bool)), found.teach(found.positive, found.negative, 1.0), found.select(np.array([0]))
    assert found.targets.toarray().tolist() == before
    assert found.targets is found.targets  # counted once
    with pytest.raises(FrozenInstanceError):
        found.positive = found.negative


def test_a_table_too_large_to_keep_gives_the_same_batches(monkeypatch):
    kept = taught().batch(np.array([2, 0]))
    monkeypatch.setattr(module, "LARGEST_TABLE", 0)
    made = taught().batch(np.array([2, 0]))
    assert [array.tolist() for array in made] == [array.tolist() for array in kept]
