"""Baselines against calculations by hand: four genes, two aspects."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import ontology_from_edges
from genessl.models.baselines import ElectronicAnnotation, Homology, NetworkNeighbours, PermutedLabels, TermFrequency
from genessl.models.supervision import Supervision


def sparse(rows):
    return csr_array(np.array(rows, dtype=np.float32))


@pytest.fixture
def four_genes():
    """Terms P1, P2 below it, F1; genes a (P1, P2), b (P1), c (F1), d (nothing); d-a 0.5, d-b 1.0, d-c 0.25."""
    terms = {"P1": ("", "biological_process"), "P2": ("", "biological_process"), "F1": ("", "molecular_function")}
    network = sparse([[0, 0, 0, 0.5], [0, 0, 0, 1.0], [0, 0, 0, 0.25], [0.5, 1.0, 0.25, 0]])
    # columns are sorted: F1, P1, P2
    positive = csr_array(np.array([[0, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool))
    empty = csr_array((4, 3), dtype=bool)
    return GeneDataset(
        genes=np.array(["a", "b", "c", "d"]),
        sequence_features=np.zeros((4, 1), dtype=np.float32),
        feature_names=("nothing",),
        homology=sparse([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [300, 100, 50, 0]]),
        networks={"one": network},
        ontology=ontology_from_edges(terms, [("P2", "P1")]),
        positive=positive,
        negative=empty,
        electronic=csr_array(np.array([[0, 0, 0], [0, 1, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)),
        split=np.zeros(4, dtype=np.uint8),
    )


def test_term_frequency_counts_the_genes_labelled_in_the_aspect(four_genes):
    scores = TermFrequency().fit(four_genes).predict_proba(four_genes)
    # F1: 1 of 1 labelled gene, P1: 2 of 2, P2: 1 of 2; each with one gene without the term added
    np.testing.assert_allclose(scores[3], [1 / 2, 2 / 3, 1 / 3], rtol=1e-6)
    assert (scores == scores[0]).all()


def test_homology_weighs_by_bit_score_within_the_aspect(four_genes):
    scores = Homology().fit(four_genes).predict_proba(four_genes)
    # P2: 300 / (300 + 100); F1: the one homolog labelled in MFO has it
    np.testing.assert_allclose(scores[3], [1.0, 1.0, 0.75], rtol=1e-6)
    np.testing.assert_array_equal(scores[0], [0, 0, 0])


def test_network_neighbours_weigh_by_edge_over_all_networks(four_genes):
    scores = NetworkNeighbours().fit(four_genes).predict_proba(four_genes)
    # P2: 0.5 / (0.5 + 1.0)
    np.testing.assert_allclose(scores[3], [1.0, 1.0, 1 / 3], rtol=1e-6)
    second = sparse([[0, 0, 0, 1.0], [0, 0, 0, 0], [0, 0, 0, 0], [1.0, 0, 0, 0]])
    two = replace(four_genes, networks={**four_genes.networks, "two": second})
    # P2: (0.5 + 1.0) / (0.5 + 1.0 + 1.0)
    np.testing.assert_allclose(NetworkNeighbours().fit(two).predict_proba(two)[3, 2], 0.6, rtol=1e-6)


def test_a_gene_does_not_count_as_its_own_neighbour(four_genes):
    alone = replace(four_genes, networks={"none": csr_array((4, 4), dtype=np.float32)})
    assert not NetworkNeighbours().fit(alone).predict_proba(alone).any()


def test_electronic_annotations_are_transferred_and_experiments_are_not(four_genes):
    scores = ElectronicAnnotation().fit(four_genes).predict_proba(four_genes)
    np.testing.assert_array_equal(scores, four_genes.electronic.toarray().astype(np.float32))


def test_the_control_shuffles_rows_among_labelled_genes_only(four_genes):
    rows = {tuple(row) for row in four_genes.positive.toarray().tolist()[:3]}
    orders = set()
    for shuffle in range(1, 30):
        fitted = PermutedLabels(shuffle=shuffle).fit(four_genes)
        shuffled = fitted.supervision_.positive.toarray().tolist()
        assert {tuple(row) for row in shuffled[:3]} == rows
        assert not any(shuffled[3])
        orders.add(str(shuffled))
    assert len(orders) == 6  # every order of three rows turns up


def test_protein_binding_alone_makes_no_gene_labelled_in_mfo():
    terms = {t: ("", "molecular_function") for t in ("GO:0003674", "GO:0005488", "GO:0005515", "GO:0016301")}
    full = ontology_from_edges(
        terms, [("GO:0005488", "GO:0003674"), ("GO:0005515", "GO:0005488"), ("GO:0016301", "GO:0003674")]
    )
    ontology = full.subset(np.flatnonzero(~full.roots))
    positive = csr_array(np.array([[1, 1, 0], [1, 1, 1]], dtype=bool))
    empty = csr_array((2, 3), dtype=bool)
    nothing = csr_array((2, 2), dtype=np.float32)
    features = np.zeros((2, 0), dtype=np.float32)
    split = np.zeros(2, dtype=np.uint8)
    genes = np.array(["a", "b"])
    dataset = GeneDataset(genes, features, (), nothing, {}, ontology, positive, empty, empty, split)
    assert dataset.labelled.tolist() == [[False], [True]]
    supervision = Supervision.of(dataset)
    assert supervision.n_positive.tolist() == [1, 1, 1]
    targets, weights = supervision.batch(np.array([0, 1]))
    assert targets.tolist() == [[1, 1, 0], [1, 1, 1]]
    assert weights.tolist() == [[1, 1, 0], [1, 1, 1]]  # whether gene a is a kinase is unknown
