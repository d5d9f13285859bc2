import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.models.label_propagation import LabelPropagation
from genessl.models.supervision import Supervision
from tests.conftest import make_dataset


def solved(dataset, aspect, restart):
    """The fixed point by a dense linear solve over the unlabelled genes."""
    supervision = Supervision.of(dataset)
    columns = np.flatnonzero(supervision.aspect_of_term == aspect)
    labelled = supervision.labelled[:, aspect]
    network = sum(matrix.toarray() for matrix in dataset.networks.values()).astype(float)
    degree = network.sum(axis=1, keepdims=True)
    walk = np.divide(network, degree, out=np.zeros_like(network), where=degree > 0)
    seeds = supervision.targets().toarray()[:, columns].astype(float)
    prior = supervision.frequency()[columns]
    free = ~labelled & (degree[:, 0] > 0)
    fixed = np.where(labelled[:, None], seeds, prior)
    constant = (1 - restart) * walk[np.ix_(free, ~free)] @ fixed[~free] + restart * prior
    fixed[free] = np.linalg.solve(np.eye(free.sum()) - (1 - restart) * walk[np.ix_(free, free)], constant)
    return columns, fixed, labelled


@pytest.mark.parametrize("restart", [0.1, 0.5, 1.0])
def test_unlabelled_genes_reach_the_fixed_point_of_a_dense_solve(restart):
    dataset, _ = make_dataset()
    dataset = dataset.take(np.argsort(dataset.genes))
    fitted = LabelPropagation(restart=restart, tolerance=1e-7, max_iterations=1000).fit(dataset)
    scores = fitted._predict(dataset)
    for aspect in range(3):
        columns, expected, labelled = solved(dataset, aspect, restart)
        np.testing.assert_allclose(scores[np.ix_(~labelled, columns)], expected[~labelled], atol=1e-5)


def test_seeds_keep_their_labels(dataset):
    scores = LabelPropagation().fit(dataset).predict_proba(dataset)
    assert (scores[dataset.positive.toarray()] == 1).all()
    unknown = dataset.labelled.all(axis=1)[:, None] & ~dataset.positive.toarray()
    assert 0 < scores[unknown].mean() < 0.5  # what is not known of a labelled gene is not for that reason absent


def test_an_unlabelled_gene_without_edges_scores_the_term_frequency(dataset):
    isolated = sum(matrix.toarray() for matrix in dataset.networks.values()).sum(axis=1) == 0
    rows = np.flatnonzero(isolated & ~dataset.labelled.any(axis=1))
    assert len(rows)
    scores = LabelPropagation().fit(dataset)._predict(dataset)
    np.testing.assert_allclose(scores[rows], np.tile(Supervision.of(dataset).frequency(), (len(rows), 1)), rtol=1e-5)


def test_a_labelled_gene_without_edges_scores_its_labels_and_else_the_term_frequency(dataset):
    isolated = sum(matrix.toarray() for matrix in dataset.networks.values()).sum(axis=1) == 0
    rows = np.flatnonzero(isolated & dataset.labelled.all(axis=1))
    assert len(rows)
    known = dataset.positive[rows].toarray()
    expected = np.where(known, 1.0, Supervision.of(dataset).frequency())
    np.testing.assert_allclose(LabelPropagation().fit(dataset)._predict(dataset)[rows], expected, rtol=1e-5)


def test_a_label_reaches_a_gene_two_steps_away():
    dataset, _ = make_dataset(n_genes=30)
    path = np.zeros((30, 30), dtype=np.float32)
    for gene in range(29):
        path[gene, gene + 1] = path[gene + 1, gene] = 1.0
    order = dataset.take(np.argsort(dataset.genes))
    positive = np.zeros(order.positive.shape, dtype=bool)
    positive[0, :3] = True
    positive[29, 3:6] = True
    object.__setattr__(order, "positive", order.ontology.propagate(csr_array(positive)))
    object.__setattr__(order, "networks", {"path": csr_array(path)})
    scores = LabelPropagation(restart=0.01, tolerance=1e-6, max_iterations=2000).fit(order)._predict(order)
    assert scores[27, 3] > scores[15, 3] > scores[2, 3]


def test_iteration_stops_once_changes_are_small_and_says_when_it_did_not(dataset, caplog):
    exact = LabelPropagation(tolerance=1e-6).fit(dataset)
    exact.predict_proba(dataset)
    rough = LabelPropagation(tolerance=1e-2).fit(dataset)
    rough.predict_proba(dataset)
    assert 1 < rough.n_iter_ < exact.n_iter_ <= 100
    LabelPropagation(tolerance=1e-9, max_iterations=3).fit(dataset).predict_proba(dataset)
    assert "stopped after 3 iterations" in caplog.text
