from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.metrics import roc_auc_score

from genessl.errors import InputError
from genessl.features.homology import similarity_network
from genessl.features.topology import diffusion_embedding
from genessl.models.base import GenePredictor
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.label_input import LabelEmbedding, label_tensors, masked_in_turn
from genessl.models.neural.layers import MultiNetworkConvolution, normalised_adjacency
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.stacking.out_of_fold import fit_folds
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.co_training import CoTraining
from tests.conftest import make_dataset


def random_network(n=12, seed=0):
    random = np.random.default_rng(seed)
    upper = np.triu(random.random((n, n)) * (random.random((n, n)) < 0.4), 1)
    upper[:, -1] = 0
    return csr_array((upper + upper.T).astype(np.float32))


def test_adjacency_is_normalised_by_both_degrees_and_an_isolated_gene_stays_empty():
    network = random_network()
    degree = network.toarray().sum(axis=1)
    scale = np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    expected = scale[:, None] * network.toarray() * scale
    np.testing.assert_allclose(normalised_adjacency(network).to_dense().numpy(), expected, rtol=1e-5)
    assert not expected[-1].any()


def test_convolution_and_its_gradients_equal_dense_matrix_algebra():
    torch.manual_seed(0)
    sparse = [normalised_adjacency(random_network(seed=seed)) for seed in (1, 2)]
    layer = MultiNetworkConvolution(5, 2)
    with torch.no_grad():
        layer.reliability.copy_(torch.tensor([0.3, -0.7]))
    hidden = torch.randn(12, 5, requires_grad=True)
    found = layer(hidden, sparse)
    shares = torch.softmax(layer.reliability, dim=0)
    message = layer.neighbours(hidden)
    mixed = sum(share * matrix.to_dense() @ message for share, matrix in zip(shares, sparse))
    expected = hidden + torch.relu(layer.norm(layer.own(hidden) + mixed))
    torch.testing.assert_close(found, expected)
    inputs = [hidden, layer.reliability, layer.neighbours.weight]
    target = torch.randn(12, 5)
    for one, other in zip(
        torch.autograd.grad((found * target).sum(), inputs), torch.autograd.grad((expected * target).sum(), inputs)
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_network_view_does_not_look_at_sequences_unless_asked(dataset):
    other = replace(dataset, sequence_features=np.zeros_like(dataset.sequence_features))
    fitted = {}
    for features in ("network", "network+sequence"):
        model = GraphNetwork(max_epochs=3, hidden=8, node_features=features)
        fitted[features] = [model.fit(data).predict_proba(data) for data in (dataset, other)]
    np.testing.assert_array_equal(*fitted["network"])
    assert np.abs(fitted["network+sequence"][0] - fitted["network+sequence"][1]).max() > 1e-3


def test_unlabelled_genes_take_part_through_the_graph(dataset):
    """Rewiring edges among unlabelled genes alone changes what labelled genes' neighbours are scored."""
    unlabelled = ~dataset.labelled.any(axis=1)
    inside = np.outer(unlabelled, unlabelled)
    cut = {name: csr_array(np.where(inside, 0, matrix.toarray())) for name, matrix in dataset.networks.items()}
    other = replace(dataset, networks=cut)
    model = GraphNetwork(max_epochs=3, hidden=8)
    change = np.abs(model.fit(dataset).predict_proba(dataset) - model.fit(other).predict_proba(other))
    assert change[~unlabelled].max() > 1e-3


def test_terms_of_too_few_genes_score_nothing(dataset):
    counts = np.asarray(dataset.positive.sum(axis=0)).ravel()
    limit = int(np.sort(counts)[len(counts) // 2])
    scores = GraphNetwork(max_epochs=2, hidden=8, min_genes=limit).fit(dataset)._predict(dataset)
    assert not scores[:, counts < limit].any()
    assert scores[:, counts >= limit].all()


@pytest.mark.parametrize("label_input", [False, True])
def test_a_gpu_gives_the_scores_of_the_cpu(dataset, label_input):
    if not torch.cuda.is_available():
        pytest.skip("no GPU on this machine")
    by_device = [
        GraphNetwork(max_epochs=5, hidden=16, dropout=0.0, device=device, label_input=label_input)
        .fit(dataset)
        .predict_proba(dataset)
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(*by_device, atol=0.02)


def with_labels(dataset, positive):
    return replace(dataset, positive=dataset.ontology.propagate(csr_array(positive)))


def sorted_dataset(**parameters):
    dataset, truth = make_dataset(**parameters)
    order = np.argsort(dataset.genes)
    return dataset.take(order), truth[order]


def random_everything(n_genes=600, seed=0):
    """Random edges, and random labels of three genes in five, in a dataset of one small random network."""
    random = np.random.default_rng(seed)
    dataset, _ = sorted_dataset(n_genes=n_genes)
    upper = np.triu(random.random((n_genes, n_genes)) < 6 / n_genes, 1)
    truth = np.zeros(dataset.positive.shape, dtype=bool)
    for aspect in "PFC":
        leaves = [dataset.ontology.index[f"GO:{aspect}{leaf}"] for leaf in random.integers(4, 7, n_genes)]
        truth[np.arange(n_genes), leaves] = True
    truth = dataset.ontology.propagate(csr_array(truth)).toarray()
    labelled = random.random(n_genes) < 0.6
    networks = {"random": csr_array((upper + upper.T).astype(np.float32))}
    return replace(dataset, networks=networks, positive=csr_array(truth & labelled[:, None])), truth


def mean_auc(scores, truth, genes):
    """Area under the ROC curve, mean over the terms that some but not all of the genes have."""
    columns = [c for c in range(truth.shape[1]) if 0 < truth[genes, c].sum() < len(genes)]
    return np.mean([roc_auc_score(truth[genes, column], scores[genes, column]) for column in columns])


def uninformed_masked_scores(dataset, *, hidden=16, epochs=40):
    """Train on labels as the only input that tells genes apart, and score each gene with its own masked."""
    model = GraphNetwork(label_input=True, hidden=hidden, dropout=0.0)
    inputs = model.prepare(dataset)
    inputs = replace(inputs, features=torch.zeros_like(inputs.features))
    return model.score(model.learn(inputs, Supervision.of(dataset), n_epochs=epochs), inputs)


def test_random_labels_on_random_edges_tell_nothing_of_any_gene_the_training_genes_included(monkeypatch):
    """So briefly trained, the network cannot learn by heart which labels go with which neighbours' labels."""
    dataset, truth = random_everything()
    known = np.diff(dataset.positive.indptr) > 0
    scores = uninformed_masked_scores(dataset, hidden=8, epochs=10)
    assert abs(mean_auc(scores, truth, np.flatnonzero(~known)) - 0.5) < 0.05
    assert abs(mean_auc(scores, truth, np.flatnonzero(known)) - 0.5) < 0.05
    # The same network that sees a gene's own label repeats it, so that a leak would show.
    monkeypatch.setattr(LabelEmbedding, "forward", lambda self, labels, rows: labels[0] @ self.weight)
    leaking = uninformed_masked_scores(dataset, hidden=8, epochs=10)
    assert mean_auc(leaking, truth, np.flatnonzero(known)) > 0.9


def test_no_path_brings_a_gene_its_own_label_back_and_its_neighbours_do_see_it():
    """Flip one gene's labels under a fitted network: its masked score stays to the bit, those of neighbours do not."""
    dataset, _ = sorted_dataset()
    model = GraphNetwork(label_input=True, hidden=16, n_layers=3, max_epochs=5).fit(dataset)
    known = np.flatnonzero(dataset.labelled.all(axis=1))
    total = dataset.networks["a"] + dataset.networks["b"]
    gene = known[np.argmax((total[known] > 0).sum(axis=1))]
    assert (total @ total)[gene, gene] > 0  # two steps lead back
    before = model.predict_proba(dataset)
    positive = model.fitted_.shown.positive.toarray()
    positive[gene] = positive[known[(positive[known] != positive[gene]).any(axis=1)][0]]
    model.fitted_ = replace(model.fitted_, shown=replace(model.fitted_.shown, positive=csr_array(positive)))
    after = model.predict_proba(dataset)
    np.testing.assert_array_equal(after[gene], before[gene])
    neighbours = total[[gene]].indices
    assert np.abs(after[neighbours] - before[neighbours]).max() > 1e-4


def test_labels_of_the_batch_are_masked_in_the_gradient_too():
    """A step on some genes moves only the embeddings of terms that other genes have."""
    dataset, _ = sorted_dataset(n_genes=60)
    positive = np.zeros(dataset.positive.shape, dtype=bool)
    positive[:10, dataset.ontology.index["GO:P4"]] = True
    positive[10:20, dataset.ontology.index["GO:P6"]] = True
    supervision = Supervision.of(with_labels(dataset, positive))
    labels = label_tensors(supervision, dataset.genes, torch.device("cpu"))
    embedding = LabelEmbedding(dataset.n_terms, 4)
    embedded = embedding(labels, torch.arange(10))
    assert not embedded[:10].any()
    assert embedded[10:20].all()
    assert not embedded[20:].any()
    embedded.sum().backward()
    moved = np.flatnonzero(embedding.weight.grad.abs().sum(dim=1).numpy())
    assert {dataset.ontology.terms[column] for column in moved} == {"GO:P6", "GO:P3", "GO:P1"}
    # ten genes of three terms each: every entry of their rows is 1 / sqrt 3
    np.testing.assert_allclose(embedding.weight.grad.numpy()[moved], 10 / np.sqrt(3), rtol=1e-5)


def test_label_input_shows_what_neighbours_are_known_to_do():
    """Labels of an unlabelled gene's neighbours count, with node features that tell no genes apart."""
    dataset, truth = sorted_dataset()
    unlabelled = np.flatnonzero(~dataset.labelled.any(axis=1))
    assert mean_auc(uninformed_masked_scores(dataset), truth, unlabelled) > 0.7


def test_labels_of_a_fold_left_out_are_not_shown_to_its_network():
    dataset, truth = sorted_dataset(scheme="cross_validation", n_folds=4)
    model = GraphNetwork(label_input=True, hidden=8, max_epochs=2)
    for fold, (fitted, scores) in enumerate(fit_folds(model, dataset, dataset.split.astype(np.intp))):
        hidden = dataset.split == fold
        assert not fitted.fitted_.shown.labels_for(dataset.genes)[0][np.flatnonzero(hidden)].nnz
        positive = dataset.positive.toarray()
        positive[hidden] = np.random.default_rng(0).permutation(truth[hidden])
        other = GraphNetwork(label_input=True, hidden=8)
        inputs = other.prepare(dataset)
        learned = other.learn(
            inputs,
            Supervision.of(replace(dataset, positive=csr_array(positive))).only(~hidden),
            n_epochs=fitted.n_epochs_,
        )
        if fold:  # the first fold's labels chose the epochs, and training stopped at the best of them
            np.testing.assert_array_equal(other.score(learned, inputs), scores)


def test_genes_are_masked_once_each_and_in_groups_that_labels_do_not_shift():
    dataset, _ = sorted_dataset()
    labels = label_tensors(Supervision.of(dataset), dataset.genes, torch.device("cpu"))
    groups = masked_in_turn(labels[0])
    np.testing.assert_array_equal(np.sort(np.concatenate(groups)), np.arange(240))
    known = dataset.labelled.any(axis=1)
    np.testing.assert_array_equal(groups[0], np.flatnonzero(~known))
    sizes = [len(group) for group in groups[1:]]
    assert len(sizes) == 5
    assert max(sizes) - min(sizes) <= 1


def test_labels_follow_their_genes_into_a_dataset_of_other_genes():
    dataset, _ = sorted_dataset()
    model = GraphNetwork(label_input=True, hidden=16, max_epochs=3).fit(dataset.take(np.arange(0, 240, 2)))
    labels, _ = model.fitted_.shown.labels_for(dataset.genes)
    assert not labels[np.arange(1, 240, 2)].nnz
    np.testing.assert_array_equal(labels[np.arange(0, 240, 2)].toarray(), model.fitted_.shown.targets.toarray())
    scores, none = model.predict_proba(dataset), csr_array(model.fitted_.shown.positive.shape, dtype=bool)
    model.fitted_ = replace(model.fitted_, shown=replace(model.fitted_.shown, positive=none))
    assert np.abs(scores - model.predict_proba(dataset))[1::2].max() > 1e-4  # they tell of genes that were not fitted


def test_similarity_joins_as_one_more_network(dataset):
    model = GraphNetwork(similarity=True, hidden=8, max_epochs=2).fit(dataset)
    assert model.fitted_.shape["n_networks"] == 3
    given = replace(dataset, networks={**dataset.networks, "similarity": similarity_network(dataset.homology)})
    expected = GraphNetwork(hidden=8, max_epochs=2).fit(given).predict_proba(given)
    np.testing.assert_allclose(model.predict_proba(dataset), expected, atol=1e-3)


def test_the_embedding_of_each_network_is_a_nodes_features():
    dataset, _ = sorted_dataset()
    found = GraphNetwork(n_components=4, device="cpu").prepare(dataset).features.numpy()
    for name, first in (("a", 2), ("b", 7)):  # after a column of zeros, each behind its column of degrees
        expected = diffusion_embedding(dataset.networks[name], n_components=4)
        np.testing.assert_array_equal(found[:, first : first + 4], np.clip(expected, -5, 5))


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"similarity": 1}, "similarity: found 1, expected true or false"),
        ({"label_input": "yes"}, "label_input: found 'yes', expected true or false"),
        ({"label_input": True, "batch_size": None}, "label_input: found batch_size None"),
    ],
)
def test_an_unknown_choice_is_refused(dataset, parameters, sentence):
    with pytest.raises(InputError, match=sentence):
        GraphNetwork(**parameters).fit(dataset)


