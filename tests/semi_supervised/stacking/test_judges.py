"""Judges: a gene's own labels do not tell how common its terms are; terms without a labelled gene are believed."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import ontology_from_edges
from genessl.models.neural.electronic_trust import ElectronicTrust
from genessl.models.supervision import Supervision
from genessl.semi_supervised.stacking import pair_network
from genessl.semi_supervised.stacking.combined import Combined
from genessl.semi_supervised.stacking.judges import AspectPairs, Labels
from tests.conftest import make_dataset

CHEAP = ["homology", "network_neighbours", "label_propagation", "electronic_trust"]


@pytest.fixture(scope="module")
def dataset():
    made = make_dataset(domains=True)[0]
    return made.take(np.argsort(made.genes))


def test_terms_are_counted_without_each_fold(dataset):
    labels = Labels.of(dataset, Supervision.of(dataset), np.arange(dataset.n_genes) % 3)
    assert labels.frequency.shape == labels.accretion.shape == (4, dataset.n_terms)
    for number in range(4):
        others = labels.fold != number  # of number 3, that is everyone
        for term in range(dataset.n_terms):
            labelled = others & dataset.labelled[:, labels.supervision.aspect_of_term[term]]
            having = dataset.positive[labelled][:, [term]].sum()
            expected = max(having, 0.5) / (labelled.sum() + 1)  # half a gene at least
            assert labels.frequency[number, term] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(labels.accretion[3], dataset.accretion)
    np.testing.assert_array_equal(labels.accretion[1], dataset.without_labels(labels.fold == 1).accretion)


def test_a_labelled_gene_has_the_number_of_its_fold_in_the_aspects_in_which_it_is_labelled(dataset):
    labels = Labels.of(dataset, Supervision.of(dataset), np.arange(dataset.n_genes) % 3)
    turned = np.arange(dataset.n_genes)[::-1]
    genes = np.array([*dataset.genes[turned], "new"])
    expected = np.where(dataset.labelled[turned], turned[:, None] % 3, -1)
    np.testing.assert_array_equal(labels.numbers(genes), [*expected, [-1] * 3])


def test_what_the_judges_read_of_a_gene_does_not_change_with_its_own_labels(dataset):
    fitted = Combined(members=CHEAP).fit(dataset)
    scores = list(fitted.member_scores(dataset).values())
    none = csr_array(dataset.positive.shape, dtype=bool)
    own = np.flatnonzero(dataset.labelled.all(axis=1))
    gene = own[0]
    positive = dataset.positive.toarray()
    positive[gene] = positive[next(k for k in own if (positive[k] != positive[gene]).sum() > 3)]
    changed = replace(dataset, positive=csr_array(positive))
    both = [fitted.judges_.labels, Labels.of(changed, Supervision.of(changed), fitted.fold_)]
    others = own[fitted.fold_[own] != fitted.fold_[gene]]
    for aspect in range(3):
        pairs = [AspectPairs(dataset, labels, fitted.judges_.join, scores, aspect, 100) for labels in both]
        before, after = (next(part.describe(none, np.array([gene]))) for part in pairs)
        np.testing.assert_array_equal(before.columns, after.columns)
        np.testing.assert_array_equal(before.features, after.features)
        # Negative control: genes of other folds are read with the labels of this one.
        if (dataset.positive[[gene]] != changed.positive[[gene]])[:, both[0].columns(aspect)].nnz:
            before, after = (np.concatenate([p.features for p in part.describe(none, others)]) for part in pairs)
            assert before.shape != after.shape or (before != after).any()


def rarely_labelled(n_genes=600, n_labelled=60, n_terms=150, seed=0):
    """Genes with one of many terms each; electronic annotations name the term of four in five, a random one else."""
    random = np.random.default_rng(seed)
    terms = [f"GO:{k:03d}" for k in range(n_terms)]
    full = ontology_from_edges(
        {term: (term, "biological_process") for term in ["GO:root", *terms]}, [(term, "GO:root") for term in terms]
    )
    ontology = full.subset(np.flatnonzero(~full.roots))
    true = random.integers(0, n_terms, n_genes)
    said = np.where(random.random(n_genes) < 0.8, true, random.integers(0, n_terms, n_genes))
    everyone = np.arange(n_genes)
    truth = csr_array((np.ones(n_genes, dtype=bool), (everyone, true)), shape=(n_genes, n_terms))
    shape = (n_genes, n_genes)
    edges = np.triu(random.random(shape) < 0.01, 1)
    return (
        GeneDataset(
            genes=np.array([f"G{k:04d}" for k in range(n_genes)]),
            sequence_features=np.zeros((n_genes, 0), dtype=np.float32),
            feature_names=(),
            homology=csr_array(shape, dtype=np.float32),
            networks={"net": csr_array((edges | edges.T).astype(np.float32))},
            ontology=ontology,
            positive=csr_array(truth.multiply((everyone < n_labelled)[:, None])).astype(bool),
            negative=csr_array(truth.shape, dtype=bool),
            electronic=csr_array((np.ones(n_genes, dtype=bool), (everyone, said)), shape=truth.shape),
            split=np.zeros(n_genes, dtype=np.uint8),
        ),
        true,
    )


def test_a_term_that_no_labelled_gene_has_is_believed_if_its_source_is_reliable(monkeypatch):
    monkeypatch.setattr(pair_network, "_FEWEST_STEPS", 40)
    right, believed = [], []
    for seed in range(3):
        dataset, true = rarely_labelled(seed=seed)
        unseen = np.flatnonzero(dataset.positive.sum(axis=0)[true] == 0)
        assert len(unseen) > 300  # most genes to predict have a term that no labelled gene has
        trust, scores = (
            model.fit(dataset).predict_proba(dataset)[unseen] for model in (ElectronicTrust(), Combined(members=CHEAP))
        )
        right.append(trust.argmax(axis=1) == true[unseen])
        believed.append(scores[np.arange(len(unseen)), trust.argmax(axis=1)])
    # Four of five of these annotations are right, and a term was named to a few genes at most.
    assert np.mean(np.concatenate(right)) == pytest.approx(0.8, abs=0.05)
    assert np.mean(np.concatenate(believed)) == pytest.approx(0.8, abs=0.15)


def with_unrelated_genes(dataset, n_genes):
    """Add genes of which nothing is known, whose names come first."""
    total = dataset.n_genes + n_genes

    def longer(table, columns):
        return csr_array((table.data, table.indices, [*table.indptr, *[table.indptr[-1]] * n_genes]), (total, columns))

    return replace(
        dataset,
        genes=np.array([*dataset.genes, *(f"A{k:04d}" for k in range(n_genes))]),
        sequence_features=np.zeros((total, 0), dtype=np.float32),
        homology=csr_array((total, total), dtype=np.float32),
        networks={"net": longer(dataset.networks["net"], total)},
        positive=longer(dataset.positive, dataset.n_terms),
        negative=longer(dataset.negative, dataset.n_terms),
        electronic=longer(dataset.electronic, dataset.n_terms),
        split=np.zeros(total, dtype=np.uint8),
    )


def test_unrelated_genes_in_the_dataset_change_no_score(monkeypatch):
    monkeypatch.setattr(pair_network, "_FEWEST_STEPS", 40)
    dataset, _ = rarely_labelled(n_genes=1400, n_labelled=30, n_terms=300)
    fitted = Combined(members=CHEAP).fit(dataset)
    alone = fitted.predict_proba(dataset)
    more = fitted.predict_proba(with_unrelated_genes(dataset, 300))[: dataset.n_genes]
    np.testing.assert_allclose(more, alone, atol=1e-6)
    # A term that no labelled gene has and nothing names for a gene has no score there.
    unseen = np.flatnonzero(dataset.positive.sum(axis=0) == 0)
    unnamed = ~dataset.electronic.toarray()[:, unseen]
    assert alone[:, unseen][unnamed].max() == 0
    assert alone[:, unseen][~unnamed].mean() > 0.5


def test_an_aspect_without_labelled_genes_is_scored_where_something_is_known_and_below_a_tenth(monkeypatch):
    monkeypatch.setattr(pair_network, "_FEWEST_STEPS", 40)
    dataset, _ = rarely_labelled(n_terms=60)
    names = dataset.ontology.terms
    aspects = ["molecular_function" if k % 2 else "biological_process" for k in range(len(names))]
    full = ontology_from_edges(
        {"GO:root": ("root", "biological_process"), "GO:roof": ("roof", "molecular_function")}
        | {name: (name, aspect) for name, aspect in zip(names, aspects)},
        [(name, "GO:root" if aspect[0] == "b" else "GO:roof") for name, aspect in zip(names, aspects)],
    )
    ontology = full.subset(np.flatnonzero(~full.roots))
    function = ontology.aspects == "MFO"
    order = np.array([names.index(name) for name in ontology.terms])
    changed = {
        name: csr_array(table.toarray()[:, order] & (~function | (name == "electronic")))
        for name, table in (("positive", dataset.positive), ("electronic", dataset.electronic))
    }
    half = replace(dataset, ontology=ontology, negative=csr_array(dataset.negative.toarray()[:, order]), **changed)
    assert half.labelled.any(axis=0).tolist().count(True) == 1
    scores = Combined(members=CHEAP).fit(half).predict_proba(half)[:, function]
    named = half.electronic.toarray()[:, function]
    assert scores[~named].max() == 0
    assert scores[named].min() > 0 and scores[named].max() < 0.1
