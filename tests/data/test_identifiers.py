from pathlib import Path

import pytest

from genessl.data.aliases import AliasTable, read_aliases
from genessl.data.identifiers import GeneIdentifiers
from genessl.errors import InputError

STRING = """#string_protein_id\talias\tsource
4932.YAL001C\tFUN24\tSGD_SYNONYM
4932.YAL001C\tTFC3\tSGD_NAME
4932.YAL001C\tS000000001\tSGD_ID
4932.YAL001C\tP34111\tUniProt_AC
4932.YAL003W\tEFB1\tSGD_NAME
4932.YAL003W\tS000000003\tSGD_ID
4932.YAL003W\tP32471\tUniProt_AC
4932.YAL003W\tFUN24\tSGD_SYNONYM
4932.YAL003W\tTFC3\tSGD_SYNONYM
"""


def sgd_row(sgdid: str, kind: str, orf: str, gene: str = "", aliases: str = "", secondary: str = "") -> str:
    return "\t".join([sgdid, kind, "Verified", orf, gene, aliases, "chromosome 1", secondary, *["1"] * 8]) + "\n"


SGD = (
    sgd_row("S000000001", "ORF", "YAL001C", "TFC3", "FUN24|TSV115", "L000000641|L000002287")
    + sgd_row("S000031098", "CDS", "")
    + sgd_row("S000000003", "ORF", "YAL003W", "EFB1")
    + sgd_row("S000006491", "ncRNA_gene", "SCR1", "SCR1")
)


def table(folder: Path, text: str, name: str = "aliases.txt") -> AliasTable:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_aliases(path)


def test_sources_come_in_order_of_reliability_whatever_the_order_of_rows(tmp_path: Path) -> None:
    head, *rows = STRING.splitlines(keepends=True)
    forward, backward = table(tmp_path, STRING), table(tmp_path, head + "".join(reversed(rows)))
    assert list(forward.sources) == ["UniProt_AC", "SGD_ID", "SGD_NAME", "SGD_SYNONYM"]
    assert list(backward.sources) == list(forward.sources)


def test_sources_rank_from_accessions_over_identifiers_and_names_to_the_rest() -> None:
    ranked = [
        ("Ensembl_UniProt_AC", "UniProt_AC", "BLAST_UniProt_AC"),
        ("GeneID", "Gene_OrderedLocusName", "KEGG_GENEID", "SGD", "STRING", "UniProtKB-ID", "UniProt_DR_SGD"),
        ("Gene_Name", "SGD_NAME", "UniProt_GN_Name"),
        ("EMBL", "Ensembl_external_synonym_EntrezGene", "Gene_Synonym", "KEGG_PRODUCT", "PDB", "SGD_NAME_Paralog"),
    ]
    found = AliasTable.from_rows("t", [("r", "a", source) for rank in ranked[::-1] for source in rank])
    assert list(found.sources) == [source for rank in ranked for source in rank]


def test_one_string_table_leads_from_sgdid_over_orf_to_accession(tmp_path: Path) -> None:
    found = GeneIdentifiers(["P34111", "P32471"], [table(tmp_path, STRING)]).resolve(
        ["S000000001", "YAL003W", "4932.YAL001C", "EFB1", "P34111"]
    )
    assert found.targets == {
        "S000000001": "P34111",
        "YAL003W": "P32471",
        "4932.YAL001C": "P34111",
        "EFB1": "P32471",
        "P34111": "P34111",
    }
    assert found.lost == {}


def test_taxon_prefixes_match_on_either_side_but_not_one_another() -> None:
    assert GeneIdentifiers(["4932.YAL001C"], []).resolve(["YAL001C"]).targets == {"YAL001C": "4932.YAL001C"}
    assert GeneIdentifiers(["YAL001C"], []).resolve(["4932.YAL001C"]).targets == {"4932.YAL001C": "YAL001C"}
    assert GeneIdentifiers(["4932.YAL001C"], []).resolve(["9606.YAL001C"]).lost == {
        "9606.YAL001C": "unknown identifier"
    }


def test_a_bare_name_of_two_organisms_is_ambiguous() -> None:
    found = GeneIdentifiers(["1.X", "2.X"], []).resolve(["X", "1.X"])
    assert found.targets == {"1.X": "1.X"}
    assert found.lost == {"X": "ambiguous alias"}


def test_a_more_reliable_source_wins(tmp_path: Path) -> None:
    found = GeneIdentifiers(["YAL001C", "YAL003W"], [table(tmp_path, STRING)]).resolve(["TFC3"])
    assert found.targets == {"TFC3": "YAL001C"}


