from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.errors import InputError
from genessl.features.graphs import degree_normalised
from genessl.features.homology import similarity_network
from genessl.models.propagation import label_propagation
from genessl.models.propagation.iteration import iterate
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.propagation.network_weights import learn_network_weights
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
    seeds = supervision.targets.toarray()[:, columns].astype(float)
    prior = supervision.frequency[columns]
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
    np.testing.assert_allclose(scores[rows], np.tile(Supervision.of(dataset).frequency, (len(rows), 1)), rtol=1e-5)


def test_a_labelled_gene_without_edges_scores_its_labels_and_else_the_term_frequency(dataset):
    isolated = sum(matrix.toarray() for matrix in dataset.networks.values()).sum(axis=1) == 0
    rows = np.flatnonzero(isolated & dataset.labelled.all(axis=1))
    assert len(rows)
    known = dataset.positive[rows].toarray()
    expected = np.where(known, 1.0, Supervision.of(dataset).frequency)
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


def test_iteration_stops_once_changes_are_small_and_says_when_it_did_not(dataset, caplog, monkeypatch):
    counts, most = [], {}

    def counted(*values, **settings):
        result, n_iter = iterate(*values, **settings)
        counts.append(n_iter)
        return result, n_iter

    monkeypatch.setattr(label_propagation, "iterate", counted)
    for tolerance in (1e-2, 1e-6):
        counts.clear()
        LabelPropagation(tolerance=tolerance).fit(dataset).predict_proba(dataset)
        most[tolerance] = max(counts)
    assert 1 < most[1e-2] < most[1e-6] <= 100
    LabelPropagation(tolerance=1e-9, max_iterations=3).fit(dataset).predict_proba(dataset)
    assert "stopped after 3 iterations" in caplog.text


def test_learnt_weights_spread_labels_on_the_weighted_sum_of_normalised_networks():
    dataset, _ = make_dataset()
    dataset = dataset.take(np.argsort(dataset.genes))
    model = LabelPropagation(weights="learnt", tolerance=1e-7, max_iterations=1000).fit(dataset)
    scores, weights = model._predict(dataset), model.network_weights(dataset.aspects)
    assert weights.index.tolist() == ["a", "b"]
    assert weights.columns.tolist() == list(dataset.aspects)
    learnt = learn_network_weights(dataset.networks, Supervision.of(dataset))
    np.testing.assert_array_equal(weights, learnt)
    assert (np.abs(learnt - 0.5) > 0.02).all()
    for aspect in range(3):
        share = learnt[:, aspect]
        weighted = {name: w * degree_normalised(dataset.networks[name]).toarray() for name, w in zip("ab", share)}
        other = replace(dataset, networks={k: csr_array((v + v.T).astype(np.float32) / 2) for k, v in weighted.items()})
        columns, expected, labelled = solved(other, aspect, 0.1)
        np.testing.assert_allclose(scores[np.ix_(~labelled, columns)], expected[~labelled], atol=1e-5)


def test_equal_weights_add_up_networks_as_they_are_and_say_so(dataset):
    model = LabelPropagation().fit(dataset)
    np.testing.assert_array_equal(model.network_weights(dataset.aspects), 0.5)
    total = csr_array(dataset.networks["a"] + dataset.networks["b"])
    total.data = total.data / 2  # a network's weights are at most 1; a walk does not see their scale
    other = replace(dataset, networks={"total": total})
    np.testing.assert_allclose(
        LabelPropagation().fit(other).predict_proba(other), model.predict_proba(dataset), atol=1e-5
    )


def test_similarity_alone_equals_a_dataset_with_this_network(dataset):
    bare = replace(dataset, networks={})
    given = replace(dataset, networks={"similarity": similarity_network(dataset.homology)})
    for weights in ("equal", "learnt"):
        joined = LabelPropagation(weights=weights, similarity=True).fit(bare).predict_proba(bare)
        expected = LabelPropagation(weights=weights).fit(given).predict_proba(given)
        np.testing.assert_allclose(joined, expected, atol=1e-5)
    without = LabelPropagation().fit(bare).predict_proba(bare)
    assert np.abs(joined - without).max() > 0.1


def test_learnt_weights_lessen_what_a_random_network_does(dataset_and_truth):
    """Scores beside a random network are nearer to the truth where the weights are learnt."""
    dataset, truth = dataset_and_truth
    random = np.random.default_rng(0)
    dense = np.triu(random.random((240, 240)) < 0.08, 1)
    noisy = replace(dataset, networks={**dataset.networks, "noise": csr_array((dense + dense.T).astype(np.float32))})
    unlabelled = ~dataset.labelled.any(axis=1)
    error = {}
    for weights in ("equal", "learnt"):
        model = LabelPropagation(weights=weights).fit(noisy)
        error[weights] = np.mean((model.predict_proba(noisy)[unlabelled] - truth[unlabelled]) ** 2)
    weights = model.network_weights(noisy.aspects)
    assert (weights.loc["noise"] < weights.loc["b"]).all()  # of b, two genes in five were dealt anew
    assert error["learnt"] < 0.8 * error["equal"]


def test_other_networks_than_those_whose_weights_were_learnt_are_refused(dataset):
    model = LabelPropagation(weights="learnt").fit(dataset)
    with pytest.raises(InputError, match="networks: found 1 networks, without b, expected the 2 networks that the"):
        model.predict_proba(replace(dataset, networks={"a": dataset.networks["a"]}))


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"weights": "best"}, "weights: found 'best', expected 'equal' or 'learnt'"),
        ({"similarity": "yes"}, "similarity: found 'yes', expected true or false"),
    ],
)
def test_an_unknown_choice_is_refused(dataset, parameters, sentence):
    with pytest.raises(InputError, match=sentence):
        LabelPropagation(**parameters).fit(dataset)
