from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array

from genessl.data.ontology import Ontology, ontology_from_edges, read_obo
from genessl.errors import InputError

OBO = """format-version: 1.2
data-version: releases/2015-07-11
default-namespace: gene_ontology

[Term]
id: P:root
name: biological_process
namespace: biological_process

[Term]
id: P:a
name: a process
namespace: biological_process
alt_id: P:old_a
alt_id: P:older_a
is_a: P:root ! biological_process

[Term]
id: P:b
name: b process
namespace: biological_process
is_a: P:root ! biological_process
relationship: regulates P:a ! a process

[Term]
id: P:c
name: part of both
namespace: biological_process
is_a: P:a {source="x"} ! a process
relationship: part_of P:b ! b process
relationship: part_of C:root ! another namespace

[Term]
id: C:root
name: cellular_component
namespace: cellular_component
is_obsolete: false

[Term]
id: P:gone
name: obsolete one
namespace: biological_process
is_obsolete: true
replaced_by: P:a

[Term]
id: P:vague
name: obsolete two
namespace: biological_process
is_obsolete: true
consider: P:a

[Term]
id: P:renamed
name: obsolete one whose replacement was merged since
namespace: biological_process
is_obsolete: true
replaced_by: P:old_a

[Term]
id: P:split
name: obsolete three
namespace: biological_process
is_obsolete: true
replaced_by: P:a
replaced_by: P:b

[Typedef]
id: part_of
name: part of
is_a: P:nothing
"""


@pytest.fixture
def ontology(tmp_path: Path) -> Ontology:
    path = tmp_path / "go.obo"
    path.write_text(OBO, encoding="utf-8")
    return read_obo(path)


def parents(ontology: Ontology, term: str) -> set[str]:
    row = ontology.parents[[ontology.index[term]]].toarray()[0]
    return {ontology.terms[column] for column in np.flatnonzero(row)}


def labels(ontology: Ontology, *genes: set[str]) -> csr_array:
    return csr_array(np.array([[term in gene for term in ontology.terms] for gene in genes], dtype=bool))


def terms_of(ontology: Ontology, matrix: csr_array, gene: int = 0) -> set[str]:
    return {ontology.terms[column] for column in np.flatnonzero(matrix.toarray()[gene])}


def random_ontology(n_terms: int, seed: int) -> tuple[Ontology, nx.DiGraph]:
    random = np.random.default_rng(seed)
    names = [f"T{k:03d}" for k in random.permutation(n_terms)]
    edges = [(names[k], names[int(p)]) for k in range(1, n_terms) for p in set(random.integers(0, k, 2).tolist())]
    graph = nx.DiGraph(edges)
    return ontology_from_edges({name: (name, "biological_process") for name in names}, edges), graph


def test_terms_are_sorted_with_aspect_name_and_release_and_without_obsolete_ones(ontology: Ontology) -> None:
    assert ontology.terms == ("C:root", "P:a", "P:b", "P:c", "P:root")
    assert ontology.aspects.tolist() == ["CCO", "BPO", "BPO", "BPO", "BPO"]
    assert ontology.names[1] == "a process"
    assert ontology.release == "releases/2015-07-11"


def test_parents_are_is_a_and_part_of_within_the_namespace_only(ontology: Ontology) -> None:
    assert parents(ontology, "P:c") == {"P:a", "P:b"}
    assert parents(ontology, "P:b") == {"P:root"}
    assert {ontology.terms[column] for column in np.flatnonzero(ontology.roots)} == {"C:root", "P:root"}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("P:a", "P:a"),
        ("P:old_a", "P:a"),
        ("P:older_a", "P:a"),
        ("P:gone", "P:a"),
        ("P:renamed", "P:a"),
        ("P:vague", None),
        ("P:split", None),
        ("P:never", None),
    ],
)
def test_terms_resolve_by_alt_id_and_a_single_replacement(ontology: Ontology, term: str, expected: str | None) -> None:
    assert ontology.resolve(term) == expected


