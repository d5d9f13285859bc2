"""Proteins of other organisms joined to the genes; each way in which they could tell held-out labels is planted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from genessl.assembly.build import Evaluation, assemble_dataset
from genessl.assembly.contamination import Contamination
from genessl.assembly.references import ReferenceSource
from genessl.data.aliases import AliasTable
from genessl.errors import InputError
from genessl.features.domains import domain_columns
from genessl.models.neighbours import Homology
from tests.assembly.test_build import (
    CYCLE,
    GENES,
    MITOSIS,
    ROOT,
    TRANSPORT,
    UNUSED,
    counts,
    proteins,
    rows,
    sources,
)

T0 = 20190106  # the newest date of `sources()`
FOLDS = Evaluation(scheme="cross_validation", folds=3)


def relative(gene):
    """A protein like a gene's, but for one residue."""
    sequence = proteins()[gene]
    return ("A" if sequence[0] != "A" else "C") + sequence[1:]


def reference(sequences=None, *annotations, date=T0, **parts):
    table = rows(*(annotations or [("R3", MITOSIS, "IDA")])).assign(date=date)
    return ReferenceSource(sequences or {"R3": relative("P3")}, table, name="ref", files={}, **parts)


def assembled(*references, **options):
    return assemble_dataset(sources(references=references), **options)


def labels_of(dataset, name):
    row = dataset.references.names.tolist().index(name)
    return [dataset.ontology.terms[column] for column in dataset.references.positive[[row]].indices]


def lost(assembly, unit="annotation rows"):
    found = counts(assembly, "ref")
    return {reason: n for (what, reason), n in found.items() if what == unit and reason not in ("held", "joined") and n}


