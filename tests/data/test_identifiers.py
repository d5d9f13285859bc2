from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genessl.data.aliases import AliasTable, read_aliases
from genessl.data.coverage import Coverage
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


def test_a_record_of_two_genes_is_ambiguous_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "aliases.tsv"
    path.write_text("gene\talias\nYAL001C\tABC1\nYAL002W\tABC1\nYAL003W\tABC3\n")
    identifiers = GeneIdentifiers(["YAL001C", "YAL002W", "YAL003W"], [read_aliases(path)])
    resolution = identifiers.resolve(["ABC1", "ABC3"])
    assert (resolution.targets, resolution.lost) == ({"ABC3": "YAL003W"}, {"ABC1": "ambiguous alias"})
    assert identifiers.n_ambiguous == {(str(path), "records"): 1}


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


NAMES_OF_ONE = [
    ("SYN001.2", "SYN001", "without version"),
    ("SYN001", "SYN001.2", "without version"),
    ("NP_900001.1", "NP_900001.2", "without version"),
    ("AT1G01010.1", "AT1G01010.2", "without version"),
    ("3702.AT1G01010.1", "AT1G01010", "without version"),
    ("3702.AT1G01010.1", "At1g01010", "ignoring case"),
    ("NKX2-5", "NKX2\u20135", "ignoring case"),
    ("RRP5'", "RRP5\u2019", "ignoring case"),
    ("P12345", "P12345\u200b", "ignoring case"),
    ("g\u00e9n1", "ge\u0301n1", "ignoring case"),
    ("TFC\u00b5", "TFC\u03bc", "ignoring case"),
    ("ENSP00000000001.4", "9606.ENSP00000000001", "without version"),
    ("SPAC1002.01", "SPAC1002.01.1:pep", "without version"),
    ("Glyma.01G000100", "Glyma.01G000100.1.p", "without version"),
    ("T23G7.5", "T23G7.5a.1", "without version"),
    ("T23G7.5", "T23G7.5b", "without isoform or chain"),
    ("CG0001", "CG0001-PA", "without isoform or chain"),
    ("Zm00001d000001", "Zm00001d000001_P001", "without isoform or chain"),
    ("P12345", "P12345-2", "without isoform or chain"),
    ("P12345-2", "P12345-3", "without isoform or chain"),
    ("P12345", "P12345:PRO_0000123", "without isoform or chain"),
    ("SYN001", "SYN001-PRO_0000123", "without isoform or chain"),
    ("SYN001", "uniprotkb:SYN001-2", "without isoform or chain"),
    ("SYN001", "UniProtKB:SYN001", "without the database's name"),
    ("S000000001", "SGD:S000000001", "without the database's name"),
    ("SGD:S000000001", "S000000001", "without the database's name"),
    ("MGI:123", "MGI:MGI:123", "without the database's name"),
    ("WBGene00000001", "WB:WBGene00000001", "without the database's name"),
    ("FBgn0000001", "FB:FBgn0000001", "without the database's name"),
    ("P12345", "sp|P12345|AATM_X", "without the database's name"),
    ("AATM_X", "tr|P12345|AATM_X", "without the database's name"),
    ("gi|1001|ref|NP_900001.1|", "NP_900001.1", "without the database's name"),
    ("gi|1001|ref|NP_900001.1|", "ref|NP_900001.1|", "without the database's name"),
    ("gi|1001|ref|NP_900001.1|", "NP_900001", "without version"),
    ("gi|1001|ref|NP_900001.1|", "gi|1001", "without the database's name"),
    ("AAA12345", "gi|7|gb|AAA12345.1|", "without version"),
    ("b0001", "gnl|SYN|b0001", "without the database's name"),
    ("CG17870", "Dmel_CG17870", "without the database's name"),
    ("CG17870", "dme:Dmel_CG17870", "without the database's name"),
    ("CG17870", "Dmel\\CG17870", "without the database's name"),
    ("CELE_T23G7.5", "T23G7.5", "without the database's name"),
    ("1001", "ncbi-geneid:1001", "without the database's name"),
    ("1001", "1001.0", "without version"),
    ("NP_900001.1", "lcl|NC_9.1_prot_NP_900001.1_1", "without the database's name"),
    ("ENSG00000000001", "ENSP00000000001.2|ENST00000000001.1|ENSG00000000001.7|abc1|99", "without version"),
]


