"""Baselines against calculations by hand: four genes, two aspects."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import ontology_from_edges
from genessl.data.references import References
from genessl.features.nearest import embedding_places, nearest_places
from genessl.models.base import GenePredictor
from genessl.models.baselines import ElectronicAnnotation, PermutedLabels, TermFrequency
from genessl.models.neighbours import DomainNeighbours, EmbeddingNeighbours, Homology, NetworkNeighbours
from genessl.models.supervision import Supervision
from tests.conftest import make_dataset
from tests.models.test_laws import precision_of_the_first_leaf_chosen


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


def two_references(homology, domains, positive=((0, 1, 1), (1, 1, 0))):
    """References r (P1, P2) and s (F1, P1)."""
    return References(
        np.array(["r", "s"]), sparse(homology), sparse(domains), csr_array(np.array(positive, dtype=bool))
    )


def test_homology_draws_on_references_within_the_aspect(four_genes):
    nothing = np.zeros((4, 2))
    references = two_references([[0, 0], [0, 0], [200, 0], [100, 500]], nothing)
    both = replace(four_genes, references=references)
    scores = Homology().fit(both).predict_proba(both)
    # d, columns F1, P1, P2. F1: (50 + 500) / (50 + 500); P1: all that are labelled in BPO have it;
    # P2: (300 a + 100 r) / (300 a + 100 b + 100 r + 500 s)
    np.testing.assert_allclose(scores[3], [1.0, 1.0, 0.4], rtol=1e-6)
    # c has no homolog among the genes, and r is labelled in BPO only
    np.testing.assert_allclose(scores[2], [0, 1, 1], rtol=1e-6)
    np.testing.assert_array_equal(scores[:2], np.zeros((2, 3)))
    np.testing.assert_array_equal(
        Homology().fit(four_genes).predict_proba(both), scores
    )  # fitting does not look at the references


def test_references_that_resemble_no_gene_change_no_bit():
    dataset = make_dataset(domains=True)[0]
    strangers = csr_array((dataset.n_genes, 2), dtype=np.float32)
    positive = csr_array(dataset.positive[np.flatnonzero(np.diff(dataset.positive.indptr))[:2]])
    both = replace(dataset, references=References(np.array(["r", "s"]), strangers, strangers, positive))
    for predictor in (Homology(), DomainNeighbours()):
        expected = predictor.fit(dataset).predict_proba(dataset)
        assert expected.any()
        assert predictor.fit(both).predict_proba(both).tobytes() == expected.tobytes()


def test_a_reference_known_by_protein_binding_alone_does_not_count_in_mfo():
    terms = {t: ("", "molecular_function") for t in ("GO:0005488", "GO:0005515", "GO:0016301")}
    ontology = ontology_from_edges(terms, [("GO:0005515", "GO:0005488")])
    empty = csr_array((2, 3), dtype=bool)
    labelled = csr_array(np.array([[0, 0, 1], [0, 0, 0]], dtype=bool))
    references = two_references([[0, 0], [100, 300]], [[0, 0], [0, 0]], [[0, 0, 1], [1, 1, 0]])
    nothing = csr_array((2, 2), dtype=np.float32)
    features, split = np.zeros((2, 0), dtype=np.float32), np.zeros(2, dtype=np.uint8)
    dataset = GeneDataset(
        np.array(["a", "b"]), features, (), nothing, {}, ontology, labelled, empty, empty, split, references=references
    )
    # columns: binding, protein binding, kinase; s with its 300 bits is unknown in MFO, so r is all there is
    np.testing.assert_array_equal(Homology().fit(dataset).predict_proba(dataset)[1], [0, 0, 1])


def test_domain_neighbours_weigh_by_the_domains_shared(four_genes):
    # d shares domain 1 with a (rare: two of four genes) and domain 2 with b and c (three of four).
    carried = np.array([[1, 0, 9], [0, 1, 9], [0, 1, 9], [1, 1, 9]], dtype=np.float32)
    names = ("InterPro:IPR000001", "Pfam:PF00002", "composition:A")
    dataset = replace(four_genes, sequence_features=carried, feature_names=names)
    scores = DomainNeighbours().fit(dataset).predict_proba(dataset)
    rare, common = np.log(4 / 2), np.log(4 / 3)
    length = np.hypot(rare, common)
    to_a, to_b = rare / length, common / length  # a and b carry one domain each: their vectors have length 1
    np.testing.assert_allclose(scores[3], [1, 1, to_a / (to_a + to_b)], rtol=1e-5)
    # b and c share domain 2 wholly: s = 1; c is labelled in MFO only, d nowhere
    np.testing.assert_allclose(scores[1], [1, 0, 0], rtol=1e-5)
    # with a reference r (P2) as similar to d as 0.5
    both = replace(dataset, references=two_references(np.zeros((4, 2)), [[0, 0], [0, 0], [0, 0], [0.5, 0]]))
    scores = DomainNeighbours().fit(both).predict_proba(both)
    np.testing.assert_allclose(scores[3, 2], (to_a + 0.5) / (to_a + to_b + 0.5), rtol=1e-5)


def test_without_domains_domain_neighbours_know_nothing(four_genes):
    assert not DomainNeighbours().fit(four_genes).predict_proba(four_genes).any()


def with_references(dataset, truth, n_references=40):
    """References that resemble genes that have all their terms, and one in a hundred of the others."""
    random = np.random.default_rng(5)
    chosen = random.choice(dataset.n_genes, n_references, replace=False)
    alike = (truth.astype(int) @ truth[chosen].T.astype(int)) == truth[chosen].sum(axis=1)
    weights = np.where(random.random(alike.shape) < np.where(alike, 0.3, 0.01), random.uniform(0.1, 1, alike.shape), 0)
    names = np.array([f"R{number}" for number in range(n_references)])
    similar = sparse(weights)
    return replace(dataset, references=References(names, sparse(200 * weights), similar, csr_array(truth[chosen])))


@pytest.mark.parametrize("predictor", [Homology(), DomainNeighbours()], ids=["homology", "domain_neighbours"])
class TestWithReferences:
    def test_the_order_of_genes_does_not_matter(self, predictor):
        dataset = with_references(*make_dataset(domains=True))
        scores = predictor.fit(dataset).predict_proba(dataset)
        order = np.random.default_rng(1).permutation(dataset.n_genes)
        shuffled = dataset.take(order)
        np.testing.assert_array_equal(predictor.fit(shuffled).predict_proba(shuffled), scores[order])

    def test_saved_equals_loaded(self, predictor, tmp_path):
        dataset = with_references(*make_dataset(domains=True))
        scores = predictor.fit(dataset).predict_proba(dataset)
        predictor.save(tmp_path / "model")
        dataset.save(tmp_path / "dataset")
        loaded, data = GenePredictor.load(tmp_path / "model"), GeneDataset.load(tmp_path / "dataset")
        np.testing.assert_array_equal(loaded.predict_proba(data), scores)

    def test_hidden_labels_do_not_matter(self, predictor):
        folded, truth = make_dataset(scheme="cross_validation", n_folds=4, domains=True)
        folded = with_references(folded, truth)
        positive = folded.positive.toarray()
        held_out = np.flatnonzero(folded.split == 2)
        positive[held_out] = np.random.default_rng(3).permutation(truth[held_out])
        other = replace(folded, positive=csr_array(positive))
        assert (other.positive != folded.positive).nnz
        scores = predictor.fit(folded.hide(2)).predict_proba(folded.hide(2))
        np.testing.assert_array_equal(predictor.fit(other.hide(2)).predict_proba(other.hide(2)), scores)

    def test_references_alone_teach_and_their_permuted_labels_do_not(self, predictor):
        plain, truth = make_dataset(n_genes=480)
        nothing = csr_array(plain.homology.shape, dtype=np.float32)
        dataset = with_references(replace(plain, homology=nothing), truth, 120)
        unlabelled = np.flatnonzero(~plain.labelled.any(axis=1))

        def precision(trained, data):
            scores = trained.fit(data).predict_proba(data)
            return precision_of_the_first_leaf_chosen(scores, truth, data.ontology, unlabelled)

        controls = []
        for seed in range(20):
            rows = np.random.default_rng(seed).permutation(120)
            positive = csr_array(dataset.references.positive[rows])
            permuted = replace(dataset, references=replace(dataset.references, positive=positive))
            controls.append(precision(predictor, permuted))
        # What naming the commonest leaf of each aspect for every gene would achieve.
        leaves = [[dataset.ontology.index[f"GO:{aspect}{leaf}"] for leaf in (4, 5, 6)] for aspect in "PFC"]
        constant = np.mean([truth[unlabelled][:, columns].mean(axis=0).max() for columns in leaves])
        assert precision(predictor, dataset) > constant + 0.2
        assert np.mean(controls) < constant


def with_embeddings(dataset, vectors, names=None):
    values = np.array(vectors, dtype=np.float32)
    names = names or [f"embedding:{number}" for number in range(1, values.shape[1] + 1)]
    return replace(dataset, sequence_features=values, feature_names=tuple(names))


def test_embedding_neighbours_weigh_by_the_cube_of_the_cosine(four_genes):
    # The mean is (2, 2); counted from it a is (1, 0), b (-1, 0), c (-1, -1) and d (1, 1).
    dataset = with_embeddings(four_genes, [[3, 2], [1, 2], [1, 1], [3, 3]])
    scores = EmbeddingNeighbours().fit(dataset).predict_proba(dataset)
    near_a = (1 / np.sqrt(2)) ** 3
    # d is near to a, with P1 and P2, and to no other: b has the cosine -0.7 and c -1
    np.testing.assert_allclose(scores[3], [0.0, 1.0, 1.0], rtol=1e-4)
    # c is near to b, with P1, and F1 has no other gene labelled in MFO
    np.testing.assert_allclose(scores[2], [0.0, 1.0, 0.0], rtol=1e-4)
    weights = nearest_places(embedding_places(dataset.sequence_features, dataset.feature_names), np.ones(4, dtype=bool))
    np.testing.assert_allclose(weights.toarray()[3], [near_a, 0, 0, 0], rtol=1e-4)


def test_only_the_nearest_labelled_proteins_count_and_equal_ones_count_alike(four_genes):
    labels = csr_array(np.array([[0, 1, 1], [0, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=bool))
    dataset = with_embeddings(replace(four_genes, positive=labels), [[6.0, 4.8], [4.0, 5.5], [4.0, 5.5], [6.0, 4.2]])
    scores = EmbeddingNeighbours(n_neighbours=1).fit(dataset).predict_proba(dataset)
    assert scores[3].tolist() == [0.0, 1.0, 1.0]  # a is nearest to d
    assert scores[1].tolist() == [0.0, 1.0, 0.0]  # c, whose embedding is that of b, lacks P2
    places = np.array([[1.0, 0.0], [0.6, 0.8], [0.6, 0.8], [0.0, 1.0]], dtype=np.float32)
    near = nearest_places(places, np.ones(4, dtype=bool), n_neighbours=1).toarray()
    np.testing.assert_allclose(near[0], [0, 0.6**3, 0.6**3, 0], rtol=1e-5)


def test_a_gene_without_an_embedding_scores_nothing_and_teaches_nothing(four_genes):
    dataset = with_embeddings(four_genes, [[0, 0], [0, 1], [0, 2], [2, 2]])
    predictor = EmbeddingNeighbours().fit(dataset)
    scores = predictor.predict_proba(dataset)
    assert not scores[0].any() and scores[:, 2].max() == 0.0  # only a has P2
    assert predictor.speaks_of(predictor.prepare(dataset)).tolist() == [False, True, True, True]


def test_two_embeddings_count_alike_whatever_their_scale(four_genes):
    one = with_embeddings(four_genes, [[2, 1], [0, 1], [0, 0], [2, 2]])
    names = [f"embedding:{file}:{number}" for file in (1, 2) for number in (1, 2)]
    both = with_embeddings(four_genes, np.hstack([one.sequence_features, 100 * one.sequence_features]), names)
    places = [embedding_places(each.sequence_features, each.feature_names) for each in (one, both)]
    np.testing.assert_allclose(places[0] @ places[0].T, places[1] @ places[1].T, atol=1e-6)


def test_without_embeddings_embedding_neighbours_know_nothing_and_say_so(four_genes, caplog):
    assert not EmbeddingNeighbours().fit(four_genes).predict_proba(four_genes).any()
    assert "embedding_neighbours: the dataset has no embeddings" in caplog.text


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
