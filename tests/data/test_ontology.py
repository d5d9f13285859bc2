from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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


# ------------------------------------------------------------------------------------------------ files of others


def read_text(folder: Path, text: str) -> Ontology:
    path = folder / "go.obo"
    path.write_text(text, encoding="utf-8")
    return read_obo(path)


LIVE = "[Term]\nid: T:1\nname: one\nnamespace: space\nalt_id: T:11\n\n[Term]\nid: T:2\nis_a: T:1\n\n"


def obsolete(term: str, *lines: str) -> str:
    return "".join(f"{line}\n" for line in ("[Term]", f"id: {term}", *lines, "is_obsolete: true")) + "\n"


def test_a_chain_of_replacements_is_followed_to_the_term_now_used(tmp_path: Path) -> None:
    chain = [obsolete(f"T:{k}", f"replaced_by: T:{k + 1}") for k in range(100, 150)]
    ontology = read_text(tmp_path, LIVE + "".join(chain) + obsolete("T:150", "replaced_by: T:11 ! merged into one"))
    assert {ontology.resolve(f"T:{k}") for k in range(100, 151)} == {"T:1"}
    assert ontology.obsolete == frozenset()


def test_a_very_long_chain_of_replacements_takes_no_long_time(tmp_path: Path) -> None:
    chain = [obsolete(f"T:{k}", f"replaced_by: T:{k + 1}") for k in range(100, 40_000)]
    ontology = read_text(tmp_path, LIVE + "".join(chain) + obsolete("T:40000", "replaced_by: T:2"))
    assert ontology.resolve("T:100") == "T:2"


def test_replacements_that_go_round_end_nowhere(tmp_path: Path) -> None:
    round_ = (
        obsolete("T:5", "replaced_by: T:6") + obsolete("T:6", "replaced_by: T:7") + obsolete("T:7", "replaced_by: T:6")
    )
    ontology = read_text(tmp_path, LIVE + round_ + obsolete("T:8", "replaced_by: T:8"))
    assert [ontology.resolve(f"T:{k}") for k in (5, 6, 7, 8)] == [None] * 4
    assert ontology.obsolete == {"T:5", "T:6", "T:7", "T:8"}


def test_an_alternative_of_two_terms_is_neither(tmp_path: Path) -> None:
    text = OBO + "\n[Term]\nid: P:x\nname: x\nnamespace: biological_process\nis_a: P:root\nalt_id: P:old_a\n"
    ontology = read_text(tmp_path, text)
    assert ontology.resolve("P:old_a") is None
    assert ontology.resolve("P:older_a") == "P:a"
    assert "P:old_a" in ontology.obsolete


def test_an_obsolete_term_that_is_an_alternative_goes_to_the_term_that_has_it(tmp_path: Path) -> None:
    text = OBO + "\n[Term]\nid: P:old_a\nname: obsolete a\nnamespace: biological_process\nis_obsolete: true\n"
    assert read_text(tmp_path, text).resolve("P:old_a") == "P:a"
    replaced = read_text(tmp_path, text + "replaced_by: P:b\n")
    assert replaced.resolve("P:old_a") == "P:b"


def test_a_parent_by_an_old_identifier_is_the_term_now_used(tmp_path: Path) -> None:
    text = OBO + "\n[Term]\nid: P:x\nname: x\nnamespace: biological_process\nis_a: P:old_a\n"
    ontology = read_text(tmp_path, text)
    assert ontology.parents[ontology.index["P:x"], ontology.index["P:a"]]


def test_alternatives_of_an_obsolete_term_go_where_it_goes(tmp_path: Path) -> None:
    text = obsolete("T:5", "alt_id: T:55", "replaced_by: T:2") + obsolete("T:6", "alt_id: T:66", "consider: T:2")
    ontology = read_text(tmp_path, LIVE + text)
    assert [ontology.resolve(f"T:{k}") for k in (55, 5, 66, 6)] == ["T:2", "T:2", None, None]
    assert ontology.obsolete == {"T:6", "T:66"}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("a \\{b\\} \\! c", "a {b} ! c"),
        ('kinase {source="PMID:1"} ! a comment', "kinase"),
        ("kinase ! a {comment}", "kinase"),
        ('5\'-x "y" (2->3)', '5\'-x "y" (2->3)'),
        ("tab\\tand\\nline\\Wend", "tab and line end"),
        ("a\treal tab", "a real tab"),
        ("prot\u00e9ine \u03b2 \u00a0x", "prot\u00e9ine \u03b2 \u00a0x"),
        ("no! comment", "no! comment"),
        ("1->4)-{glucan}x", "1->4)-{glucan}x"),
        ("NA", "NA"),
    ],
)
def test_names_are_read_without_escapes_modifiers_and_comments(tmp_path: Path, value: str, name: str) -> None:
    assert read_text(tmp_path, f"[Term]\nid: T:1\nname: {value}\n").names == (name,)


