"""Synthetic genes in the pool: in the place of real genes, without their labels, and without a trace of their own."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from genessl.assembly.build import Evaluation, assemble_dataset
from genessl.assembly.contamination import Contamination, homology_with
from genessl.errors import InputError
from genessl.evaluation.categories import gene_groups
from genessl.features.composition import composition_features
from tests.assembly.test_build import GENES, counts, edges, proteins, rows, sources

ANNOTATIONS = rows(
    ("P0", "GO:0000002", "IDA"), ("P3", "GO:0000001", "IMP"), ("P5", "GO:0000002", "IDA"), ("P6", "GO:0000003", "IDA"),
    ("P7", "GO:0000003", "IEA", "InterPro:IPR000001"), ("P8", "GO:0000003", "IEA", "InterPro:IPR000001"),
)  # fmt: skip


def made(number=0, length=80):
    return "".join(np.random.default_rng(100 + number).choice(list("ACDEFGHIKLMNPQRSTVWY"), length))


MADE = [made(number) for number in range(9)]


def contaminated(ratio=1.0, seed=0, made=MADE, scheme="temporal", fraction=1.0, copies=0, **changes):
    return assemble_dataset(
        sources(**{"annotations": ANNOTATIONS, **changes}),
        evaluation=Evaluation(scheme=scheme, folds=3, label_fraction=fraction),
        substituted_copies=copies,
        contamination=None if made is None else Contamination(made, ratio, seed),
    )


def template_of(assembly, clean, row):
    """The real genes whose edges within the clean network are a synthetic gene's edges to real genes."""
    edges = assembly.networks["net"].toarray()[row, : clean.n_genes]
    return np.flatnonzero((clean.networks["net"].toarray() == edges).all(axis=1))


@pytest.fixture(scope="module")
def clean():
    return assemble_dataset(sources(annotations=ANNOTATIONS)).dataset


@pytest.fixture(scope="module")
def assembly():
    return contaminated()


@pytest.fixture(scope="module")
def pool(assembly):
    return assembly.dataset


def test_real_genes_keep_what_they_have_and_synthetic_ones_come_after(clean, pool):
    n = clean.n_genes
    assert pool.genes[:n].tolist() == GENES
    assert pool.genes[n:].tolist() == [f"synthetic_{number:06d}" for number in range(1, 10)]
    np.testing.assert_array_equal(pool.synthetic, np.arange(18) >= 9)
    assert pool.ontology.terms == clean.ontology.terms
    for name in ("positive", "negative", "electronic", "homology"):
        found, expected = getattr(pool, name).toarray(), getattr(clean, name).toarray()
        np.testing.assert_array_equal(found[:n, : expected.shape[1]], expected)
    np.testing.assert_array_equal(pool.networks["net"].toarray()[:n, :n], clean.networks["net"].toarray())
    np.testing.assert_array_equal(pool.split[:n], clean.split)


def test_a_synthetic_gene_has_no_label_and_is_no_validation_gene(pool):
    assert not pool.positive.toarray()[9:].any()
    assert not pool.negative.toarray()[9:].any()
    assert not pool.split[9:].any()


def test_at_one_for_each_real_gene_the_places_are_the_real_genes_each_once(clean, pool):
    electronic = pool.electronic.toarray()
    assert sorted(map(tuple, electronic[9:])) == sorted(map(tuple, electronic[:9]))
    network = pool.networks["net"].toarray()
    np.testing.assert_array_equal(network, network.T)
    assert not network.diagonal().any()
    # Every edge stands four times: between the two genes, and with a synthetic one for the first, the second or both.
    assert network.astype(bool).sum() == 4 * clean.networks["net"].nnz
    degrees = network.sum(axis=1)
    np.testing.assert_allclose(np.sort(degrees[9:]), np.sort(degrees[:9]))


def test_edges_electronic_terms_and_domains_come_from_the_same_gene():
    assembly = contaminated(networks={"net": ring()})
    pool = assembly.dataset
    clean = assemble_dataset(sources(annotations=ANNOTATIONS, networks={"net": ring()})).dataset
    domain = pool.feature_names.index("InterPro:IPR000001")
    for row in range(9, 18):
        (template,) = template_of(pool, clean, row)  # all weights differ, so that the edges tell the gene
        np.testing.assert_array_equal(pool.electronic.toarray()[row], clean.electronic.toarray()[template])
        assert pool.sequence_features[row, domain] == pool.sequence_features[template, domain]


