"""The label path: what it reads of neighbours, and that nothing of a gene's own label ever comes back to it."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, random_array
from sklearn.metrics import roc_auc_score

from genessl.data.sparse import keep_rows
from genessl.features.graphs import degree_normalised, joined_networks, neighbour_average
from genessl.features.muting import Muting
from genessl.features.relations import WALK, network_relations, random_walk, sequence_relations
from genessl.features.scaling import block_factors
from genessl.models.base import GenePredictor
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.label_path import LabelPath, NeighbourLabels, TrainedPath
from genessl.models.neural.layers import RelationSum, dense_rows, entries_of_rows, sparse_product, sparse_tensor
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.lessons import Lesson
from tests.conftest import make_dataset
from tests.semi_supervised.teaching import fit_taught

VIEWS = {"network": GraphNetwork, "sequence": SequenceNetwork}
SMALL = {"hidden": 8, "max_epochs": 2, "device": "cpu"}


def sorted_dataset(**parameters):
    dataset, truth = make_dataset(domains=True, embeddings=True, **parameters)
    order = np.argsort(dataset.genes)
    return dataset.take(order), truth[order]


def mean_auc(scores, truth, genes):
    """Area under the ROC curve, mean over the terms that some but not all of the genes have."""
    columns = [c for c in range(truth.shape[1]) if 0 < truth[genes, c].sum() < len(genes)]
    return np.mean([roc_auc_score(truth[genes, column], scores[genes, column]) for column in columns])


# ------------------------------------------------------------------------------------------------ relations


def test_a_random_walk_with_restart_equals_dense_matrix_algebra():
    dataset, _ = sorted_dataset()
    step = neighbour_average(sum(degree_normalised(network) for network in dataset.networks.values())).toarray()
    visits = 0.3 * np.linalg.inv(np.eye(240) - 0.7 * step)  # where no step is cut off
    np.fill_diagonal(visits, 0.0)
    found = random_walk(list(dataset.networks.values())).toarray()
    assert found.diagonal().max() == 0.0
    kept = visits > 0.004
    np.testing.assert_allclose(found[kept], visits[kept], rtol=0.25)
    assert found[visits < 0.0008].max() == 0.0
    assert np.corrcoef(found[kept], visits[kept])[0, 1] > 0.99


def relations_of_networks(dataset, muting=None):
    return network_relations(joined_networks(dataset, relaying=True, muting=muting))


def test_no_gene_is_related_to_itself_and_silent_genes_send_nothing():
    dataset, _ = sorted_dataset()
    silent = np.zeros(240, dtype=bool)
    silent[::7] = True
    for relations in (relations_of_networks, sequence_relations):
        for muting in (None, Muting(np.zeros(240, dtype=bool), silent)):
            for name, relation in relations(dataset, muting).items():
                assert relation.nnz and not relation.diagonal().any(), name
                assert (relation[:, silent].nnz == 0) == (muting is not None), name
    assert list(sequence_relations(dataset)) == ["homology", "domains", "embeddings"]
    assert list(network_relations(dataset.networks)) == ["a", "b", WALK]
    assert network_relations({}) == {}


def test_a_sum_over_neighbours_is_a_product_for_dense_and_sparse_labels():
    dataset, _ = sorted_dataset()
    labels = dataset.positive.astype(np.float32)
    relations = [sparse_tensor(network) for network in joined_networks(dataset).values()]
    dense = RelationSum()(relations, torch.from_numpy(labels.toarray()))
    sparse = RelationSum()(relations, sparse_tensor(labels))
    for network, whole, thin in zip(joined_networks(dataset).values(), dense, sparse):
        np.testing.assert_allclose(whole.numpy(), (network @ labels).toarray(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(thin.to_dense().numpy(), whole.numpy(), rtol=1e-4, atol=1e-5)


def test_sums_of_sparse_labels_leave_no_memory_behind():
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("the size of a process is read from /proc, which this system does not have")
    relation = random_array((2000, 2000), density=0.01, format="csr", dtype=np.float32, rng=0)
    labels = sparse_tensor(csr_array(random_array((2000, 1000), density=0.05, format="csr", dtype=np.float32, rng=1)))
    relations = [sparse_tensor(csr_array(relation))]

    def pages_after(n_sums):
        for _ in range(n_sums):
            RelationSum()(relations, labels)
        return int(statm.read_text().split()[1])

    before = pages_after(3)
    grown = (pages_after(20) - before) * os.sysconf("SC_PAGE_SIZE")
    one = RelationSum()(relations, labels)[0]._nnz() * 12  # bytes of its values and columns
    assert grown < 5 * one


@pytest.mark.parametrize("numbers_at_once", [1, 300, 10**6])
def test_a_product_by_dense_blocks_of_any_size_is_the_sparse_product(numbers_at_once):
    left, right = (
        csr_array(random_array(shape, density=0.1, format="csr", dtype=np.float32, rng=seed))
        for seed, shape in enumerate([(40, 30), (30, 50)])
    )
    left.data[left.indptr[7] : left.indptr[8]] = 0.0
    left.eliminate_zeros()
    found = sparse_product(sparse_tensor(left), sparse_tensor(right), numbers_at_once=numbers_at_once)
    expected = sparse_tensor(csr_array(left @ right))
    assert torch.equal(found.crow_indices(), expected.crow_indices())
    assert torch.equal(found.col_indices(), expected.col_indices())  # in order within each row
    torch.testing.assert_close(found.values(), expected.values())
    empty = sparse_tensor(csr_array((30, 50), dtype=np.float32))
    assert sparse_product(sparse_tensor(left), empty, numbers_at_once=numbers_at_once).values().numel() == 0


def test_rows_of_a_sparse_matrix_keep_their_entries():
    matrix = csr_array(random_array((20, 15), density=0.2, format="csr", dtype=np.float32, rng=0))
    dense, tensor = matrix.toarray(), sparse_tensor(matrix)
    rows = np.array([19, 3, 3, 0])
    np.testing.assert_array_equal(dense_rows(tensor, torch.from_numpy(rows)), dense[rows])
    for start, stop in ((0, 20), (5, 6), (18, 40)):
        row, column, value = (part.numpy() for part in entries_of_rows(tensor, start, stop))
        np.testing.assert_array_equal((row - start, column), np.nonzero(dense[start:stop]))
        np.testing.assert_array_equal(value, dense[row, column])


# ------------------------------------------------------------------------------------------------ the path


def test_the_offset_by_hand():
    path = LabelPath(2, 1, 2)
    with torch.no_grad():
        path.strength.copy_(torch.tensor([[0.5, 0.25]]))
        path.bias.fill_(0.1)
        path.prior.copy_(torch.tensor([0.2, 0.5]))
    around = NeighbourLabels(
        (
            sparse_tensor(csr_array(np.array([[1.0, 2.0], [0, 0]], dtype=np.float32))),
            sparse_tensor(csr_array(np.array([[0, 3.0], [0, 0]], np.float32))),
        ),
        torch.tensor([[[2.0, 3.0]], [[0.0, 0.0]]]),
    )
    k = np.log(2)  # the softplus of 0

    def beyond(having, labelled, prior):
        share = (having + k * prior) / (labelled + k)
        return np.log(share / (1 - share)) - np.log(prior / (1 - prior))

    expected = [
        0.1 + 0.5 * beyond(1, 2, 0.2) + 0.25 * beyond(0, 3, 0.2),
        0.1 + 0.5 * beyond(2, 2, 0.5) + 0.25 * beyond(3, 3, 0.5),
    ]
    table = path.table(around)
    np.testing.assert_allclose(table[0], expected, rtol=1e-5)
    np.testing.assert_allclose(table[1], [0.1, 0.1], atol=1e-6)  # who has no neighbours hears nothing
    pairs = torch.tensor([0, 0]), torch.tensor([0, 1])
    having = torch.tensor([[1.0, 0.0], [2.0, 3.0]])
    np.testing.assert_allclose(path.entries(*pairs, around, having).detach(), expected, rtol=1e-5)


def test_pairs_and_tables_agree_with_gates_open():
    dataset, _ = sorted_dataset()
    supervision = Supervision.of(dataset)
    relations = [sparse_tensor(relation) for relation in relations_of_networks(dataset).values()]
    trained = TrainedPath.learn(relations, supervision, seed=0)
    assert trained.path.gates.abs().max() > 0.01
    around = NeighbourLabels.of(relations, trained.supervision, dataset.genes)
    genes, columns = (torch.from_numpy(part.ravel()) for part in np.indices(dataset.positive.shape))
    having = torch.stack([part.to_dense()[genes, columns] for part in around.having], dim=1)
    found = trained.path.entries(genes, columns, around, having)
    table = trained.offset(relations, dataset.genes)
    np.testing.assert_allclose(table[genes, columns], found.detach(), rtol=1e-3, atol=1e-4)


def test_blocks_of_genes_of_any_size_give_the_same_table():
    dataset, _ = sorted_dataset()
    relations = [sparse_tensor(relation) for relation in relations_of_networks(dataset).values()]
    trained = TrainedPath.learn(relations, Supervision.of(dataset), seed=0)
    around = NeighbourLabels.of(relations, trained.supervision, dataset.genes)
    whole = trained.path.table(around)
    for genes_at_once in (1, 7, 239, 10_000):
        assert torch.equal(trained.path.table(around, genes_at_once=genes_at_once), whole)


def test_a_step_of_the_path_asks_the_host_for_no_number():
    """A tensor on the device 'meta' holds no numbers: whatever must know one, or needs an array, is an error there."""
    meta, (dataset, _) = torch.device("meta"), sorted_dataset()
    path, supervision = LabelPath(2, 3, dataset.n_terms).to(meta), Supervision.of(dataset)
    around = NeighbourLabels((), torch.zeros((dataset.n_genes, 3, 2), device=meta))
    path.settle(supervision, around)
    pairs = torch.zeros(50, dtype=torch.int64, device=meta)
    told = path.entries(pairs, pairs, around, torch.zeros((50, 2), device=meta))
    told.sum().backward()
    assert told.device == path.gates.grad.device == meta
    offset = torch.zeros((dataset.n_genes, dataset.n_terms), device=meta)
    TrainedPath(path, supervision).score(offset)
    assert offset.device == meta


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_path_on_a_gpu_is_that_on_a_cpu():
    dataset, _ = sorted_dataset()
    relations = [sparse_tensor(relation) for relation in relations_of_networks(dataset).values()]
    there = [relation.to("cuda") for relation in relations]
    supervision = Supervision.of(dataset)
    for near, far in zip(*(NeighbourLabels.of(each, supervision, dataset.genes).having for each in (relations, there))):
        assert far.is_cuda
        torch.testing.assert_close(far.cpu().to_dense(), near.to_dense(), rtol=1e-4, atol=1e-5)
    paths = [TrainedPath.learn(each, supervision, seed=0) for each in (relations, there)]
    for name, number in paths[0].path.state_dict().items():
        torch.testing.assert_close(paths[1].path.state_dict()[name].cpu(), number, rtol=1e-2, atol=1e-3)
    offset = paths[1].offset(there, dataset.genes)
    assert offset.is_cuda
    torch.testing.assert_close(offset.cpu(), paths[0].offset(relations, dataset.genes), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("view", VIEWS)
def test_flipping_a_genes_own_label_moves_no_bit_of_its_score_and_does_move_its_neighbours(view):
    dataset, _ = sorted_dataset()
    model = VIEWS[view](**SMALL).fit(dataset)
    trained = model.fitted_.path
    known = np.flatnonzero(dataset.labelled.all(axis=1))
    related = relations_of_networks if view == "network" else sequence_relations
    total = sum(related(dataset).values())
    gene = known[np.argmax((total[known] > 0).sum(axis=1))]
    assert (total @ total)[gene, gene] > 0  # two steps lead back
    before = model.predict_proba(dataset)
    having = trained.supervision.positive.toarray()
    having[gene] = having[known[(having[known] != having[gene]).any(axis=1)][0]]
    other = replace(trained.supervision, positive=csr_array(having))
    model.fitted_ = replace(model.fitted_, path=replace(trained, supervision=other))
    after = model.predict_proba(dataset)
    np.testing.assert_array_equal(after[gene], before[gene])
    assert np.abs(after[total[[gene]].indices] - before[total[[gene]].indices]).max() > 1e-4


def random_everything(n_genes=600, seed=0):
    """Random edges, and random labels of three genes in five, in a dataset of one small random network."""
    random = np.random.default_rng(seed)
    dataset, _ = make_dataset(n_genes=n_genes)
    upper = np.triu(random.random((n_genes, n_genes)) < 6 / n_genes, 1)
    truth = np.zeros(dataset.positive.shape, dtype=bool)
    for aspect in "PFC":
        leaves = [dataset.ontology.index[f"GO:{aspect}{leaf}"] for leaf in random.integers(4, 7, n_genes)]
        truth[np.arange(n_genes), leaves] = True
    truth = dataset.ontology.propagate(csr_array(truth)).toarray()
    labelled = random.random(n_genes) < 0.6
    networks = {"random": csr_array((upper + upper.T).astype(np.float32))}
    return replace(dataset, networks=networks, positive=csr_array(truth & labelled[:, None])), truth


def test_random_labels_on_random_edges_tell_nothing_of_any_gene_the_labelled_ones_included():
    dataset, truth = random_everything()
    known = np.diff(dataset.positive.indptr) > 0
    relations = list(relations_of_networks(dataset).values())

    def offsets(relations):
        tensors = [sparse_tensor(relation) for relation in relations]
        trained = TrainedPath.learn(tensors, Supervision.of(dataset), seed=0)
        return (trained.offset(tensors, dataset.genes) + torch.logit(trained.path.prior)).numpy()

    told = offsets(relations)
    assert abs(mean_auc(told, truth, np.flatnonzero(~known)) - 0.5) < 0.05
    assert abs(mean_auc(told, truth, np.flatnonzero(known)) - 0.5) < 0.05
    # With a diagonal, which the relations do not have, a gene's own label would come back, so that a leak would show.
    leaking = [csr_array(relation + csr_array(np.eye(600, dtype=np.float32))) for relation in relations]
    assert mean_auc(offsets(leaking), truth, np.flatnonzero(known)) > 0.9


def test_neighbours_labels_alone_tell_of_unlabelled_genes():
    dataset, truth = sorted_dataset()
    relations = [sparse_tensor(relation) for relation in relations_of_networks(dataset).values()]
    told = TrainedPath.learn(relations, Supervision.of(dataset), seed=0).offset(relations, dataset.genes).numpy()
    assert mean_auc(told, truth, np.flatnonzero(~dataset.labelled.any(axis=1))) > 0.7


# ------------------------------------------------------------------------------------------------ the labels shown


def test_hidden_labels_are_not_shown():
    dataset, _ = sorted_dataset(scheme="cross_validation", n_folds=4)
    model = GraphNetwork(**SMALL).fit(dataset.hide(1))
    assert not model.fitted_.path.supervision.targets[np.flatnonzero(dataset.split == 1)].nnz


def test_genes_that_the_fit_did_not_know_show_nothing():
    dataset, _ = sorted_dataset()
    half = np.arange(240) % 2 == 0
    supervision = Supervision.of(dataset.take(np.flatnonzero(half)))
    relation = dataset.networks["a"]
    around = NeighbourLabels.of([sparse_tensor(relation)], supervision, dataset.genes)
    labels = dataset.positive.astype(np.float32).toarray() * half[:, None]
    np.testing.assert_allclose(around.having[0].to_dense(), relation @ labels, rtol=1e-5)
    np.testing.assert_allclose(around.labelled[:, :, 0], relation @ (dataset.labelled * half[:, None]), rtol=1e-5)


@pytest.mark.parametrize("view", VIEWS)
def test_a_taught_label_is_a_target_of_its_gene_and_is_shown_to_no_neighbour(view):
    dataset, _ = sorted_dataset()
    free, leaf = np.flatnonzero(~dataset.labelled.any(axis=1)), dataset.ontology.index["GO:P4"]
    taught = np.zeros(dataset.positive.shape, dtype=np.float32)
    taught[free[::2], leaf] = 0.9
    lesson = Lesson(1, "self", csr_array(taught), csr_array(taught.shape, dtype=np.float32))
    model = fit_taught(VIEWS[view](**SMALL), dataset, lesson, weight=1.0, n_epochs=2)
    plain = VIEWS[view](**SMALL).fit(dataset)
    paths = model.fitted_.path, plain.fitted_.path
    relations = VIEWS[view](**SMALL).prepare(dataset).relations
    np.testing.assert_array_equal(*(path.offset(relations, dataset.genes).numpy() for path in paths))
    numbers, others = (path.path.state_dict() for path in paths)
    assert all(torch.equal(numbers[name], others[name]) for name in numbers)  # nor do they scale or train the path
    assert not np.array_equal(model.predict_proba(dataset), plain.predict_proba(dataset))  # they train the module


def test_few_genes_hold_the_numbers_where_they_start():
    dataset, _ = sorted_dataset()
    relations = [sparse_tensor(relation) for relation in relations_of_networks(dataset).values()]
    labelled = np.flatnonzero(dataset.labelled.any(axis=1))
    moved = []
    for kept in (labelled[:12], labelled):
        supervision = Supervision.of(dataset).only(np.isin(np.arange(240), kept))
        numbers = TrainedPath.learn(relations, supervision, seed=0).path
        moved.append(float((numbers.strength - 0.15).abs().mean()))
    assert moved[0] < 0.5 * moved[1]


def test_nothing_reaches_the_others_from_silent_homologs():
    dataset, _ = sorted_dataset()
    silent = ~dataset.labelled.any(axis=1) & (np.arange(240) % 2 == 0)
    cut = replace(dataset, homology=csr_array(dataset.homology.toarray() * ~np.logical_or.outer(silent, silent)))
    muting, model = Muting(np.zeros(240, dtype=bool), silent), SequenceNetwork(**SMALL)
    scores, apart = (model.fit(given, muting).predict_proba(given, muting) for given in (dataset, cut))
    np.testing.assert_allclose(scores[~silent], apart[~silent], atol=1e-6)
    assert np.abs(scores[silent] - apart[silent]).max() > 1e-3  # they receive
    heard = [model.fit(given).predict_proba(given) for given in (dataset, cut)]
    assert np.abs(heard[0][~silent] - heard[1][~silent]).max() > 1e-4


@pytest.mark.parametrize("view", VIEWS)
def test_a_saved_view_keeps_its_path(view, tmp_path):
    dataset, _ = sorted_dataset()
    model = VIEWS[view](**SMALL).fit(dataset)
    model.save(tmp_path / "model")
    loaded = GenePredictor.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(dataset), model.predict_proba(dataset))
    with_other_labels = replace(dataset, positive=keep_rows(dataset.positive, np.arange(240) % 2 == 0))
    np.testing.assert_array_equal(loaded.predict_proba(with_other_labels), model.predict_proba(dataset))


def test_without_a_path_the_sequence_view_is_not_transductive():
    dataset, _ = sorted_dataset()
    model = SequenceNetwork(label_path=False, **SMALL).fit(dataset)
    assert model.fitted_.path is None and not model.transductive
    few = dataset.take(np.arange(20))
    np.testing.assert_allclose(model.predict_proba(few), model.predict_proba(dataset)[:20], atol=1e-6)


def test_blocks_of_the_sequence_view_have_their_lengths():
    names = (
        "log_length",
        "composition:A",
        *(f"homology:{k}" for k in range(25)),
        "Pfam:PF1",
        "embedding:1",
        "embedding:2",
    )
    factors = block_factors(names)
    np.testing.assert_allclose(factors[[0, 2, 27, 28]], [10 / np.sqrt(2), 1.0, 1.0, 20 / np.sqrt(2)], rtol=1e-6)


def test_the_similarity_of_sequences_is_a_relation_where_it_is_a_network():
    dataset, _ = sorted_dataset()
    plain, more = (GraphNetwork(similarity=choice, **SMALL).prepare(dataset).relations for choice in (False, True))
    assert len(more) == len(plain) + 1