def test_an_alias_with_two_genes_is_dropped_from_its_source_and_counted(tmp_path: Path) -> None:
    identifiers = GeneIdentifiers(["YAL001C", "YAL003W"], [table(tmp_path, STRING)])
    assert identifiers.resolve(["FUN24"]).lost == {"FUN24": "ambiguous alias"}
    assert {source: count for (_, source), count in identifiers.n_ambiguous.items()} == {"SGD_SYNONYM": 1}


def test_a_less_reliable_source_or_table_may_resolve_what_another_leaves_ambiguous() -> None:
    rows = [("r1", "x", "SGD_ID"), ("r2", "x", "SGD_ID"), ("r1", "x", "SGD_NAME")]
    assert GeneIdentifiers(["r1", "r2"], [AliasTable.from_rows("t", rows)]).resolve(["x"]).targets == {"x": "r1"}
    tables = [AliasTable.from_rows("t", rows[:2]), AliasTable.from_rows("u", [("r2", "x", "synonym")])]
    assert GeneIdentifiers(["r1", "r2"], tables).resolve(["x"]).targets == {"x": "r2"}


def test_two_records_of_one_gene_are_not_ambiguous_and_a_record_without_gene_is_no_target() -> None:
    rows = [("r1", "G", "UniProt_AC"), ("r2", "G", "UniProt_AC"), ("r1", "x", "n"), ("r2", "x", "n"), ("r3", "x", "n")]
    assert GeneIdentifiers(["G"], [AliasTable.from_rows("t", rows)]).resolve(["x", "r3"]).targets == {"x": "G"}


def test_case_is_ignored_last_of_all_and_only_where_one_gene_is_meant(tmp_path: Path) -> None:
    found = GeneIdentifiers(["YAL001C", "YAL003W"], [table(tmp_path, STRING)]).resolve(["efb1", "yal001c", "tfc3"])
    assert found.targets == {"efb1": "YAL003W", "yal001c": "YAL001C"}
    assert set(found.how.values()) == {"ignoring case"}
    assert found.lost == {"tfc3": "ambiguous alias"}  # TFC3 is a name of one gene and a synonym of the other
    flies = GeneIdentifiers(["dl", "Dl"], []).resolve(["dl", "Dl", "DL"])
    assert flies.targets == {"dl": "dl", "Dl": "Dl"}
    assert flies.lost == {"DL": "ambiguous alias"}


def test_sgd_features_lead_from_sgdid_and_its_aliases_to_the_orf(tmp_path: Path) -> None:
    identifiers = GeneIdentifiers(["4932.YAL001C", "4932.YAL003W"], [table(tmp_path, SGD)])
    names = ["S000000001", "TFC3", "TSV115", "L000002287", "YAL003W", "S000006491"]
    found = identifiers.resolve(names)
    assert found.targets == {name: "4932.YAL001C" for name in names[:4]} | {"YAL003W": "4932.YAL003W"}
    assert found.lost == {"S000006491": "unknown identifier"}


def test_two_tables_chain_in_either_order(tmp_path: Path) -> None:
    sgd = table(tmp_path, SGD, "sgd.tab")
    string = table(tmp_path, "\n".join(line for line in STRING.splitlines() if "SGD_" not in line), "string.txt")
    for tables in ([sgd, string], [string, sgd]):
        found = GeneIdentifiers(["P34111", "P32471"], tables).resolve(["S000000001", "L000000641", "S000006491"])
        assert found.targets == {"S000000001": "P34111", "L000000641": "P34111"}
    assert GeneIdentifiers(["P34111"], [sgd]).resolve(["S000000001"]).targets == {}


def test_gene_names_do_not_chain_two_tables() -> None:
    rna = AliasTable.from_rows("sgd", [("S000006491", "SCR1", "gene name")])
    protein = AliasTable.from_rows("string", [("4932.YAL015C", "SCR1", "SGD_SYNONYM")])
    assert GeneIdentifiers(["4932.YAL015C"], [rna, protein]).resolve(["S000006491"]).targets == {}