def ring():
    return edges(*((f"P{k}", f"P{(k + 1) % 9}", 0.1 * (k + 1)) for k in range(9)))


def test_the_sequences_are_those_of_the_file_in_another_order(pool):
    described, names = composition_features(MADE)
    found = pool.sequence_features[9:, : len(names)]
    order = [int(np.flatnonzero((described == row).all(axis=1))[0]) for row in found]
    assert sorted(order) == list(range(9))
    assert order != list(range(9))


def test_the_order_of_the_file_does_not_matter():
    a, b = contaminated(made=MADE).dataset, contaminated(made=MADE[::-1]).dataset
    np.testing.assert_array_equal(a.sequence_features, b.sequence_features)


def test_the_seed_decides_and_the_real_genes_split_does_not_change():
    first, again, other = (contaminated(seed=seed).dataset for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.sequence_features, again.sequence_features)
    assert (first.sequence_features[9:] != other.sequence_features[9:]).any()
    np.testing.assert_array_equal(first.split, other.split)


def test_what_the_file_lacks_is_drawn_again_with_substitutions_and_said(caplog):
    few = [made(0, 200), made(1, 200)]
    with caplog.at_level(logging.WARNING):
        assembly = contaminated(made=few)
    assert "holds 2 sequences, 9 are asked for: 7 are drawn again, 7 of them with new substitutions" in caplog.text
    table = counts(assembly, "contamination")
    assert table["synthetic genes", "joined"] == 9
    assert table["of these with new substitutions", "joined"] == 7
    described, names = composition_features(few)
    found = assembly.dataset.sequence_features[9:, : len(names)]
    unchanged = [(described == row).all(axis=1).any() for row in found]
    assert unchanged == [True, True] + [False] * 7


def test_what_is_drawn_again_is_changed_where_it_can_be_and_counted_where_not(caplog):
    few = ["MKV", "CCCGGGPPP"]  # of the second no residue has a substitute
    with caplog.at_level(logging.WARNING):
        assembly = contaminated(made=few)
    drawn = list(assembly.dataset.sequences[9:])
    again = drawn.count("CCCGGGPPP") - 1
    assert drawn.count("MKV") == 1
    assert again in (3, 4)
    assert counts(assembly, "contamination")["of these with new substitutions", "joined"] == 7 - again
    assert f"7 are drawn again, {7 - again} of them with new substitutions" in caplog.text


def test_sequences_of_real_genes_are_counted_and_said(caplog):
    own = list(proteins().values())[:3]
    with caplog.at_level(logging.WARNING):
        assembly = contaminated(made=own + MADE[:6])
    n_real = len([sequence for sequence in assembly.dataset.sequences[9:] if sequence in proteins().values()])
    assert n_real >= 3
    assert counts(assembly, "contamination")["of these with the sequence of a real gene", "joined"] == n_real
    assert f"{n_real} of 9 sequences drawn are those of real genes" in caplog.text
    assert counts(contaminated(), "contamination")["of these with the sequence of a real gene", "joined"] == 0


def test_the_order_of_the_real_genes_does_not_matter():
    given = {"networks": {"net": ring()}}
    turned = dict(reversed(proteins().items()))
    pools = contaminated(**given).dataset, contaminated(**given, sequences=turned).dataset
    assert pools[1].genes[:9].tolist() == GENES[::-1]
    np.testing.assert_array_equal(pools[0].templates[9:], pools[1].templates[9:])
    assert pools[0].sequences[9:] == pools[1].sequences[9:]


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, 0), (0.25, 2), (0.5, 4), (2.0, 18)])
def test_the_ratio_is_of_the_real_genes(ratio, expected):
    assert contaminated(ratio=ratio).dataset.synthetic.sum() == expected


def test_in_cross_validation_a_synthetic_gene_is_in_the_fold_of_its_place():
    pool = contaminated(scheme="cross_validation").dataset
    assert sorted(pool.split[9:].tolist()) == sorted(pool.split[:9].tolist())


