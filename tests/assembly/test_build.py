"""Sources joined into one dataset: what counts as a column, what is counted as lost, what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from genessl.assembly.build import Evaluation, Sources, assemble_dataset
from genessl.data.aliases import AliasTable
from genessl.data.networks import read_network
from genessl.data.ontology import ontology_from_edges
from genessl.errors import InputError
from genessl.features.embeddings import read_embedding_file

ROOT, CYCLE, MITOSIS, TRANSPORT, UNUSED = TERMS = tuple(f"GO:000000{k}" for k in range(5))
ONTOLOGY = ontology_from_edges(
    {term: (f"term {term}", "biological_process") for term in TERMS},
    [(CYCLE, ROOT), (MITOSIS, CYCLE), (TRANSPORT, ROOT), (UNUSED, ROOT)],
)
GENES = [f"P{k}" for k in range(9)]


def proteins():
    random = np.random.default_rng(0)
    found = {gene: "".join(random.choice(list("ACDEFGHIKLMNPQRSTVWY"), 90)) for gene in GENES}
    return found | {"P1": found["P0"], "P2": found["P0"]}


def rows(*annotations):
    table = pd.DataFrame([(*row, "")[:4] for row in annotations], columns=["gene", "term", "evidence", "with_from"])
    return table.assign(negated=False, symbol="", synonyms="", date=20190101 + np.arange(len(table)))


def edges(*pairs):
    return pd.DataFrame(pairs, columns=["a", "b", "weight"])


def sources(**changes):
    parts = {
        "sequences": proteins(),
        "networks": {"net": edges(("P0", "P3", 0.5), ("P3", "P4", 1.0), ("P4", "Y1", 0.7))},
        "ontology": ONTOLOGY,
        "annotations": rows(
            ("P0", MITOSIS, "IDA"), ("P3", CYCLE, "IMP"), ("P5", MITOSIS, "IDA"), ("P7", TRANSPORT, "IEA"),
            ("P1", TRANSPORT, "IEA", "InterPro:IPR000001"), ("P2", TRANSPORT, "IEA", "InterPro:IPR000001"),
        ),
    }  # fmt: skip
    return Sources(**{**parts, **changes})


def counts(assembly, source):
    table = assembly.coverage.table()
    return table[table["source"] == source].set_index(["unit", "outcome"])["count"].to_dict()


def test_columns_are_the_terms_that_a_gene_has_without_the_root():
    dataset = assemble_dataset(sources()).dataset
    assert dataset.ontology.terms == (CYCLE, MITOSIS, TRANSPORT)
    assert dataset.positive.toarray().astype(int)[0].tolist() == [1, 1, 0]
    assert dataset.electronic.toarray().astype(int)[7].tolist() == [0, 0, 1]
    assert dataset.annotation_date == 20190106


def test_every_view_follows_the_order_of_the_sequences():
    forwards = assemble_dataset(sources()).dataset
    turned = assemble_dataset(sources(sequences=dict(reversed(proteins().items())))).dataset
    order = np.arange(len(GENES))[::-1]
    same = forwards.take(order)
    assert turned.genes.tolist() == same.genes.tolist()
    for name in ("positive", "electronic", "homology"):
        np.testing.assert_allclose(getattr(turned, name).toarray(), getattr(same, name).toarray())
    np.testing.assert_allclose(turned.networks["net"].toarray(), same.networks["net"].toarray())
    plain = [k for k, name in enumerate(forwards.feature_names) if not name.startswith("homology")]
    np.testing.assert_allclose(turned.sequence_features[:, plain], same.sequence_features[:, plain])


def test_losses_are_counted_by_source():
    assembly = assemble_dataset(sources())
    assembly.coverage.check()
    found = counts(assembly, "net")
    assert found["network nodes", "held"] == 4
    assert found["network nodes", "unknown identifier"] == 1
    assert found["edges", "joined"] == 2
    assert found["edges", "unknown gene"] == 1


def test_ambiguous_aliases_are_counted():
    table = AliasTable.from_rows(
        "in/aliases.txt",
        [("r1", "P0", "UniProt_AC"), ("r2", "P3", "UniProt_AC"), ("r1", "x", "syn"), ("r2", "x", "syn")],
    )
    assembly = assemble_dataset(sources(aliases=[table]))
    assert counts(assembly, "aliases.txt") == {
        ("ambiguous aliases of syn", "held"): 1,
        ("ambiguous aliases of syn", "several genes"): 1,
    }


def test_copies_stay_in_one_fold_and_on_one_side_of_the_validation():
    cross = assemble_dataset(sources(), evaluation=Evaluation(scheme="cross_validation", folds=3)).dataset
    assert len(set(cross.split[:3].tolist())) == 1
    assert set(cross.split.tolist()) == {0, 1, 2}
    for seed in range(5):
        temporal = assemble_dataset(sources(), evaluation=Evaluation(scheme="none", seed=seed)).dataset
        assert len(set(temporal.split[:3].tolist())) == 1
        assert 0 < temporal.labelled[temporal.split == 1].sum() < temporal.labelled.sum()


def test_domains_and_embeddings_join_the_sequence_view():
    vectors = np.arange(18, dtype=np.float32).reshape(9, 2)
    found = np.arange(9) != 4
    assembly = assemble_dataset(sources(embeddings=(vectors, found)))
    dataset = assembly.dataset
    assert dataset.feature_names[-3:] == ("InterPro:IPR000001", "embedding:1", "embedding:2")
    np.testing.assert_array_equal(dataset.sequence_features[:, -2:], vectors)
    assert np.flatnonzero(dataset.sequence_features[:, -3]).tolist() == [1, 2]
    assert counts(assembly, "embeddings") == {
        ("genes", "held"): 9, ("genes", "joined"): 8, ("genes", "no embedding in the file"): 1,
    }  # fmt: skip


def test_files_of_embeddings_join_through_the_identifiers_and_stand_side_by_side(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"alias{gene}": np.array([1.0, 2.0]) for gene in GENES})
    np.savez(tmp_path / "b.npz", **{gene: np.array([3.0]) for gene in GENES[:8]}, other=np.array([4.0]))
    files = [read_embedding_file(tmp_path / name) for name in ("a.npz", "b.npz")]
    names = AliasTable.from_rows("names", [(gene, f"alias{gene}", "locus_id") for gene in GENES])
    assembly = assemble_dataset(sources(embedding_files=files, aliases=[names]))
    assert assembly.dataset.feature_names[-3:] == ("embedding:1:1", "embedding:1:2", "embedding:2:1")
    assert assembly.dataset.sequence_features[:, -3:].tolist() == [[1, 2, 3]] * 8 + [[1, 2, 0]]
    assert counts(assembly, "embeddings 2") == {
        ("genes", "held"): 9, ("genes", "joined"): 8, ("genes", "no embedding in the file"): 1,
        ("vectors", "held"): 9, ("vectors", "joined"): 8, ("vectors", "unknown identifier"): 1,
    }  # fmt: skip


def test_records_left_out_of_the_sequences_and_their_repairs_are_in_the_coverage():
    assembly = assemble_dataset(sources(dropped={"isoform of another record": 2}, repairs={"gaps": 3}))
    assert counts(assembly, "sequences") == {
        ("genes", "held"): 11, ("genes", "joined"): 9, ("genes", "isoform of another record"): 2,
        ("gaps", "held"): 3, ("gaps", "joined"): 3,
    }  # fmt: skip


def test_copies_with_substitutions_describe_the_first_columns_with_the_evaluations_seed():
    assert assemble_dataset(sources()).dataset.substituted is None
    dataset = assemble_dataset(sources(), substituted_copies=2).dataset
    assert dataset.substituted.shape == (2, 9, 804)
    assert dataset.feature_names[803].startswith("triad:") and not dataset.feature_names[804].startswith("triad:")
    own = dataset.sequence_features[:, :804]
    np.testing.assert_array_equal(dataset.substituted[:, :, 0], np.tile(own[:, 0], (2, 1)))  # the length stays
    moved = np.square(dataset.substituted - own).mean(axis=2)
    assert moved.min() > 0
    assert moved.max() < np.square(own[3:] - np.roll(own[3:], 1, axis=0)).mean(axis=1).min()
    for changes, same in (({"seed": 5}, True), ({"evaluation": Evaluation(seed=5)}, False)):
        other = assemble_dataset(sources(), substituted_copies=2, **changes).dataset.substituted
        assert np.array_equal(other, dataset.substituted) == same
    with pytest.raises(InputError, match="substituted_copies: found 9, expected a whole number from 0 to 8"):
        assemble_dataset(sources(), substituted_copies=9)


def test_the_threads_do_not_matter():
    one, two = (assemble_dataset(sources(), threads=threads).dataset for threads in (1, 2))
    assert one.sequence_features.tobytes() == two.sequence_features.tobytes()
    assert one.homology.toarray().tobytes() == two.homology.toarray().tobytes()


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (
            {"annotations": rows(("P0", MITOSIS, "IEA"))},
            "t0.gaf: found no experimental annotation of any gene, expected",
        ),
        (
            {"networks": {"net": edges(("Y1", "Y2", 1.0))}},
            "net.txt: the sequences and the network 'net' share no gene:",
        ),
        (
            {"networks": {"net": edges()}},
            "net.txt: found no edge in the network 'net', expected some; check `channels`",
        ),
        (
            {"networks": {"net": edges(("P0", "pp", 3.0), ("P3", "pp", 4.0), ("P4", "P4", 1.0))}},
            r"net.txt: 3 nodes of the network 'net' are genes, but none of its 3 edges joins two of them \(2 unknown"
            r" gene, 1 self-loop\); check `format` and `columns`: a column that is no name may be read as one",
        ),
        (
            {"networks": {"net": edges(("0", "1", 1.0))}},
            "the network like '0'; if these are numbers of rows, give `format: indexed_edges` and their list",
        ),
        ({"later_annotations": rows(("Y1", MITOSIS, "IDA"))}, "t1.gaf: none of the annotated genes, such as 'Y1', is"),
        (
            {"later_annotations": rows(("P0", MITOSIS, "IDA"), ("P0", ROOT, "IDA"), ("P1", MITOSIS, "IEA"))},
            "t1.gaf: found no experimental annotation that `annotations` lacks, expected some to test predictions by;",
        ),
    ],
)
def test_what_does_not_join_is_refused_with_its_file(changes, sentence):
    files = {"annotations": "t0.gaf", "later annotations": "t1.gaf", "net": "net.txt"}
    with pytest.raises(InputError, match=sentence):
        assemble_dataset(sources(files=files, **changes))
    with pytest.raises(InputError):
        assemble_dataset(sources(**changes))


def test_sif_with_names_of_numbers_joins_all_its_edges(tmp_path):
    (tmp_path / "net.sif").write_text("".join(f"700{k}\tpp\t700{k + 1}\n" for k in range(8)))
    ids = AliasTable.from_rows("ids.dat", [(f"P{k}", f"700{k}", "GeneID") for k in range(9)])
    for format in (None, "edges"):
        network = read_network(tmp_path / "net.sif", format)
        assembly = assemble_dataset(sources(networks={"net": network}, aliases=[ids]))
        assert assembly.dataset.networks["net"].nnz == 16


def test_hardly_any_edge_that_joins_is_a_warning(caplog):
    table = edges(("P0", "P3", 0.5), *((f"Y{k}", f"Y{k + 1}", 0.5) for k in range(100)))
    assemble_dataset(sources(networks={"net": table}, files={"net": "net.txt"}))
    assert "net.txt: only 1 of 101 edges of the network 'net' join two genes" in caplog.text


@pytest.mark.parametrize(("taxon", "level"), [("10", "WARNING"), ("9", "INFO"), ("", "INFO")])
def test_the_taxon_of_a_network_is_told(caplog, tmp_path, taxon, level):
    row = ["uniprotkb:P0", "uniprotkb:P3", *["-"] * 7, "taxid:9", "taxid:9", "-", "-", "-", "-"]
    (tmp_path / "net.txt").write_text("\t".join(row) + "\n")
    with caplog.at_level("INFO"):
        network = read_network(tmp_path / "net.txt")
        assemble_dataset(sources(networks={"net": network}, files={"net": "net.txt"}), taxon=taxon)
    assert [found.levelname for found in caplog.records if "are of taxon 9 in the file" in found.message] == [level]


def test_genes_of_other_organisms_and_alternative_names_are_counted(tmp_path):
    header = (
        "#BioGRID Interaction ID\tSystematic Name Interactor A\tSystematic Name Interactor B\tOfficial Symbol"
        " Interactor A\tOfficial Symbol Interactor B\tExperimental System Type\tOrganism ID Interactor A\tOrganism ID"
        " Interactor B\n"
    )
    (tmp_path / "net.txt").write_text(
        header
        + "1\tS0\tS3\tP0\tP3\tphysical\t9\t9\n2\tS3\t-\tP3\tP4\tphysical\t9\t9\n"
        + "3\t-\t-\tP7\tP8\tphysical\t7\t7\n4\tS0\tS9\tP0\tnone\tgenetic\t9\t9\n"
    )
    assembly = assemble_dataset(sources(networks={"net": read_network(tmp_path / "net.txt")}))
    assembly.coverage.check()
    found = counts(assembly, "net")
    assert found["network nodes", "joined"] == 3
    assert (found["network nodes", "other organism"], found["network nodes", "unknown identifier"]) == (2, 1)
    assert (found["edges", "joined"], found["edges", "other organism"], found["edges", "unknown gene"]) == (2, 1, 1)


def test_a_protein_that_is_annotated_to_a_root_only_is_no_label():
    with pytest.raises(InputError, match="found no experimental annotation"):
        assemble_dataset(sources(annotations=rows(("P0", ROOT, "IDA"), ("P1", MITOSIS, "IEA"))))


def test_evaluation_refuses_what_is_out_of_range():
    usual = Evaluation(scheme="cross_validation")
    for changes, sentence in (
        ({"scheme": "loo"}, "scheme: found 'loo', expected one of"),
        ({"folds": 2}, "folds: found 2, expected from 3 to 255"),
        ({"folds": True}, "folds: found True"),
        ({"label_fraction": 1.5}, "label_fraction: found 1.5, expected a number above 0 and at most 1"),
        (
            {"scheme": "temporal", "label_fraction": 0.5},
            "label_fraction: found 0.5 under the scheme temporal, expected 1",
        ),
        ({"sequence_identity": 0}, "sequence_identity: found 0, expected"),
        ({"seed": -1}, "seed: found -1, expected a whole number, at least 0"),
    ):
        with pytest.raises(InputError, match=sentence):
            replace(usual, **changes)


def test_headers_and_symbols_of_annotations_join_a_network_without_any_alias_table():
    annotations = sources().annotations.assign(symbol=["abc0", "abc3", "abc5", "abc7", "abc1", "abc2"])
    annotations["synonyms"] = ["old0", "old3|older3", "", "", "", ""]
    headers = AliasTable.from_rows("seq.fasta", [("P4", "SYN004", "gene_id"), ("P8", "SYN008", "gene_id")])
    networks = {"net": edges(("abc0", "older3", 0.5), ("SYN004", "SYN008.1", 0.5), ("P5", "NP_1.1", 0.5))}
    assembly = assemble_dataset(sources(annotations=annotations, networks=networks, header_aliases=headers))
    assembly.coverage.check()
    found = counts(assembly, "net")
    assert (found["network nodes", "joined"], found["edges", "joined"]) == (5, 2)
    assert found["network nodes joined without version", "joined"] == 1
    assert assembly.dataset.networks["net"].toarray().nonzero()[0].tolist() == [0, 3, 4, 8]


def test_only_names_are_taken_from_annotations_and_only_for_what_is_joined_to_genes():
    annotations = sources().annotations.assign(symbol=["abc", "abc", "", "", "", ""])
    networks = {"net": edges(("abc", "P4", 0.5), ("P0", "P3", 0.5))}
    assembly = assemble_dataset(sources(annotations=annotations, networks=networks))
    assert counts(assembly, "net")["network nodes", "ambiguous alias"] == 1
    assert counts(assembly, "annotations")["ambiguous aliases of symbol", "several genes"] == 1


def test_what_an_alias_table_leaves_out_is_counted():
    table = AliasTable.from_rows("in/aliases.txt", [("r1", "P0", "AC")], losses={"blank name": 2})
    assert counts(assemble_dataset(sources(aliases=[table])), "aliases.txt") == {
        ("left out of the aliases", "held"): 2,
        ("left out of the aliases", "blank name"): 2,
    }


@pytest.mark.parametrize(
    "names, aliases, sentence",
    [
        (("Y1", "Y2"), [], "the network like 'Y1'; add an alias table under `identifiers`$"),
        (
            ("Y1", "Y2"),
            [AliasTable.from_rows("in/t.tsv", [("r1", "Y1", "KEGG"), ("r2", "Y2", "KEGG")])],
            "the network like 'Y1'; 100% of them are 'KEGG' in t.tsv, whose other names lead to few of the sequences",
        ),
    ],
)
def test_a_network_that_does_not_join_ends_with_what_would_join_it(names, aliases, sentence):
    with pytest.raises(InputError, match=sentence):
        assemble_dataset(sources(networks={"net": edges((*names, 1.0))}, aliases=aliases))


def test_a_network_of_which_little_joins_is_warned_of(caplog):
    networks = {"net": edges(("P0", "P3", 0.5), ("Y1", "Y2", 1.0), ("Y3", "Y4", 1.0))}
    assemble_dataset(sources(networks=networks))
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any(
        text.startswith("the network: nodes of the network 'net': 2 of 6 joined (2 by own name); for")
        for text in warned
    )