@pytest.mark.parametrize(("known", "name", "how"), NAMES_OF_ONE)
def test_names_that_a_person_would_match_are_found_and_how_is_told(known: str, name: str, how: str) -> None:
    found = GeneIdentifiers(["other", known], []).resolve([name])
    assert (found.targets, found.how) == ({name: known}, {name: how})


@pytest.mark.parametrize(
    ("genes", "name", "reason"),
    [
        (["SPAC1002.01"], "SPAC1002.02", "unknown identifier"),  # two genes of one cosmid
        (["SPAC1002.10"], "SPAC1002.11", "unknown identifier"),
        (["F56F11.4"], "F56F11.5", "unknown identifier"),
        (["SYN001.1", "SYN001.2"], "SYN001", "ambiguous alias"),
        (["P12345-1", "P12345-2"], "P12345", "ambiguous alias"),
        (["9606.X1"], "10090.X1", "unknown identifier"),
        (["9606.X1.1"], "10090.X1", "unknown identifier"),
        (["YAL001C"], "YAL001C-A", "unknown identifier"),
        (["NKX2-5"], "NKX2", "unknown identifier"),
        (["CYCD3"], "CYCD3-2", "unknown identifier"),
        (["let"], "let-7", "unknown identifier"),
        (["dl"], "Dl", "unknown identifier"),
        (["0"], "10.0", "unknown identifier"),
        (["MGI:123"], "123", "unknown identifier"),
        (["1001"], "gi|1001", "unknown identifier"),
        (["0000001"], "GO:0000001", "unknown identifier"),
    ],
)
def test_names_that_may_mean_another_gene_are_not_matched(genes: list[str], name: str, reason: str) -> None:
    assert GeneIdentifiers(genes, []).resolve([name]).lost == {name: reason}


def test_an_exact_match_wins_over_every_shorter_form() -> None:
    genes = ["SYN001", "SYN001.1", "SYN001-2"]
    found = GeneIdentifiers(genes, []).resolve(genes)
    assert found.targets == {gene: gene for gene in genes}
    table_of_all = AliasTable.from_rows("t", [("SYN002", "SYN001.3", "synonym")])
    assert GeneIdentifiers(["SYN001", "SYN002"], [table_of_all]).resolve(["SYN001.3"]).targets == {"SYN001.3": "SYN002"}


def test_what_is_ambiguous_as_written_is_not_settled_by_a_shorter_form() -> None:
    rows = [("r1", "abc.1", "name"), ("r2", "abc.1", "name"), ("r1", "abc", "other")]
    assert GeneIdentifiers(["r1", "r2"], [AliasTable.from_rows("t", rows)]).resolve(["abc.1"]).targets == {}
    twins = AliasTable.from_rows("t", [("r", "P00001", "AC"), ("r", "P00002", "AC"), ("r", "P00002.1", "EMBL-CDS")])
    assert GeneIdentifiers(["P00001", "P00002"], [twins]).resolve(["r"]).targets == {}


def test_records_are_tied_by_what_ncbi_writes_around_an_identifier() -> None:
    rows = [("SYN001", "1001", "GI"), ("SYN001", "NP_900001.1", "RefSeq"), ("SYN002", "1002", "GI")]
    genes = ["gi|1001|ref|NP_900001.1|", "gi|1002|ref|NP_900002.1|"]
    names = ["SYN001", "SYN002", "NP_900001.1", "1001"]
    found = GeneIdentifiers(genes, [AliasTable.from_rows("ids.dat", rows)]).resolve(names)
    assert found.targets == dict(zip(names, [genes[0], genes[1], genes[0], genes[0]]))


