"""Symbols, accessions and descriptions: which file is believed, and that no feature of any model sees them."""

from dataclasses import replace

import pandas as pd
import pytest

from genessl.assembly.build import assemble_dataset
from genessl.assembly.naming import name_genes
from genessl.data.aliases import AliasTable
from genessl.data.digest import digest
from genessl.data.gene_names import GeneNames, is_accession
from genessl.data.identifiers import GeneIdentifiers
from tests.assembly.test_build import rows, sources

GENES = ("SYN001", "SYN002", "SYN003", "P00561")


def table(name, *rows, descriptions=None):
    return AliasTable.from_rows(name, rows, descriptions=descriptions)


def named(*, headers=None, tables=(), annotations=(), objects=None):
    columns = ["gene", "symbol", "name"]
    given = sources(
        sequences=dict.fromkeys(GENES, "MK"),
        aliases=list(tables),
        header_aliases=headers,
        annotations=pd.DataFrame(annotations, columns=columns),
    )
    known = GeneIdentifiers(GENES, [*tables, *([headers] if headers else [])])
    return name_genes(given, known, objects or {})


def test_headers_come_before_annotations_and_these_before_alias_tables_in_their_order():
    headers = table("f.fasta", ("SYN001", "hdr1", "gene_name"), descriptions={"SYN001": "header's"})
    annotations = [("A1", "ann1", "annotation's 1"), ("A2", "ann2", "annotation's 2")]
    first = table(
        "first",
        ("r1", "SYN001", "locus"), ("r2", "SYN002", "locus"), ("r3", "SYN003", "locus"), ("r3", "tab3", "symbol"),
        ("r1", "tab1", "symbol"), ("r2", "tab2", "symbol"),
    )  # fmt: skip
    second = table(
        "second", ("SYN003", "other3", "symbol"), descriptions={"SYN003": "table's 3", "SYN002": "table's 2"}
    )
    found = named(
        headers=headers, tables=[first, second], annotations=annotations, objects={"A1": "SYN001", "A2": "SYN002"}
    )
    assert found.symbols == ("hdr1", "ann2", "tab3", "")
    assert found.descriptions == ("header's", "annotation's 2", "table's 3", "")


def test_a_symbol_is_the_first_name_of_the_record_and_no_synonym_or_identifier():
    aliases = table(
        "t", ("SYN001", "old1", "synonym"), ("SYN001", "zzz1", "Gene Names"), ("SYN001", "aaa1", "Gene Names"),
        ("SYN002", "ORF2", "ORF name"), ("SYN003", "77", "GeneID"),
    )  # fmt: skip
    assert named(tables=[aliases]).symbols == ("zzz1", "", "", "")


def test_accessions_are_those_of_uniprot_a_short_one_first_and_the_gene_itself_before_all():
    aliases = table(
        "t", ("SYN001", "A0A024R1R8", "UniProt_AC"), ("SYN001", "Q9Y6K9", "UniProt_AC"),
        ("SYN002", "NP_1.1", "UniProt_AC"), ("P00561", "Q00001", "UniProt_AC"), ("SYN003", "Q00002", "RefSeq"),
    )  # fmt: skip
    assert named(tables=[aliases]).accessions == ("Q9Y6K9", "", "", "P00561")
    annotated = named(tables=[aliases], annotations=[("O00001", "", "")], objects={"O00001": "SYN001"})
    assert annotated.accessions == ("O00001", "", "", "P00561")


@pytest.mark.parametrize(
    ("name", "valid"),
    [("P12345", True), ("A0A024R1R8", True), ("Q9Y6K9-2", False), ("YAL001C", False), ("p12345", False), ("", False)],
)
def test_accessions_have_the_form_that_uniprot_gives_them(name, valid):
    assert is_accession(name) == valid


def test_genes_without_any_name_have_none():
    assert named() == replace(GeneNames.none(4), accessions=("", "", "", "P00561"))


def test_a_dataset_has_its_names_and_they_change_nothing_else():
    annotations = rows(("P0", "GO:0000002", "IDA"), ("P3", "GO:0000001", "IMP"), ("P5", "GO:0000002", "IDA"))
    described = {f"P{k}": f"protein {k}" for k in range(9)}
    headers = [
        table("f.fasta", *((f"P{k}", f"sym{(k + shift) % 9}", "gene_name") for k in range(9)),
              descriptions={f"P{k}": described[f"P{(k + shift) % 9}"] for k in range(9)})
        for shift in (0, 4)
    ]  # fmt: skip
    datasets = [
        assemble_dataset(sources(annotations=annotations.assign(name=name), header_aliases=header)).dataset
        for name, header in zip(("kinase", "helicase"), headers)
    ]
    first, second = datasets
    assert first.names.symbols == tuple(f"sym{k}" for k in range(9))
    assert second.names.descriptions == tuple(described[f"P{(k + 4) % 9}"] for k in range(9))
    assert digest(first) == digest(second) == digest(replace(first, names=None))
    for name in ("positive", "negative", "split"):
        assert (getattr(first, name) != getattr(second, name)).sum() == 0
