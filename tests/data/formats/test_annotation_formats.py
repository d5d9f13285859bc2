"""Each format of annotations gives the same table, and anything else ends in one sentence."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genessl.data.annotations import EXPERIMENTAL, KNOWN_CODES, read_annotations
from genessl.data.formats.annotations import ANNOTATION_FORMATS
from genessl.data.formats.annotations.eco_codes import CODE_OF_ECO
from genessl.data.formats.format import recognise
from genessl.data.text_files import read_head
from genessl.errors import InputError

GAF = "SYN\t{gene}\t{gene}\t\t{term}\tPMID:1\t{code}\t\tP\t\t\tprotein\ttaxon:1\t{date}\tSYN\n"
CHECKSUM = "0123456789abcdef0123456789abcdef"
EGGNOG_1 = (
    "# emapper version: emapper-1.0.3 emapper DB: 4.5.1\n"
    "#query_name\tseed_eggNOG_ortholog\tseed_ortholog_evalue\tseed_ortholog_score\tpredicted_gene_name\tGO_terms\tKEGG_KOs\n"
)
EGGNOG_2 = (
    "## Mon Feb 27 09:05:50 2023\n## emapper-2.1.9\n##\n"
    "#query\tseed_ortholog\tevalue\tscore\teggNOG_OGs\tmax_annot_lvl\tCOG_category\tDescription\tPreferred_name\tGOs\tEC\n"
)


def written(folder: Path, text: str, name: str = "annotations.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def gaf_row(gene: str = "SYN001", term: str = "GO:9000002", code: str = "IDA", date: str = "20200101") -> str:
    return GAF.format(gene=gene, term=term, code=code, date=date)


def scan_row(gene: str, entry: str, terms: str, *, analysis: str = "Pfam", signature: str = "PF00001") -> str:
    fields = [gene, CHECKSUM, "120", analysis, signature, "a family", "3", "90", "1.2E-5", "T", "31-12-2021"]
    return "\t".join([*fields, entry, "an entry", terms]) + "\n"


def rows_of(table: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return list(table[list(columns)].astype(object).itertuples(index=False, name=None))


# ------------------------------------------------------------------------------------------------ GPAD


def test_gpad_1_gives_the_codes_of_its_eco_terms(tmp_path: Path) -> None:
    text = (
        "!gpa-version: 1.1\n"
        "UniProtKB\tA0SYN1\tenables\tGO:9000012\tPMID:1\tECO:0000353\tUniProtKB:A0SYN2\t\t20170107\tSYN\t\t\n"
        "UniProtKB\tA0SYN2\tNOT|involved_in\tGO:9000002\tPMID:2\tECO:0000315\t\t\t20170108\tSYN\t\t\n"
        "UniProtKB\tA0SYN3\tpart_of\tGO:9000003\tGO_REF:2\tECO:0000256\tInterPro:IPR900001\t\t20170109\tInterPro\t\t\n"
    )
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "line", "gene", "term", "evidence", "qualifier", "negated", "with_from", "date") == [
        (2, "A0SYN1", "GO:9000012", "IPI", "enables", False, "UniProtKB:A0SYN2", 20170107),
        (3, "A0SYN2", "GO:9000002", "IMP", "involved_in", True, "", 20170108),
        (4, "A0SYN3", "GO:9000003", "IEA", "part_of", False, "InterPro:IPR900001", 20170109),
    ]
    assert set(table["symbol"]) == set(table["synonyms"]) == set(table["aspect"]) == {""}


def test_gpad_1_states_the_code_itself_among_its_properties(tmp_path: Path) -> None:
    text = "UniProtKB\tA0SYN1\tenables\tGO:9000012\tPMID:1\tECO:0000269\t\t\t20170107\tSYN\t\tx=1|go_evidence=IGI\n"
    assert read_annotations(written(tmp_path, text))["evidence"].tolist() == ["IGI"]


def test_gpad_2_has_a_negation_a_relation_and_identifiers_with_their_database(tmp_path: Path) -> None:
    text = (
        "!gpad-version: 2.0\n!generated-by: SYN\n!date-generated: 2023-01-30\n"
        "UniProtKB:A0SYN1\t\tRO:0002327\tGO:9000012\tPMID:1\tECO:0000314\t\t\t2023-01-30\tSYN\t\t\n"
        "MGI:MGI:900001\tNOT\tRO:0002331\tGO:9000002\tPMID:2\tECO:0000315\t\t\t2023-01-29T10:00:00\tMGI\t\t\n"
        "SGD:S900000001\t\tBFO:0000050\tGO:9000003\tPMID:3\tECO:0007005\t\t\t2023-01-28\tSGD\n"
    )
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "gene", "qualifier", "negated", "evidence", "date") == [
        ("A0SYN1", "enables", False, "IDA", 20230130),
        ("MGI:900001", "involved_in", True, "IMP", 20230129),
        ("S900000001", "part_of", False, "HDA", 20230128),
    ]


def test_gpad_is_recognised_without_its_version_line(tmp_path: Path) -> None:
    two = "SYN:1\t\tRO:0002327\tGO:9000012\tPMID:1\tECO:0000314\t\t\t2023-01-30\tSYN\t\t\n"
    one = "SYN\t1\tenables\tGO:9000012\tPMID:1\tECO:0000314\t\t\t20230130\tSYN\t\t\n"
    for text in (one, two):
        assert rows_of(read_annotations(written(tmp_path, text)), "gene", "qualifier", "evidence") == [
            ("1", "enables", "IDA")
        ]


def test_isoforms_and_chains_of_gpad_count_as_their_protein(tmp_path: Path) -> None:
    row = "UniProtKB\t{}\tenables\tGO:9000012\tPMID:1\tECO:0000314\t\t\t20170107\tSYN\t\t\n"
    names = ["P99999:PRO_0000900001", "P99999-2", "P99999", "P99999-x"]
    table = read_annotations(written(tmp_path, "".join(map(row.format, names))))
    assert table["gene"].tolist() == ["P99999", "P99999", "P99999", "P99999-x"]
    assert table.attrs["repairs"] == {"rows of an isoform or a chain, taken as its protein": 2}


def test_every_go_code_has_its_eco_term_and_an_unknown_one_stays_as_it_is(tmp_path: Path) -> None:
    # the defaults of gaf-eco-mapping.txt
    defaults = {
        "EXP": 269, "HDA": 7005, "HEP": 7007, "HGI": 7003, "HMP": 7001, "HTP": 6056, "IBA": 318, "IBD": 319, "IC": 305,
        "IDA": 314, "IEA": 7669, "IEP": 270, "IGC": 317, "IGI": 316, "IKR": 320, "IMP": 315, "IPI": 353, "IRD": 321,
        "ISA": 247, "ISM": 255, "ISO": 266, "ISS": 250, "NAS": 303, "ND": 307, "RCA": 245, "TAS": 304,
    }  # fmt: skip
    assert {code: CODE_OF_ECO[f"ECO:{number:07}"] for code, number in defaults.items()} == {c: c for c in defaults}
    assert set(CODE_OF_ECO.values()) == KNOWN_CODES == set(defaults)
    assert CODE_OF_ECO["ECO:0001232"] == "IDA" and CODE_OF_ECO["ECO:0000265"] == "IEA"  # descendants
    text = "SYN\t1\tenables\tGO:9000012\tPMID:1\tECO:9999999\t\t\t20170107\tSYN\t\t\n"
    assert read_annotations(written(tmp_path, text))["evidence"].tolist() == ["ECO:9999999"]


# ------------------------------------------------------------------------------------------------ predictions


def test_interproscan_gives_electronic_rows_with_their_entry_and_the_date_of_the_run(tmp_path: Path) -> None:
    text = (
        scan_row("SYN001", "IPR900001", "GO:9000002|GO:9000012")
        + scan_row(
            "SYN001", "IPR900001", "GO:9000002", analysis="SMART", signature="SM90001"
        )  # again, by a second match
        + scan_row("SYN002", "-", "-")
        + scan_row(
            "SYN003", "IPR900002", "GO:9000003(InterPro)|GO:9000004(PANTHER)", analysis="PANTHER", signature="PTHR9"
        )
        + scan_row("SYN004", "-", "GO:9000002(PANTHER)", analysis="PANTHER", signature="PTHR8:SF1")
    )
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "line", "gene", "term", "with_from") == [
        (1, "SYN001", "GO:9000002", "InterPro:IPR900001"),
        (1, "SYN001", "GO:9000012", "InterPro:IPR900001"),
        (4, "SYN003", "GO:9000003", "InterPro:IPR900002"),
        (4, "SYN003", "GO:9000004", "PANTHER:PTHR9"),
        (5, "SYN004", "GO:9000002", "PANTHER:PTHR8:SF1"),
    ]
    assert set(table["evidence"]) == {"IEA"} and set(table["date"]) == {20211231}


def test_interproscan_rows_may_end_before_the_go_column(tmp_path: Path) -> None:
    short = scan_row("SYN001", "", "").rsplit("\t", 3)[0] + "\n"
    table = read_annotations(written(tmp_path, short + scan_row("SYN002", "IPR900001", "GO:9000002")))
    assert rows_of(table, "line", "gene") == [(2, "SYN002")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (EGGNOG_1, "{}\t882.SYN1\t1e-9\t50.1\tnam\t{}\tK1\n"),
        (EGGNOG_2, "{}\t882.SYN1\t1e-9\t50.1\t-\t-\t-\t-\tnam\t{}\t-\n"),
        (EGGNOG_2.replace("#query", "query"), "{}\t882.SYN1\t1e-9\t50.1\t-\t-\t-\t-\tnam\t{}\t-\n"),
    ],
)
def test_eggnog_gives_electronic_rows_without_a_date(tmp_path: Path, header: str, row: str) -> None:
    rows = (
        row.format("SYN001", "GO:9000002,GO:9000012") + row.format("SYN002", "-") + row.format("SYN003", "GO:9000003")
    )
    table = read_annotations(written(tmp_path, header + rows + "## 3 queries scanned\n"))
    assert rows_of(table, "gene", "term", "evidence", "with_from", "date") == [
        ("SYN001", "GO:9000002", "IEA", "eggNOG:882.SYN1", 0),
        ("SYN001", "GO:9000012", "IEA", "eggNOG:882.SYN1", 0),
        ("SYN003", "GO:9000003", "IEA", "eggNOG:882.SYN1", 0),
    ]
    assert table.attrs["computed"] == "eggNOG-mapper annotations"


@pytest.mark.parametrize(
    "text",
    [
        "SYN001\tGO:9000002, GO:9000012\nSYN002\tGO:9000003\n",
        "SYN001\tGO:9000002\nSYN001\tGO:9000012\nSYN002\tGO:9000003\n",
        "gene\tterms\nSYN001\tGO:9000002;GO:9000012\nSYN002\tGO:9000003\nSYN003\t\n",
    ],
)
def test_two_columns_are_electronic_because_they_tell_no_evidence(tmp_path: Path, text: str) -> None:
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "gene", "term", "evidence", "date") == [
        ("SYN001", "GO:9000002", "IEA", 0), ("SYN001", "GO:9000012", "IEA", 0), ("SYN002", "GO:9000003", "IEA", 0),
    ]  # fmt: skip
    assert table.attrs["repairs"]["rows of a table without evidence codes, taken as electronic"] == 3


# ------------------------------------------------------------------------------------------------ several files


def test_several_files_stand_one_below_the_other(tmp_path: Path) -> None:
    gaf = written(tmp_path, gaf_row() + gaf_row("SYN002", code="ida "), "t0.gaf")
    scan = written(tmp_path, scan_row("SYN003", "IPR900001", "GO:9000002"), "scan.tsv")
    plain = written(tmp_path, "SYN004\tGO:9000002\n", "plain.tsv")
    table = read_annotations([gaf, scan, plain])
    assert rows_of(table, "line", "gene", "evidence", "date") == [
        (1, "SYN001", "IDA", 20200101), (2, "SYN002", "IDA", 20200101),
        (1, "SYN003", "IEA", 20211231), (1, "SYN004", "IEA", 0),
    ]  # fmt: skip
    assert isinstance(table["gene"].dtype, pd.CategoricalDtype)
    assert table.attrs["repairs"] == {
        "rows with spaces around a field, which were cut": 1,
        "rows with an evidence code in lower case or of ECO": 1,
        "rows of a table without evidence codes, taken as electronic": 1,
    }
    assert table.attrs["computed"] == "InterProScan TSV with GO terms and two columns of gene and GO terms"
    with pytest.raises(InputError, match="found an empty list"):
        read_annotations([])


# ---------------------------------------------------------------------------------- columns named by a header

QUICKGO = "GENE PRODUCT DB\tGENE PRODUCT ID\tSYMBOL\tQUALIFIER\tGO TERM\tGO NAME\tECO ID\tDATE\n"
BIOMART = "Gene stable ID,Gene name,GO term accession,GO term name,GO term evidence code\n"


def test_quickgo_gives_its_rows_whatever_columns_were_chosen(tmp_path: Path) -> None:
    text = (
        QUICKGO + "UniProtKB\tA0SYN1\tSYN1\tNOT|enables\tGO:9000012\tfunction a\tECO:0000314\t20170107\n"
        "UniProtKB\tA0SYN2\tSYN2\tpart_of\tGO:9000002\t\tECO:0000256\t\n"
    )
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "line", "gene", "symbol", "term", "evidence", "qualifier", "negated", "date") == [
        (2, "A0SYN1", "SYN1", "GO:9000012", "IDA", "enables", True, 20170107),
        (3, "A0SYN2", "SYN2", "GO:9000002", "IEA", "part_of", False, 0),
    ]
    with pytest.raises(InputError, match=":1: found no column 'GO EVIDENCE CODE' or 'ECO ID' in QuickGO's table"):
        read_annotations(written(tmp_path, text.replace("ECO ID", "REFERENCE")))


@pytest.mark.parametrize(
    "header",
    [
        "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory\n",
        "#Format: tax_id GeneID GO_ID Evidence Qualifier GO_term PubMed Category\n",
    ],
)
def test_gene2go_gives_its_gene_identifiers_without_a_date(tmp_path: Path, header: str) -> None:
    text = (
        header + "559292\t1001\tGO:9000002\tIDA\t-\tprocess a\t1|2\tProcess\n"
        "3702\t1002\tGO:9000012\tIEA\tNOT enables\tfunction a\t-\tFunction\n"
    )
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "line", "gene", "term", "evidence", "qualifier", "negated", "date") == [
        (2, "1001", "GO:9000002", "IDA", "", False, 0),
        (3, "1002", "GO:9000012", "IEA", "enables", True, 0),
    ]


@pytest.mark.parametrize(
    "text",
    [
        BIOMART + 'SYN001,a,GO:9000002,"process, a",IDA\nSYN002,b,,,\nSYN003,c,GO:9000012,function a,IEA\n',
        '"","ensembl_gene_id","go_id","name_1006","go_linkage_type"\n"1","SYN001","GO:9000002","process, a","IDA"\n'
        '"2","SYN002","","",""\n"3","SYN003","GO:9000012","function a","IEA"\n',
        "systematic_name\tgo_id\tEvidence\tOntology\nSYN001\tGO:9000002\tIDA\tBP\nSYN002\tNA\tNA\tNA\n"
        "SYN003\tGO:9000012\tIEA\tMF\n",
    ],
)
def test_a_header_names_the_columns_of_gene_term_and_evidence(tmp_path: Path, text: str) -> None:
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "line", "gene", "term", "evidence", "date") == [
        (2, "SYN001", "GO:9000002", "IDA", 0), (4, "SYN003", "GO:9000012", "IEA", 0),
    ]  # fmt: skip
    assert table.attrs["repairs"] == {"rows without a term, which were left out": 1}


def test_three_columns_of_gene_term_and_code_need_no_header(tmp_path: Path) -> None:
    table = read_annotations(written(tmp_path, "SYN001\tGO:9000002\tIDA\nSYN002\tGO:9000012\tiea\n"))
    assert rows_of(table, "line", "gene", "term", "evidence") == [
        (1, "SYN001", "GO:9000002", "IDA"), (2, "SYN002", "GO:9000012", "IEA"),
    ]  # fmt: skip


def test_blast2go_gives_electronic_rows_without_its_enzymes(tmp_path: Path) -> None:
    text = "SYN001\tGO:9000002\ta made-up protein\nSYN001\tEC:1.1.1.-\nSYN001\tGO:9000012\n"
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "line", "gene", "term", "evidence") == [
        (1, "SYN001", "GO:9000002", "IEA"), (3, "SYN001", "GO:9000012", "IEA"),
    ]  # fmt: skip
    assert table.attrs["repairs"]["rows of an enzyme number, which were left out"] == 1


@pytest.mark.parametrize("words", ["0.93", "1e-5", "NOT", "NOT|involved_in", "does NOT have"])
def test_terms_with_scores_or_negations_are_no_annotations(tmp_path: Path, words: str) -> None:
    row = f"SYN001\tGO:9000002\t{words}\n"
    with pytest.raises(InputError, match="expected annotations as one of"):
        read_annotations(written(tmp_path, row * 2))
    with pytest.raises(InputError, match=":3: found 'SYN001"):
        read_annotations(written(tmp_path, "SYN001\tGO:9000002\n" * 2 + row))


def test_the_table_of_tair_is_no_gaf(tmp_path: Path) -> None:
    row = (
        "AT1G90001\tlocus:9\tAT1G90001.1\t{}\tprocess a\tGO:9000002\t9\tP\tother\tIDA\tassay\t\tPublication:9\tTAIR"
        "\t{}\n"
    )
    text = "! TAIR\n" + row.format("involved in", "2018-08-01") + row.format("NOT involved in", "2018-08-02")
    table = read_annotations(written(tmp_path, text))
    assert rows_of(table, "line", "gene", "term", "evidence", "negated", "date", "assigned_by") == [
        (2, "AT1G90001", "GO:9000002", "IDA", False, 20180801, "TAIR"),
        (3, "AT1G90001", "GO:9000002", "IDA", True, 20180802, "TAIR"),
    ]


# ------------------------------------------------------------------------------------- what people do to a GAF


def test_quotes_around_the_fields_of_a_gaf_are_cut_and_counted(tmp_path: Path) -> None:
    quoted = "\t".join('"' + field + '"' for field in gaf_row("SYN001").rstrip("\n").split("\t"))
    table = read_annotations(written(tmp_path, quoted + "\n" + gaf_row("SYN002")))
    assert rows_of(table, "gene", "term", "evidence", "date") == [
        ("SYN001", "GO:9000002", "IDA", 20200101), ("SYN002", "GO:9000002", "IDA", 20200101),
    ]  # fmt: skip
    assert table.attrs["repairs"] == {"rows with quotes around a field, which were cut": 1}


def test_quotes_belong_to_a_name_where_the_term_has_none(tmp_path: Path) -> None:
    table = read_annotations(written(tmp_path, gaf_row('"SYN001"') + gaf_row("SYN001")))
    assert rows_of(table, "gene") == [('"SYN001"',), ("SYN001",)]
    assert not table.attrs["repairs"]


@pytest.mark.parametrize("qualifier", ["NOT:involved_in", "NOT_involved_in", "not-involved_in", "involved_in|NOT"])
def test_a_not_is_found_whatever_parts_it_from_the_relation(tmp_path: Path, qualifier: str) -> None:
    table = read_annotations(written(tmp_path, gaf_row().replace("\t\tGO:", f"\t{qualifier}\tGO:")))
    assert rows_of(table, "qualifier", "negated") == [("involved_in", True)]


@pytest.mark.parametrize("term", ["GO_9000002", "go:9000002", "GO 9000002", "9000002", "GO9000002"])
def test_a_term_is_known_by_its_seven_digits(tmp_path: Path, term: str) -> None:
    assert rows_of(read_annotations(written(tmp_path, gaf_row(term=term))), "term") == [("GO:9000002",)]


def test_a_gaf_may_have_other_comments(tmp_path: Path) -> None:
    header = "#DB\tDB_Object_ID\tDB_Object_Symbol\tQualifier\tGO_ID" + "\tx" * 10 + "\n"
    table = read_annotations(written(tmp_path, "# of the year\n!gaf-version: 2.2\n" + header + gaf_row()))
    assert rows_of(table, "line", "gene") == [(4, "SYN001")]


def test_the_header_of_amigos_download_is_no_row(tmp_path: Path) -> None:
    header = (
        "source\tbioentity_internal_id\tbioentity_label\tqualifier\tannotation_class\treference\tevidence_type"
        "\tevidence_with\taspect\tbioentity_name\tsynonym\ttype\ttaxon\tdate\tassigned_by\n"
    )
    assert len(read_annotations(written(tmp_path, header + gaf_row()))) == 1


def test_other_tables_of_many_columns_are_no_gaf(tmp_path: Path) -> None:
    header = "Tags\tSeqName\tDescription\tLength\t#Hits\te-Value\tsim mean\t#GO\tGO IDs" + "\tx" * 7 + "\n"
    row = "[ANNOTATED]\tSYN001\ta\t120\t20\t0\t90\t1\tC:GO:9000002" + "\t" * 7 + "\n"
    with pytest.raises(InputError, match=r":1: found 'Tags\tSeqName.* expected annotations as one of: "):
        read_annotations(written(tmp_path, header + row))


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "format-version: 1.2\n\n[Term]\nid: GO:1\n",
            ":1: found 'format-version: 1.2', expected annotations as one of: ",
        ),
        (">SYN001\nMKV\n", ":1: found '>SYN001', expected annotations as one of: "),
        ("a\tb\n1\t2\n", "expected annotations as one of: .*GAF 1.0 to 2.2, QuickGO.*, two columns"),
        ("!gpi-version: 1.2\nSYN\t1\tsym\n", ":1: found '!gpi-version: 1.2', expected annotations"),
        ("!gpa-version: 1.1\nSYN\t1\tenables\n", ":2: found 3 tab-separated columns, expected the 10 to 12 of a GPAD"),
        ("!gpad-version: 2.0\n!\n", "expected annotation rows, found comments only"),
        ("!gaf-version: 2.2\nSYN\t1\tenables\n", ":2: found 3 tab-separated columns, expected the 15 to 17 of a GAF"),
        (scan_row("SYN001", "IPR900001", "-"), "found no GO term in column 14, expected some; run InterProScan with"),
        (EGGNOG_2 + "SYN001\t882.SYN1\t1\t2\n", ":5: found 4 tab-separated columns, expected GO terms in column 10"),
        (EGGNOG_2.replace("GOs", "x"), ":4: found no column 'GOs' in the header of eggNOG-mapper"),
        (EGGNOG_2 + "a\tb" + "\t-" * 9 + "\n", "found no GO term in the table of eggNOG-mapper"),
        ("SYN001\tGO:9000002\nSYN002\tkinase\n", ":2: found 'SYN002\tkinase', expected a gene, a tab and GO terms"),
    ],
)
def test_what_is_none_of_them_ends_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_annotations(written(tmp_path, text))
    assert "annotations.txt" in str(caught.value) and "\n" not in str(caught.value)


def test_the_gaf_of_a_release_with_a_long_header_is_recognised(tmp_path: Path) -> None:
    assert len(read_annotations(written(tmp_path, "!\n" * 300 + gaf_row()))) == 1


def test_each_format_describes_itself(tmp_path: Path) -> None:
    assert len({format.name for format in ANNOTATION_FORMATS}) == len(ANNOTATION_FORMATS) == 10
    for format in ANNOTATION_FORMATS:
        assert all((format.title, format.recognised, format.gives, format.refuses))
    head = read_head(written(tmp_path, gaf_row()))
    assert recognise(head, ANNOTATION_FORMATS, "annotations").name == "gaf"


# ------------------------------------------------------------------------------------------------ any content

TOKENS = st.sampled_from(
    ["", "-", "SYN001", "GO:9000002", "go:9000002 ", "IDA", "ida", "NOT|enables", "ECO:0000314", "RO:0002327", "NA",
     "20200101", "2020-13-01", "IPR900001", CHECKSUM, "120", "é", "\x00", '"', "#query", "seed_ortholog", "GOs", "a b",
     "GENE PRODUCT ID", "GO TERM", "ECO ID", "GeneID", "GO_ID", "Evidence", "tax_id", "P",
     "!gaf-version: 2.2", "!gpad-version: 2.0", "!gpa-version: 1.1", "##", "|"]
)  # fmt: skip
LINES = st.lists(st.lists(TOKENS, max_size=18).map("\t".join), max_size=8).map("\n".join)


def table_or_sentence(path: Path) -> None:
    try:
        table = read_annotations(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert len(table) and not table.isna().any().any()
        assert table["evidence"].isin(EXPERIMENTAL).sum() <= len(table)


@settings(max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_any_bytes_give_a_table_or_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(content)
    table_or_sentence(path)


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(header=st.sampled_from(["", "!gaf-version: 2.1\n", "!gpad-version: 2.0\n", EGGNOG_1, EGGNOG_2]), text=LINES)
def test_any_lines_give_a_table_or_one_sentence(tmp_path: Path, header: str, text: str) -> None:
    table_or_sentence(written(tmp_path, header + text))


@settings(max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(TOKENS, min_size=15, max_size=17).map("\t".join), min_size=1, max_size=6))
def test_any_fields_of_a_gaf_give_a_table(tmp_path: Path, rows: list[str]) -> None:
    table_or_sentence(written(tmp_path, "!gaf-version: 2.1\n" + "\n".join(rows) + "\n"))