def test_a_rewrite_of_a_gene_is_its_homolog_and_changes_no_homology_among_real_genes(clean):
    sequence = proteins()["P0"]
    pool = contaminated(made=[sequence[:40] + "A" + sequence[41:]], ratio=1 / 9).dataset
    assert pool.homology.toarray()[9, :3].min() > 50  # P0 to P2 are the same protein
    np.testing.assert_array_equal(pool.homology.toarray()[:9, :9], clean.homology.toarray())


def test_real_genes_that_another_program_compared_are_refused(clean):
    """Its scores would tell real genes from synthetic ones."""
    again = homology_with(clean, {"synthetic_1": made()})
    np.testing.assert_array_equal(again.toarray()[:9, :9], clean.homology.toarray())
    other = replace(clean, homology=clean.homology * np.float32(1.1))
    with pytest.raises(InputError, match=r"homology: found (\d+) of \1 pairs of real genes with other bit scores"):
        homology_with(other, {"synthetic_1": made()})


def test_each_knows_whose_place_it_takes_and_a_real_gene_is_none_whatever_its_name(clean, pool):
    assert pool.templates[:9].tolist() == [""] * 9
    assert sorted(pool.templates[9:].tolist()) == sorted(GENES)
    for row in range(9, 18):
        template = GENES.index(pool.templates[row])
        np.testing.assert_array_equal(pool.networks["net"].toarray()[row], pool.networks["net"].toarray()[template])
    named = replace(clean, genes=np.array(["synthetic_lethal", *GENES[1:]]))
    assert not named.synthetic.any()


MANY = rows(*((f"P{k}", f"GO:000000{1 + k % 3}", "IDA") for k in range(9)),
            *((f"P{k}", f"GO:000000{1 + (k + 1) % 3}", "IEA") for k in range(9)))  # fmt: skip


def test_the_same_genes_keep_their_labels_and_what_others_lose_their_synthetic_ones_lose_too():
    options = {"annotations": MANY, "scheme": "cross_validation", "fraction": 0.5}
    clean, pool = (contaminated(made=made, **options).dataset.hide(0) for made in (None, MADE))
    np.testing.assert_array_equal(pool.positive.toarray()[:9], clean.positive.toarray())
    np.testing.assert_array_equal(pool.electronic.toarray()[:9], clean.electronic.toarray())
    described = clean.electronic.toarray().any(axis=1)
    assert 0 < described.sum() < 9
    for row in range(9, 18):
        template = GENES.index(pool.templates[row])
        np.testing.assert_array_equal(pool.electronic.toarray()[row], clean.electronic.toarray()[template])


def test_a_rewrite_makes_no_orphan_a_gene_with_homologs(clean):
    made = [sequence[:40] + "A" + sequence[41:] for sequence in proteins().values()]
    pool = contaminated(made=made).dataset
    orphan = gene_groups(clean)["orphan"]
    assert orphan.any()
    assert (pool.homology.toarray()[:9] > 0).any(axis=1).all()
    np.testing.assert_array_equal(gene_groups(pool)["orphan"][:9], orphan)


def test_substituted_copies_of_real_genes_are_those_of_the_clean_pool():
    clean, pool = (contaminated(made=made, copies=3).dataset.substituted for made in (None, MADE))
    assert pool.shape[1] == 18
    np.testing.assert_array_equal(pool[:, :9], clean)
    described = composition_features(contaminated().dataset.sequences[9:])[0]
    assert 0 < np.abs(pool[:, 9:] - described).mean() < np.abs(described - described[::-1]).mean()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ratio": -1}, "contamination.ratio: found -1, expected a number, at least 0, at most 10"),
        ({"ratio": True}, "contamination.ratio: found True"),
        ({"ratio": 0.05}, "contamination.ratio: found 0.05, which of 9 genes is none, expected 0 or enough for one"),
        ({"seed": -1}, "contamination.seed: found -1, expected a whole number"),
        ({"embeddings": (np.zeros((9, 2), dtype=np.float32), np.ones(9, dtype=bool))}, "contamination: found embeddi"),
        ({"sequences": proteins() | {"synthetic_1": "MKV"}}, "contamination: found the gene 'synthetic_1', whose name"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        contaminated(**changes)
