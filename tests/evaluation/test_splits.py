import numpy as np
import pandas as pd
import pytest

from genessl.errors import InputError
from genessl.evaluation.splits import assign_folds, cluster_folds, sequence_clusters, validation_genes


def pairs(*rows):
    return pd.DataFrame(rows, columns=["query", "target", "identity", "coverage"])


def random_pairs(n_genes, n_pairs, seed):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "query": random.integers(0, n_genes, n_pairs),
            "target": random.integers(0, n_genes, n_pairs),
            "identity": random.random(n_pairs),
            "coverage": random.random(n_pairs),
        }
    )


def test_similarity_reaches_through_a_third_gene():
    found = sequence_clusters(5, pairs((0, 1, 0.9, 0.9), (1, 3, 0.4, 0.8)))
    assert found.tolist() == [0, 0, 1, 0, 2]


def test_pairs_of_low_identity_or_a_short_overlap_link_nothing():
    found = sequence_clusters(3, pairs((0, 1, 0.29, 0.9), (1, 2, 0.9, 0.49)))
    assert found.tolist() == [0, 1, 2]
    assert sequence_clusters(3, pairs((0, 1, 0.3, 0.5))).tolist() == [0, 0, 1]


def test_no_pair_at_all_leaves_each_gene_alone():
    assert sequence_clusters(3, pairs()).tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_no_similar_pair_spans_two_folds(seed):
    hits = random_pairs(300, 200, seed)
    folds = cluster_folds(300, hits, n_folds=5, seed=seed)
    linked = hits[(hits["identity"] >= 0.3) & (hits["coverage"] >= 0.5)]
    assert (folds[linked["query"]] == folds[linked["target"]]).all()


def test_dealing_genes_without_their_clusters_would_span_folds():
    hits = random_pairs(300, 200, 0)
    folds = assign_folds(np.arange(300), n_folds=5, seed=0)
    assert (folds[hits["query"]] != folds[hits["target"]]).mean() > 0.5


def test_folds_are_of_nearly_equal_size():
    # clusters of 4, 3, 2 genes and singletons fill five folds of 100 to the gene.
    clusters = np.repeat(np.arange(260), [4] * 40 + [3] * 60 + [1] * 160)
    folds = assign_folds(clusters, n_folds=5, seed=1)
    assert np.bincount(folds).tolist() == [100, 100, 100, 100, 100]


def test_same_seed_same_folds_other_seed_others():
    hits = random_pairs(300, 100, 0)
    first = cluster_folds(300, hits, n_folds=5, seed=0)
    assert np.array_equal(first, cluster_folds(300, hits, n_folds=5, seed=0))
    assert not np.array_equal(first, cluster_folds(300, hits, n_folds=5, seed=1))
    assert first.dtype == np.uint8


def test_more_folds_than_clusters_are_refused():
    with pytest.raises(InputError, match=r"folds: found 3, expected at most 2.*fewer folds"):
        cluster_folds(3, pairs((0, 1, 0.9, 0.9)), n_folds=3)
    with pytest.raises(InputError, match="folds: found 1, expected from 2"):
        cluster_folds(3, pairs(), n_folds=1)


@pytest.mark.parametrize("seed", range(5))
def test_validation_holds_whole_clusters_and_a_tenth_of_the_labelled_genes(seed):
    random = np.random.default_rng(seed)
    clusters = random.integers(0, 200, 1000)
    labelled = random.random(1000) < 0.3
    chosen = validation_genes(clusters, labelled, seed=seed)
    assert not set(clusters[chosen]) & set(clusters[~chosen])
    assert (chosen & labelled).sum() == round(0.1 * labelled.sum())


def test_validation_leaves_a_labelled_gene_to_train_on():
    clusters, labelled = np.array([0, 0, 0, 1, 1]), np.array([True, True, True, True, True])
    assert validation_genes(clusters, labelled).tolist() == [False, False, False, True, True]
    assert not validation_genes(np.zeros(5, dtype=int), labelled).any()