def test_a_number_of_genbank_is_no_number_of_another_database() -> None:
    rows = [("SYN001", "1001", "GeneID"), ("SYN002", "1001", "GI"), ("SYN003", "1003", "GeneID")]
    identifiers = GeneIdentifiers(["SYN001", "SYN002", "SYN003"], [AliasTable.from_rows("ids.dat", rows)])
    assert identifiers.resolve(["gi|1001", "GeneID:1001", "gi|1003"]).targets == {
        "gi|1001": "SYN002", "GeneID:1001": "SYN001",
    }  # fmt: skip
    headers = AliasTable.from_rows("seq.fasta", [("g", "1003", "gi_id")])
    other = AliasTable.from_rows("ids.dat", [("SYN003", "1003", "GeneID")])
    assert GeneIdentifiers(["g"], [other, headers]).resolve(["SYN003"]).targets == {}


def test_locus_names_in_another_case_tie_records_but_take_no_gene_that_has_one() -> None:
    rows = [("Q00001", "At1g01010", "Gene_OrderedLocusName"), ("Q00001", "NAC1", "Gene_Name")]
    identifiers = GeneIdentifiers(["AT1G01010.1"], [AliasTable.from_rows("ids.dat", rows)])
    assert identifiers.resolve(["Q00001", "nac1"]).targets == {"Q00001": "AT1G01010.1", "nac1": "AT1G01010.1"}
    flies = AliasTable.from_rows("flies.tsv", [("FB1", "Dl", "symbol"), ("FB2", "dl", "symbol")])
    assert GeneIdentifiers(["Dl"], [flies]).resolve(["FB1", "FB2"]).targets == {"FB1": "Dl"}


def test_synonyms_match_in_shorter_forms_after_all_that_is_exact() -> None:
    identifiers = GeneIdentifiers(["AT1G01010.1", "AT1G01020.1"], [])
    synonyms = {"Q1": ["NAC1", "At1g01010"], "Q2": ["AT1G01020"], "Q3": ["x", "AT1G01010.1"]}
    found = identifiers.resolve(synonyms, synonyms=synonyms)
    assert found.targets == {"Q2": "AT1G01020.1", "Q3": "AT1G01010.1"}  # Q3 has the gene exactly, so Q1 has not
    del synonyms["Q3"]
    assert identifiers.resolve(synonyms, synonyms=synonyms).targets["Q1"] == "AT1G01010.1"


def test_an_extended_table_is_tried_last_with_the_ties_it_is_given() -> None:
    table_of_ids = AliasTable.from_rows("ids.tsv", [("A", "x", "name")])
    annotated = AliasTable.from_rows(
        "annotations", [("obj", "x", "symbol"), ("obj", "y", "synonym"), ("rna", "z", "s")]
    )
    before = GeneIdentifiers(["A", "B"], [table_of_ids])
    found = before.extended(annotated, {"obj": "B"}).resolve(["x", "y", "z", "obj"])
    assert found.targets == {"x": "A", "y": "B", "obj": "B"}
    assert found.how == {"x": "name of ids.tsv", "y": "synonym of annotations", "obj": "record of annotations"}
    assert before.resolve(["y"]).targets == {}


def test_the_source_that_knows_most_names_is_told_whether_or_not_it_leads_to_a_gene() -> None:
    rows = [("9.r1", "x1", "KEGG"), ("9.r2", "x2", "KEGG"), ("9.r1", "y1", "Ensembl")]
    identifiers = GeneIdentifiers(["A"], [AliasTable.from_rows("in/t.tsv", rows)])
    assert identifiers.best_source(["x1", "x2", "x3", "y1"]) == ("t.tsv", "KEGG", 0.5)
    assert identifiers.best_source(["r1", "9.r2"]) == ("t.tsv", "records", 1.0)
    assert identifiers.best_source(["q"]) is None
    assert GeneIdentifiers(["A"], []).best_source(["q"]) is None