def test_co_training_takes_and_keeps_a_network_view_that_reads_labels(dataset, tmp_path):
    view = GraphNetwork(label_input=True, hidden=8, max_epochs=3)
    unjudged = replace(dataset, split=np.zeros_like(dataset.split))  # so that the round is kept whatever it does
    model = CoTraining(sequence_view=SequenceNetwork(hidden=8, max_epochs=3), network_view=view).fit(unjudged)
    shown = model.pupils_[1].fitted_.shown
    assert model.lessons_[0].positive.nnz  # taught labels are learnt from, and not shown
    np.testing.assert_array_equal(np.diff(shown.targets.indptr) > 0, shown.labelled.any(axis=1))
    model.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(dataset), model.predict_proba(dataset))


def test_a_term_that_few_genes_have_by_experiment_is_learned_if_more_are_taught_to_have_it(dataset):
    view = GraphNetwork(max_epochs=2, hidden=8)
    ordered = dataset.take(np.argsort(dataset.genes))
    supervision = Supervision.of(ordered)
    few = int(np.argsort(supervision.n_positive, kind="stable")[0])
    view.min_genes = int(supervision.n_positive[few]) + 10
    taught = np.zeros((dataset.n_genes, dataset.n_terms), dtype=np.float32)
    unlabelled = np.flatnonzero(~supervision.labelled.any(axis=1))
    taught[unlabelled[:10], few] = 0.9
    inputs, none = view.prepare(ordered), csr_array(taught.shape, dtype=np.float32)
    for n_taught, learned in ((10, True), (9, False)):
        taught[unlabelled[n_taught:], few] = 0.0
        fitted = view.learn(inputs, supervision.teach(csr_array(taught), none, 0.3), n_epochs=1)
        assert (few in fitted.columns) == learned
        assert np.isfinite(view.score(fitted, inputs)).all()


def test_where_every_labelled_gene_is_a_validation_gene_they_are_learned_for_half_of_the_epochs(dataset):
    split = np.where(dataset.labelled.any(axis=1), 1, 0).astype(np.uint8)
    network = SequenceNetwork(max_epochs=6, hidden=8).fit(replace(dataset, split=split))
    assert network.n_epochs_ == 3
    assert np.ptp(network.predict_proba(dataset)[:, 0]) > 0.01