@pytest.mark.parametrize(
    "text",
    [
        "P34111\tUniProtKB-ID\tTFC3_YEAST\nP34111\tGene_Name\tTFC3\nP34111\tSGD\tS000000001\n"
        "P34111\tSTRING\t4932.YAL001C\nP34111\tGene_OrderedLocusName\tYAL001C\n",
        "Entry\tEntry Name\tGene Names\tLength\nP34111\tTFC3_YEAST\tTFC3 TSV115 YAL001C S000000001\t1160\n",
        "Entry\tReviewed\tEntry name\tGene names  (ordered locus )\tGene names\n"
        "P34111\treviewed\tTFC3_YEAST\tYAL001C\tTFC3; S000000001\n",
    ],
)
def test_uniprot_mappings_name_the_accession(tmp_path: Path, text: str) -> None:
    names = ["TFC3_YEAST", "TFC3", "S000000001", "YAL001C"]
    found = GeneIdentifiers(["P34111"], [table(tmp_path, text)]).resolve(names)
    assert found.targets == dict.fromkeys(names, "P34111")
    reverse = GeneIdentifiers(["4932.YAL001C"], [table(tmp_path, text)]).resolve(["P34111", "TFC3"])
    assert reverse.targets == {"P34111": "4932.YAL001C", "TFC3": "4932.YAL001C"}


def test_an_older_string_table_lists_several_sources_in_a_row(tmp_path: Path) -> None:
    text = "## string_protein_id ## alias ## source ##\n4932.YAL001C\tP34111\tBLAST_UniProt_AC Ensembl_UniProt_AC\n"
    assert list(table(tmp_path, text).sources) == ["Ensembl_UniProt_AC", "BLAST_UniProt_AC"]


def test_synonyms_are_the_last_resort() -> None:
    identifiers = GeneIdentifiers(["YAL001C", "YAL003W"], [])
    synonyms = {"S1": ["TFC3", "YAL001C", "FUN24"], "YAL003W": ["YAL001C"], "S2": ["SCR1", ""]}
    found = identifiers.resolve(["S1", "YAL003W", "S2", "S3"], synonyms=synonyms)
    assert found.targets == {"S1": "YAL001C", "YAL003W": "YAL003W"}
    assert found.lost == {"S2": "unknown identifier", "S3": "unknown identifier"}


def test_a_symbol_is_preferred_and_other_synonyms_must_agree() -> None:
    identifiers = GeneIdentifiers(["A", "B"], [])
    found = identifiers.resolve(["x", "y"], synonyms={"x": ["A", "B"], "y": ["none", "A", "B"]})
    assert found.targets == {"x": "A"}
    assert found.lost == {"y": "ambiguous alias"}


def test_a_synonym_takes_no_gene_that_was_found_by_a_surer_way() -> None:
    table_of_ids = AliasTable.from_rows("t", [("YAL015C", "S000000013", "SGD_ID"), ("YAL015C", "SCR1", "SGD_SYNONYM")])
    identifiers = GeneIdentifiers(["YAL015C"], [table_of_ids])
    found = identifiers.resolve(["S000006491", "S000000013"], synonyms={"S000006491": ["SCR1"]})
    assert found.targets == {"S000000013": "YAL015C"}


def test_resolution_does_not_depend_on_the_order_of_genes_names_or_rows(tmp_path: Path) -> None:
    head, *rows = STRING.splitlines(keepends=True)
    names = ["S000000001", "FUN24", "TFC3", "EFB1", "nothing", "YAL003W"]
    synonyms = {"nothing": ["no", "YAL001C"]}
    forward = GeneIdentifiers(["P34111", "P32471"], [table(tmp_path, STRING)]).resolve(names, synonyms=synonyms)
    turned = table(tmp_path, head + "".join(reversed(rows)))
    backward = GeneIdentifiers(["P32471", "P34111"], [turned]).resolve(names[::-1], synonyms=synonyms)
    assert (forward.targets, forward.lost) == (backward.targets, backward.lost)
    assert sorted([*forward.targets, *forward.lost]) == sorted(names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STRING + "4932.YAL003W\tEFB1\n", r":11: found 2 tab-separated columns, expected 3"),
        (SGD + "S000000009\tORF\n", r":5: found 2 tab-separated columns, expected 16"),
        ("P34111\tSGD\tS1\nP34111\n", r":2: found 1 tab-separated columns, expected 3"),
        ("Entry\tGene Names\nP34111\n", r":2: found 1 tab-separated columns, expected 2 as in the header"),
        ("<html>\n", r"found a web page instead of the file"),
        (">a\nMK\n", r":1: found sequences in FASTA, expected an alias table as one of: STRING protein.aliases, "),
        ("\n\n", r"found blank lines only"),
        ("", r"the file is empty"),
    ],
)
def test_what_is_no_alias_table_ends_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        table(tmp_path, text)
    assert "\n" not in str(caught.value)