def refused(source):
    with pytest.raises(InputError) as caught:
        assembled(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_homolog_of_another_organism_comes_with_its_labels_closed_upwards():
    dataset = assembled(reference()).dataset
    assert dataset.references.names.tolist() == ["R3"]
    assert labels_of(dataset, "R3") == [CYCLE, MITOSIS]
    found = dataset.references.homology.toarray()
    assert np.flatnonzero(found).tolist() == [3]
    assert found[3, 0] > 100  # bits, of 89 identical residues


def test_the_dataset_itself_is_the_same_with_and_without_references():
    without, with_them = assembled(evaluation=FOLDS).dataset, assembled(reference(), evaluation=FOLDS).dataset
    assert without.references is None
    assert without.ontology.terms == with_them.ontology.terms
    assert without.sequence_features.tobytes() == with_them.sequence_features.tobytes()
    assert without.split.tolist() == with_them.split.tolist()
    for name in ("positive", "negative", "electronic", "homology"):
        np.testing.assert_array_equal(getattr(without, name).toarray(), getattr(with_them, name).toarray())


# --------------------------------------------------------------------------------------- planted leaks


@pytest.mark.parametrize(
    "date, reason",
    [(T0, None), (T0 + 1, "dated after the organism's annotations"), (0, "without a date")],
)
def test_rows_dated_after_t0_or_not_at_all_are_not_used(date, reason):
    early = rows(("R3", TRANSPORT, "IDA")).assign(date=20100101)
    leak = rows(("R3", MITOSIS, "IDA")).assign(date=date)
    assembly = assembled(replace(reference(), annotations=pd.concat([early, leak], ignore_index=True)))
    assert labels_of(assembly.dataset, "R3") == ([CYCLE, MITOSIS, TRANSPORT] if reason is None else [TRANSPORT])
    assert lost(assembly) == ({} if reason is None else {reason: 1})


def test_domains_of_rows_dated_after_t0_are_not_used():
    for date, similar in ((T0, True), (T0 + 1, False)):
        late = rows(("R3", CYCLE, "IEA", "InterPro:IPR000001")).assign(date=date)
        table = pd.concat([rows(("R3", MITOSIS, "IDA")).assign(date=T0), late], ignore_index=True)
        dataset = assembled(replace(reference(), annotations=table)).dataset
        assert bool(dataset.references.domains.nnz) == similar


ALIASES = AliasTable.from_rows("aliases.txt", [("r", "P3", "UniProt_AC"), ("r", "YP3", "BLAST_UniProt_ID")])


@pytest.mark.parametrize(
    "name, sequence, reason",
    [
        ("R3", relative("P3"), None),
        ("P3", relative("P3"), "a gene of the organism"),
        ("YP3", relative("P3"), "a gene of the organism"),
        ("4932.P3", relative("P3"), "a gene of the organism"),
        ("R3", proteins()["P3"], "same sequence as a gene of the organism"),
    ],
)
def test_a_gene_of_the_organism_is_no_reference_under_any_name(name, sequence, reason):
    both = reference({name: sequence, "R5": relative("P5")}, (name, MITOSIS, "IDA"), ("R5", TRANSPORT, "IDA"))
    assembly = assemble_dataset(sources(references=[both], aliases=[ALIASES]))
    assert assembly.dataset.references.names.tolist() == (["R5"] if reason else [name, "R5"])
    assert lost(assembly, "proteins") == ({reason: 1} if reason else {})


def test_a_synthetic_gene_is_compared_with_the_references_and_makes_none_of_them_a_gene_of_the_organism():
    both = reference({"R3": relative("P3"), "R5": relative("P5")}, ("R3", MITOSIS, "IDA"), ("R5", TRANSPORT, "IDA"))
    contamination = Contamination([relative("P3")], 1 / 9)
    dataset = assembled(both, contamination=contamination).dataset
    assert dataset.references.names.tolist() == ["R3", "R5"]
    assert dataset.references.homology.toarray()[9].tolist().index(0) == 1
    clean = assembled(both).dataset.references
    np.testing.assert_array_equal(dataset.references.homology.toarray()[:9], clean.homology.toarray())


def test_rows_of_a_gene_of_the_organism_do_not_reach_a_reference_through_a_shared_symbol():
    # The object P3 is no reference by its name; its symbol cdc2 names its ortholog R3.
    aliases = [AliasTable.from_rows("r.txt", [("R3", "cdc2", "gene name"), ("R3", "X3", "gene name")])]
    table = [("R3", TRANSPORT, "IDA"), ("P3", MITOSIS, "IDA"), ("X3", CYCLE, "IDA")]
    source = reference(None, *table, aliases=aliases)
    source = replace(source, annotations=source.annotations.assign(symbol=["cdc2", "cdc2", "X3"]))
    assembly = assembled(source)
    assert labels_of(assembly.dataset, "R3") == [CYCLE, TRANSPORT]
    assert lost(assembly) == {"of a gene of the organism": 1}
    # An object of an unknown name whose symbol is one of the organism's genes is taken for that gene, too.
    hidden = replace(
        source, annotations=source.annotations.assign(gene=["R3", "S000001", "X3"], synonyms=["", "P3", ""])
    )
    assembly = assembled(hidden)
    assert labels_of(assembly.dataset, "R3") == [CYCLE, TRANSPORT]
    assert lost(assembly) == {"of a gene of the organism": 1}
    # A reference under its own name may share a symbol with a gene.
    shared = replace(source, annotations=source.annotations.assign(gene="R3", symbol="P3"))
    assert labels_of(assembled(shared).dataset, "R3") == [CYCLE, MITOSIS, TRANSPORT]


def test_terms_that_no_gene_of_the_organism_has_add_no_column():
    source = reference(
        {"R3": relative("P3"), "R5": relative("P5")}, ("R3", UNUSED, "IDA"), ("R5", UNUSED, "IDA"), ("R5", CYCLE, "IMP")
    )
    assembly = assembled(source)
    assert assembly.dataset.ontology.terms == assembled().dataset.ontology.terms
    assert assembly.dataset.references.names.tolist() == ["R5"]
    assert labels_of(assembly.dataset, "R5") == [CYCLE]
    assert lost(assembly, "labels, closed upwards") == {"term that no gene of the organism has": 2}
    assert lost(assembly, "proteins") == {"no label to transfer": 1}


def test_a_copy_of_a_held_out_gene_with_its_labels_changes_no_score():
    plain = assembled(reference(), evaluation=FOLDS).dataset
    names = {"copy": proteins()["P5"], "P0": relative("P0"), "R3": relative("P3")}
    planted = [("copy", MITOSIS, "IDA"), ("P0", MITOSIS, "IDA"), ("R3", MITOSIS, "IDA")]
    leaking = assembled(reference(names, *planted), evaluation=FOLDS).dataset
    for fold in range(3):
        expected, found = (Homology().fit(d.hide(fold)).predict_proba(d.hide(fold)) for d in (plain, leaking))
        np.testing.assert_array_equal(found, expected)
        assert expected[3].any()  # what the foreign reference R3 tells


# ------------------------------------------------------------------------------------------- evidence


@pytest.mark.parametrize(
    "evidence, negated, label", [("IDA", False, True), ("IEA", False, False), ("IDA", True, False)]
)
def test_only_experiments_that_found_the_term_make_labels(evidence, negated, label):
    source = reference(None, ("R3", TRANSPORT, "IDA"), ("R3", MITOSIS, evidence))
    source = replace(source, annotations=source.annotations.assign(negated=[False, negated]))
    assembly = assembled(source)
    assert (MITOSIS in labels_of(assembly.dataset, "R3")) == label
    reason = "NOT" if negated else "evidence that makes no label"
    assert lost(assembly) == ({} if label else {reason: 1})


def test_the_chosen_evidence_holds_for_references_too():
    source = reference(None, ("R3", TRANSPORT, "IDA"), ("R3", MITOSIS, "HDA"))
    assert labels_of(assembled(source, evidence={"IDA", "IMP"}).dataset, "R3") == [TRANSPORT]


# -------------------------------------------------------------------------------------------- domains


def test_domains_come_from_electronic_rows_and_from_tables_of_both():
    matches = [("P1", "Pfam:PF1", True), ("P4", "Pfam:PF1", True), ("P4", "Pfam:PF9", True), ("P4", "Pfam:PF2", False)]
    own = pd.DataFrame(matches, columns=["gene", "domain", "significant"])
    theirs = pd.DataFrame([("R3", "Pfam:PF9", True)], columns=["gene", "domain", "significant"])
    names = {"R3": relative("P3"), "R5": relative("P5")}
    table = [("R3", MITOSIS, "IDA"), ("R5", MITOSIS, "IDA"), ("R5", CYCLE, "IEA", "InterPro:IPR000001")]
    source = reference(names, *table, domains=theirs)
    assembly = assemble_dataset(sources(domains=own, references=[source]))
    dataset = assembly.dataset
    assert [dataset.feature_names[k] for k in domain_columns(dataset.feature_names)] == [
        "InterPro:IPR000001",
        "Pfam:PF1",
    ]
    assert np.flatnonzero(dataset.sequence_features[:, dataset.feature_names.index("Pfam:PF1")]).tolist() == [1, 4]
    similar = dataset.references.domains.toarray() > 0
    # P1 and P2 carry IPR000001 as R5 does; P4 alone of the genes carries PF9 as R3 does.
    assert np.argwhere(similar).tolist() == [[1, 1], [2, 1], [4, 0]]
    assert counts(assembly, "domains")["matches", "E-value above 0.001"] == 1
    assert counts(assembly, "ref domains")["proteins", "joined"] == 1


# ------------------------------------------------------------------------------------ several; mistakes


def test_a_protein_in_two_sources_comes_once():
    second = reference({"R3": relative("P3"), "R5": relative("P5")}, ("R3", TRANSPORT, "IDA"), ("R5", TRANSPORT, "IDA"))
    assembly = assembled(reference(), replace(second, name="second"))
    assert assembly.dataset.references.names.tolist() == ["R3", "R5"]
    assert labels_of(assembly.dataset, "R3") == [CYCLE, MITOSIS]
    assert counts(assembly, "second")["proteins", "in an earlier reference"] == 1


def test_references_without_a_label_to_transfer_are_refused_in_one_sentence():
    assert refused(reference(date=T0 + 1)).startswith(f"ref annotations: found no row that is dated until {T0}, the")
    assert refused(reference(None, ("R3", CYCLE, "IEA"))).startswith(
        "ref annotations: found no experimental annotation"
    )
    assert refused(reference(None, ("R9", CYCLE, "IDA"))).startswith(
        "ref annotations: none of the annotated genes, such"
    )
    assert refused(reference({"P3": "MKV" * 30}, ("R3", ROOT, "IDA"), ("P3", CYCLE, "IDA"))).startswith(
        "ref annotations: none of the annotated genes, such as 'R3'"
    )
    own = reference({"R3": proteins()["P3"]})
    assert "found no protein with an experimental annotation that is no gene of the organism" in refused(own)


def test_the_references_follow_the_order_of_the_genes():
    forwards = assembled(reference()).dataset
    turned = assemble_dataset(sources(references=[reference()], sequences=dict(reversed(proteins().items())))).dataset
    order = np.arange(len(GENES))[::-1]
    for name in ("homology", "domains"):
        expected = getattr(forwards.references, name).toarray()[order]
        np.testing.assert_allclose(getattr(turned.references, name).toarray(), expected)
