import gzip
import logging
from pathlib import Path

import pytest

from genessl.data.annotations import EXPERIMENTAL, KNOWN_CODES, read_gaf
from genessl.errors import InputError

ROW = {
    "db": "UniProtKB",
    "gene": "P12345",
    "symbol": "TFC3",
    "qualifier": "",
    "term": "GO:0003674",
    "reference": "PMID:1",
    "evidence": "IDA",
    "with_from": "",
    "aspect": "F",
    "name": "",
    "synonyms": "TFC3|YAL001C",
    "type": "protein",
    "taxon": "taxon:559292",
    "date": "20160813",
    "assigned_by": "SGD",
    "extension": "",
    "form": "",
}


def row(columns: int = 17, **changed: str) -> str:
    return "\t".join(list({**ROW, **changed}.values())[:columns]) + "\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "genes.gaf"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_becomes_one_tidy_row(tmp_path: Path) -> None:
    text = "!gaf-version: 2.1\n" + row(with_from="InterPro:IPR000001|InterPro:IPR000002")
    table = read_gaf(written(tmp_path, text))
    assert table.iloc[0].to_dict() == {
        "line": 2,
        "gene": "P12345",
        "symbol": "TFC3",
        "qualifier": "",
        "negated": False,
        "term": "GO:0003674",
        "evidence": "IDA",
        "with_from": "InterPro:IPR000001|InterPro:IPR000002",
        "aspect": "F",
        "synonyms": "TFC3|YAL001C",
        "date": 20160813,
        "assigned_by": "SGD",
    }


@pytest.mark.parametrize("columns", [15, 16, 17])
def test_formats_from_1_0_to_2_2_with_or_without_header_give_the_same_table(tmp_path: Path, columns: int) -> None:
    bare = read_gaf(written(tmp_path, row(columns)))
    headed = read_gaf(written(tmp_path, "!CVS Version: Revision: 1.1253 $\n!\n\n" + row(columns)))
    whole = read_gaf(written(tmp_path, row(17)))
    assert bare.equals(whole)
    assert headed.drop(columns="line").equals(whole.drop(columns="line"))
    assert headed["line"].tolist() == [4]


@pytest.mark.parametrize(
    ("raw", "qualifier", "negated"),
    [
        ("", "", False),
        ("NOT", "", True),
        ("NOT|enables", "enables", True),
        ("enables", "enables", False),
        ("contributes_to|NOT", "contributes_to", True),
        ("NOT|acts_upstream_of|part_of", "acts_upstream_of|part_of", True),
        ("colocalizes_with|contributes_to", "colocalizes_with|contributes_to", False),
        ("NOTABLE", "NOTABLE", False),
    ],
)
def test_not_is_told_apart_from_the_other_qualifiers(tmp_path: Path, raw: str, qualifier: str, negated: bool) -> None:
    table = read_gaf(written(tmp_path, row(qualifier=raw)))
    assert (table["qualifier"][0], bool(table["negated"][0])) == (qualifier, negated)


@pytest.mark.parametrize("taxon", ["taxon:4932", "559292", "taxon:559292|taxon:4932", ""])
def test_no_row_is_lost_for_its_taxon(tmp_path: Path, taxon: str) -> None:
    assert len(read_gaf(written(tmp_path, row(taxon=taxon)))) == 1


def test_unusual_evidence_codes_are_kept_as_they_are(tmp_path: Path) -> None:
    table = read_gaf(written(tmp_path, row(evidence="NO_MAPPING") + row(evidence="IKR")))
    assert table["evidence"].tolist() == ["NO_MAPPING", "IKR"]
    assert "NO_MAPPING" not in KNOWN_CODES
    assert {"IKR", "IRD", "IGC", "IEA", "ND"} <= KNOWN_CODES - EXPERIMENTAL
    assert len(EXPERIMENTAL) == 13


def test_unreadable_dates_are_zero_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dates = ["20160229", "20150229", "2016-08-13", "", "20161301", "2016-0813", "2016-8-3"]
    with caplog.at_level(logging.WARNING):
        table = read_gaf(written(tmp_path, "".join(row(date=date) for date in dates)))
    assert table["date"].tolist() == [20160229, 0, 20160813, 0, 0, 0, 0]
    assert "5 of 7 rows have no date as YYYYMMDD or YYYY-MM-DD, such as '20150229'" in caplog.text


def test_rows_keep_their_order_and_repetitions(tmp_path: Path) -> None:
    genes = ["B", "A", "B", "B"]
    table = read_gaf(written(tmp_path, "".join(row(gene=gene) for gene in genes)))
    assert table["gene"].tolist() == genes
    assert table["line"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "!gaf-version: 2.1\n" + row() + row(14),
            r":3: found 14 tab-separated columns, expected the 15 to 17 of a GAF",
        ),
        ("<html>\n<body>\n", r":1: found a web page instead of the file"),
        (">a\nMK\n", r":1: found 1 tab-separated columns"),
        ("!gaf-version: 2.1\n!\n", r"genes.gaf: expected annotation rows, found comments only"),
        ("", r"genes.gaf: the file is empty"),
    ],
)
def test_what_is_no_gaf_ends_in_one_sentence_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_gaf(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_truncated_gzip_gives_no_partial_table(tmp_path: Path) -> None:
    path = tmp_path / "genes.gaf.gz"
    path.write_bytes(gzip.compress("".join(row(gene=f"G{k}") for k in range(2000)).encode())[:-9])
    with pytest.raises(InputError, match="compressed file is damaged"):
        read_gaf(path)
