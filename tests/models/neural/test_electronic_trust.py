"""ElectronicTrust: numbers by hand, which sources are used, what a worthless source is worth."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import ontology_from_edges
from genessl.models.base import GenePredictor
from genessl.models.baselines import TermFrequency
from genessl.models.neural.electronic_trust import ElectronicTrust, usable_sources

SPACES = {"GO:A": "biological_process", "GO:B": "biological_process", "GO:F": "molecular_function"}
FULL = ontology_from_edges(
    {"GO:0": ("root", "biological_process"), "GO:1": ("root", "molecular_function")}
    | {term: (term, space) for term, space in SPACES.items()},
    [("GO:A", "GO:0"), ("GO:B", "GO:0"), ("GO:F", "GO:1")],
)
ONTOLOGY = FULL.subset(np.flatnonzero(~FULL.roots))
A, B, F = (ONTOLOGY.index[term] for term in SPACES)


def having(n_genes, **terms):
    """The genes that have A, B and F."""
    matrix = np.zeros((n_genes, 3), dtype=bool)
    for column, name in ((A, "A"), (B, "B"), (F, "F")):
        matrix[list(terms.get(name, [])), column] = True
    return csr_array(matrix)


def dataset_of(n_genes, positive, sources):
    empty = csr_array((n_genes, n_genes), dtype=np.float32)
    total = csr_array(sum(sources.values(), csr_array(positive.shape, dtype=bool)))
    return GeneDataset(
        genes=np.array([f"G{k:04d}" for k in range(n_genes)]),
        sequence_features=np.zeros((n_genes, 0), dtype=np.float32),
        feature_names=(),
        homology=empty,
        networks={},
        ontology=ONTOLOGY,
        positive=positive,
        negative=csr_array(positive.shape, dtype=bool),
        electronic=total.astype(bool),
        split=np.zeros(n_genes, dtype=np.uint8),
        electronic_sources=sources,
    )


@pytest.fixture
def by_hand():
    """Genes 0 to 3 are labelled in the process, gene 0 alone in the function."""
    sources = {
        "good": having(8, A=[0, 1, 2, 4], B=[3]),
        "poor": having(8, A=[2, 4, 5]),
    }
    return dataset_of(8, having(8, A=[0, 1, 3], B=[2, 3], F=[0]), sources)


def test_the_trust_in_a_source_is_its_share_of_right_terms_drawn_to_its_mean(by_hand):
    fitted = ElectronicTrust(prior=3.0).fit(by_hand)
    assert fitted.fitted_.sources == ("good", "poor")
    # good names A for three labelled genes, right twice, and B for one, rightly: mean (3 + 1) / (4 + 2) = 2/3,
    # A (2 + 3 * 2/3) / (3 + 3) = 2/3, B (1 + 3 * 2/3) / (1 + 3) = 3/4.
    # poor names A for gene 2, wrongly: mean (0 + 1) / (1 + 2) = 1/3, A (0 + 3 * 1/3) / (1 + 3) = 1/4; it never names B.
    np.testing.assert_allclose(fitted.fitted_.trust[:, [A, B, F]], [[2 / 3, 3 / 4, 0], [1 / 4, 1 / 3, 0]], rtol=1e-6)
    assert fitted.fitted_.n_named[:, [A, B, F]].tolist() == [[3, 1, 0], [1, 0, 0]]


def test_a_term_that_a_source_gives_to_new_genes_only_is_trusted_as_the_source_is(by_hand):
    fitted = ElectronicTrust().fit(by_hand)
    sources = {"good": having(8), "poor": having(8, B=[5], F=[6])}
    new = replace(dataset_of(8, by_hand.positive, sources), genes=np.array([f"N{k}" for k in range(8)]))
    scores = fitted.predict_proba(new)
    assert scores[5, B] == pytest.approx(1 / 3)
    # Negative control: in the function, in which the source annotated no gene of the fit, it is not believed.
    assert scores[6, F] == scores[7, F]


def test_a_larger_prior_draws_nearer_to_the_mean(by_hand):
    # (2 + 1 * 2/3) / (3 + 1) = 2/3, (1 + 1 * 2/3) / (1 + 1) = 5/6; with a prior of 9 B has (1 + 6) / (1 + 9) = 0.7.
    assert ElectronicTrust(prior=1.0).fit(by_hand).fitted_.trust[0, B] == pytest.approx(5 / 6)
    assert ElectronicTrust(prior=9.0).fit(by_hand).fitted_.trust[0, B] == pytest.approx(0.7)


def test_the_best_source_counts_and_where_none_speaks_the_omission(by_hand):
    scores = ElectronicTrust().fit(by_hand).predict_proba(by_hand)
    # Omission: of the labelled genes without A by any source (gene 3 alone) one has it: 1 / (1 + 1). B: gene 2 of
    # genes 0, 1, 2: 1 / (3 + 1). F: no evidence, the one labelled gene has it: 1 / (1 + 1).
    np.testing.assert_allclose(scores[4, [A, B, F]], [2 / 3, 1 / 4, 1 / 2], rtol=1e-6)  # good and poor say A
    np.testing.assert_allclose(scores[5, [A, B, F]], [1 / 4, 1 / 4, 1 / 2], rtol=1e-6)  # poor alone says A
    np.testing.assert_allclose(scores[7, [A, B, F]], [1 / 2, 1 / 4, 1 / 2], rtol=1e-6)  # nothing is said
    np.testing.assert_allclose(scores[3, [A, B]], [1 / 2, 3 / 4], rtol=1e-6)  # its own labels do not count


@pytest.mark.parametrize("n_others, used", [(0, False), (1, False), (2, True), (10, True)])
def test_a_source_must_describe_a_twentieth_as_many_of_the_other_genes(n_others, used):
    # 40 genes labelled and all described; of 40 others two are a twentieth.
    source = having(80, A=[*range(40), *range(40, 40 + n_others)])
    dataset = dataset_of(80, having(80, A=range(0, 40, 2), B=range(1, 40, 2)), {"s": source})
    assert ("s" in usable_sources(dataset)) == used
    fitted = ElectronicTrust().fit(dataset)
    assert (fitted.fitted_.sources == ("s",)) == used
    if not used:
        frequency = TermFrequency().fit(dataset).predict_proba(dataset)
        np.testing.assert_allclose(fitted.predict_proba(dataset), frequency, rtol=1e-6)


def test_a_source_is_judged_in_each_aspect_apart():
    # In the process the source describes labelled genes only; of the genes without a function label it describes all.
    source = having(20, A=range(10), F=range(20))
    dataset = dataset_of(20, having(20, A=range(10), F=range(5)), {"s": source})
    used = usable_sources(dataset)["s"].toarray()
    assert used[:, A].sum() == 0
    assert used[:, F].sum() == 20


def test_a_source_is_chosen_without_a_look_at_the_labels_themselves():
    source = {"s": having(20, A=range(0, 20, 3), B=range(0, 20, 4))}
    one, other = (dataset_of(20, labels, source) for labels in (having(20, A=range(10)), having(20, B=range(10))))
    assert (usable_sources(one)["s"] != usable_sources(other)["s"]).nnz == 0


def test_a_source_whose_terms_are_shuffled_is_trusted_as_much_as_the_frequency():
    random = np.random.default_rng(0)
    truth = np.zeros((4000, 3), dtype=bool)
    truth[:, A], truth[:, B] = random.random(4000) < 0.3, random.random(4000) < 0.6
    labelled = (np.arange(4000) < 3000)[:, None]
    trust = {}
    for name, rows in (("right", np.arange(4000)), ("shuffled", random.permutation(4000))):
        dataset = dataset_of(4000, csr_array(truth & labelled), {"s": csr_array(truth[rows])})
        trust[name] = ElectronicTrust().fit(dataset).fitted_.trust[0, [A, B]]
    # The labelled genes have A or B: 0.3 / 0.72 = 0.42 of them A, 0.6 / 0.72 = 0.83 of them B.
    np.testing.assert_allclose(trust["shuffled"], [0.42, 0.83], atol=0.04)
    assert (trust["right"] > 0.99).all()


def test_without_electronic_annotations_the_scores_are_the_term_frequency():
    dataset = dataset_of(8, having(8, A=[0, 1, 3], B=[2, 3], F=[0]), {})
    fitted = ElectronicTrust().fit(dataset)
    assert fitted.fitted_.sources == ()
    # A 3 / (4 + 1), B 2 / (4 + 1), F 1 / (1 + 1)
    np.testing.assert_allclose(fitted.fitted_.omission[[A, B, F]], [0.6, 0.4, 0.5], rtol=1e-6)
    np.testing.assert_allclose(
        fitted.predict_proba(dataset), TermFrequency().fit(dataset).predict_proba(dataset), rtol=1e-6
    )
    assert fitted.fitted_.trust.shape == (0, 3)


def test_a_dataset_that_lacks_a_source_is_scored_by_the_others(by_hand):
    fitted = ElectronicTrust().fit(by_hand)
    lacking = dataset_of(8, by_hand.positive, {"poor": by_hand.electronic_sources["poor"], "new": having(8, B=[4])})
    np.testing.assert_allclose(fitted.predict_proba(lacking)[4, [A, B]], [1 / 4, 1 / 4], rtol=1e-6)


def test_what_is_trusted_survives_storage(by_hand, tmp_path):
    fitted = ElectronicTrust().fit(by_hand)
    fitted.save(tmp_path / "trust")
    loaded = GenePredictor.load(tmp_path / "trust")
    assert loaded.fitted_.sources == ("good", "poor")
    for name in ("trust", "n_named", "omission"):
        np.testing.assert_array_equal(getattr(loaded.fitted_, name), getattr(fitted.fitted_, name))