def test_obsolete_terms_without_one_replacement_are_told_apart_from_unknown_ones(ontology: Ontology) -> None:
    assert ontology.obsolete == {"P:vague", "P:split"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[Term]\nid: A\nis_a: B\n\n[Term]\nid: B\nis_a: A\n", "go.obo: the ontology is cyclic: A is among its own"),
        ("[Term]\nid: A\nis_a: A\n", "the ontology is cyclic: A is among"),
        ("[Term]\nid: A\n\n[Term]\nid: A\n", "go.obo:4: expected each term once, found A again"),
        ("[Term]\nname: x\n", "go.obo:1: expected an id in the"),
        ("<html>\n", r":1: found a web page instead of the file"),
        ("", "the file is empty"),
    ],
)
def test_a_damaged_ontology_ends_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "go.obo"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_obo(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(3))
def test_ancestors_equal_those_of_networkx(seed: int) -> None:
    ontology, graph = random_ontology(60, seed)
    closure = ontology.ancestors.toarray()
    for term, column in ontology.index.items():
        found = {ontology.terms[k] for k in np.flatnonzero(closure[column])}
        assert found == nx.descendants(graph, term) | {term}


def test_every_parent_comes_before_its_children() -> None:
    ontology, graph = random_ontology(60, 4)
    position = {ontology.terms[column]: place for place, column in enumerate(ontology.parents_first)}
    assert sorted(ontology.parents_first.tolist()) == list(range(60))
    assert all(position[parent] < position[child] for child, parent in graph.edges)


def test_positive_labels_close_upwards_and_negative_ones_downwards(ontology: Ontology) -> None:
    assert terms_of(ontology, ontology.propagate(labels(ontology, {"P:c"}))) == {"P:c", "P:a", "P:b", "P:root"}
    assert terms_of(ontology, ontology.propagate_down(labels(ontology, {"P:a"}))) == {"P:a", "P:c"}


def test_closing_twice_changes_nothing_and_no_label_stays_none() -> None:
    ontology, _ = random_ontology(60, 5)
    raw = csr_array(np.random.default_rng(0).random((8, 60)) < 0.05)
    for close in (ontology.propagate, ontology.propagate_down):
        once = close(raw)
        assert once.dtype == bool
        assert (close(once) != once).nnz == 0
        assert (raw.toarray() <= once.toarray()).all()
        assert close(csr_array((2, 60), dtype=bool)).nnz == 0


def test_a_label_reached_by_many_paths_stays_true() -> None:
    middle = [f"M{k:03d}" for k in range(300)]
    edges = [("child", term) for term in middle] + [(term, "root") for term in middle]
    names = {name: (name, "biological_process") for name in ["child", "root", *middle]}
    ontology = ontology_from_edges(names, edges)
    every = labels(ontology, set(middle))
    assert "root" in terms_of(ontology, ontology.propagate(every))
    assert "child" in terms_of(ontology, ontology.propagate_down(every))


def test_propagated_scores_are_the_largest_among_descendants() -> None:
    ontology, graph = random_ontology(60, 6)
    scores = np.random.default_rng(0).random((5, 60)).astype(np.float32)
    before = scores.copy()
    raised = ontology.propagate_scores(scores)
    for term, column in ontology.index.items():
        below = [ontology.index[child] for child in nx.ancestors(graph, term) | {term}]
        assert (raised[:, column] == scores[:, below].max(axis=1)).all()
    assert (ontology.propagate_scores(raised) == raised).all()
    assert (scores == before).all()
    assert raised.dtype == np.float32


def test_information_accretion_equals_the_hand_calculation(ontology: Ontology) -> None:
    genes = ({"P:root", "P:a", "P:b", "P:c"}, {"P:root", "P:a", "P:b"}, {"P:root", "P:a"}, set())
    accretion = ontology.information_accretion(labels(ontology, *genes))
    # with the pseudo-gene: a 4 of 4 with root, b 3 of 4, c 2 of the 3 having both a and b
    expected = {"P:a": 0.0, "P:b": -np.log2(3 / 4), "P:c": -np.log2(2 / 3), "P:root": 0.0, "C:root": 0.0}
    assert accretion.tolist() == pytest.approx([expected[term] for term in ontology.terms])


def test_information_accretion_refuses_labels_that_are_not_closed(ontology: Ontology) -> None:
    with pytest.raises(ValueError, match="closed upwards"):
        ontology.information_accretion(labels(ontology, {"P:a"}))


def test_a_subset_keeps_order_names_and_the_parents_within_it(ontology: Ontology) -> None:
    kept = ontology.subset(np.array([ontology.index["P:c"], ontology.index["P:a"]]))
    assert kept.terms == ("P:a", "P:c")
    assert parents(kept, "P:c") == {"P:a"}
    assert kept.resolve("P:old_a") == "P:a"