def test_unusual_but_valid_lines_are_understood(tmp_path: Path) -> None:
    text = (
        "format-version: 1.4\ndefault-namespace: space ! the usual one\n\n"
        '[Term]\nid:T:1 ! one\nname: one\n\n[Term]\nid: T:2 {x="y"}\nis_a:   T:1\t! one\nis_obsolete: false\n\n'
        "[Term]\nid: T:3\nrelationship: BFO:0000050 T:1 ! one\nrelationship: part_of\nrelationship: has_part T:2\n"
        "is_a:\n\n"
        "[Typedef]\nid: part_of\nname: part of\nalt_id: T:99\nis_a: T:2\n\n[Instance]\nid: i\n"
    )
    ontology = read_text(tmp_path, text.replace("\n", "\r\n"))
    assert ontology.terms == ("T:1", "T:2", "T:3")
    assert parents(ontology, "T:2") == parents(ontology, "T:3") == {"T:1"}
    assert set(ontology.aspects) == {"space"}
    assert ontology.resolve("T:99") is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{\n  "graphs" : [ {', "JSON"),
        ('<?xml version="1.0"?>\n<rdf:RDF xmlns="x">\n', "XML"),
        ("Prefix(:=<http://purl.obolibrary.org/obo/go.owl#>)\n", "OWL"),
        ("@prefix : <http://purl.obolibrary.org/obo/go.owl#> .\n", "Turtle"),
    ],
)
def test_other_forms_of_the_ontology_are_named_as_such(tmp_path: Path, text: str, kind: str) -> None:
    with pytest.raises(InputError, match=rf"go.obo:1: found an ontology in {kind}.*; give go.obo or go-basic.obo"):
        read_text(tmp_path, text)


def chain_of(n_terms: int, *, closed: bool) -> str:
    rows = [
        f"[Term]\nid: T:{k:06}\nis_a: T:{(k + 1) % n_terms:06}\n" for k in range(n_terms if closed else n_terms - 1)
    ]
    return "\n".join(rows) + ("" if closed else f"\n[Term]\nid: T:{n_terms - 1:06}\n")


def test_a_deep_chain_is_read_and_a_deep_cycle_refused(tmp_path: Path) -> None:
    ontology = read_text(tmp_path, chain_of(3_000, closed=False))
    assert ontology.ancestors.sum() == 3_000 * 3_001 // 2
    with pytest.raises(InputError, match="the ontology is cyclic: T:000000 is among its own ancestors"):
        read_text(tmp_path, chain_of(20_000, closed=True))


def test_more_ancestors_than_memory_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genessl.data.hierarchy._MOST_ANCESTORS", 2_000_000)
    with pytest.raises(InputError, match="more than 2 million pairs of a term and its ancestor"):
        read_text(tmp_path, chain_of(2_500, closed=False)).ancestors  # noqa: B018


def test_terms_of_a_level_follow_the_last_of_their_parents() -> None:
    names = {name: (name, "space") for name in "abcdef"}
    ontology = ontology_from_edges(names, [("a", "f"), ("b", "f"), ("b", "a"), ("c", "e"), ("d", "e"), ("d", "f")])
    # roots by name; then what each of them completes in turn: e completes c, f completes a and d; then b
    assert [ontology.terms[column] for column in ontology.parents_first] == ["e", "f", "c", "a", "d", "b"]


OBO_LINES = st.sampled_from(
    ["[Term]", "[Typedef]", "id: T:1", "id: T:2", "id:", "name: x", "is_a: T:1", "is_a: T:2 ! x", "alt_id: T:3", "{",
     "", "relationship: part_of", "relationship: part_of T:1", "is_obsolete: true", "replaced_by: T:2"]
)  # fmt: skip


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(OBO_LINES, max_size=14))
def test_any_lines_give_an_ontology_or_one_sentence(tmp_path: Path, lines: list[str]) -> None:
    try:
        ontology = read_text(tmp_path, "\n".join(lines))
    except InputError as error:
        assert "go.obo" in str(error) and "\n" not in str(error)
    else:
        assert ontology.ancestors.diagonal().all()
        assert all(ontology.resolve(term) in ontology.index for term in ontology.alternatives)


@settings(max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_give_an_ontology_or_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "go.obo"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"go\.obo"):
        read_obo(path)