@pytest.mark.parametrize(
    ("genes", "names", "advice"),
    [
        (["A"], ["q"], "add an alias table under `identifiers`"),
        (["A"], ["x1", "x2", "q"], "67% of them are 'KEGG' in t.tsv, whose other names lead to few of the sequences"),
        (["9606.A"], ["10090.A"], "their taxon, as in '10090.A', is not that of the sequences, as in '9606.A'"),
        (
            ["SYN001.2"],
            ["SYN001.1"],
            "only the version differs, as in 'SYN001.1' and 'SYN001.2': give files of the same",
        ),
        (
            ["SYN001.1", "SYN001.2"],
            ["SYN001"],
            "'SYN001' may be 'SYN001.1' or 'SYN001.2': give one sequence of each gene, or headers that name the gene",
        ),
    ],
)
def test_advice_tells_what_would_join(genes: list[str], names: list[str], advice: str) -> None:
    rows = [("9.r1", "x1", "KEGG"), ("9.r2", "x2", "KEGG")]
    identifiers = GeneIdentifiers(genes, [AliasTable.from_rows("in/t.tsv", rows)])
    assert identifiers.advice(names).startswith(advice)


def test_advice_does_not_take_names_of_another_taxon_for_known_ones() -> None:
    identifiers = GeneIdentifiers(["P1", "P2"], [AliasTable.from_rows("in/t.tsv", [("4.A1", "x", "KEGG")])])
    assert identifiers.best_source(["9.A1", "9.A2"]) is None
    assert identifiers.best_source(["A1", "A2"]) == ("t.tsv", "records", 0.5)
    assert identifiers.advice(["9.A1"]) == "add an alias table under `identifiers`"


def test_a_resolution_counts_and_tells_in_which_ways_names_joined() -> None:
    identifiers = GeneIdentifiers(["A1", "B1.1"], [AliasTable.from_rows("t", [("A1", "x", "name")])])
    found, coverage = identifiers.resolve(["A1", "x", "B1", "q"]), Coverage()
    assert found.summary() == "3 of 4 joined (1 by own name, 1 by name of t, 1 without version)"
    found.count(coverage, "net", "nodes")
    coverage.check()
    assert [tuple(row) for row in coverage.table()[["unit", "outcome", "count"]].itertuples(index=False)] == [
        ("nodes", "held", 4), ("nodes", "joined", 3), ("nodes", "unknown identifier", 1),
        ("nodes joined without version", "held", 1), ("nodes joined without version", "joined", 1),
    ]  # fmt: skip


def test_few_joined_names_are_warned_of_with_advice(caplog: pytest.LogCaptureFixture) -> None:
    identifiers = GeneIdentifiers(["A", "B", "C"], [])
    identifiers.tell(identifiers.resolve(["A", "B", "q", "r", "s"]), "whole.tsv: nodes")  # most genes are there
    identifiers.tell(identifiers.resolve(["A", "q", "r"]), "net.tsv: nodes")
    assert caplog.messages == ["net.tsv: nodes: 1 of 3 joined (1 by own name); for the others: add an alias table under"
                               " `identifiers`"]  # fmt: skip


NAME_PARTS = st.sampled_from(
    ["SYN001", "P12345", "abc", "NP_900001", "AT1G01010", "9606", "7", "gi", "ref", "sp", "gnl", "MGI", "PRO_0000123"]
)
ODD_NAMES = st.lists(
    st.tuples(NAME_PARTS, st.sampled_from([".", "|", ":", "-", "_", " ", ""])), min_size=1, max_size=5
).map(lambda parts: "".join(word + mark for word, mark in parts))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(genes=st.lists(ODD_NAMES, min_size=1, max_size=6, unique=True), names=st.lists(ODD_NAMES, max_size=6))
def test_any_names_are_found_or_lost_and_genes_always_find_themselves(genes: list[str], names: list[str]) -> None:
    table_of_all = AliasTable.from_rows("t", [(name, gene, "alias") for name, gene in zip(names, genes)])
    found = GeneIdentifiers(genes, [table_of_all]).resolve([*names, *genes])
    assert {gene: found.targets[gene] for gene in genes} == {gene: gene for gene in genes}
    assert set(found.targets) | set(found.lost) == {*names, *genes}
    assert set(found.how) == set(found.targets)
    again = GeneIdentifiers(genes[::-1], [table_of_all]).resolve([*genes, *names])
    assert again.targets == found.targets
    assert GeneIdentifiers(genes, []).advice([*names, "q"])
