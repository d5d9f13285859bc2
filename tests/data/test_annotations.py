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
    text = row(with_from="InterPro:IPR000001|InterPro:IPR000002", name="transcription factor")
    table = read_gaf(written(tmp_path, "!gaf-version: 2.1\n" + text))
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
        "name": "transcription factor",
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


def test_a_date_long_after_today_is_no_date(tmp_path: Path) -> None:
    table = read_gaf(written(tmp_path, row(date="20160229") + row(date="29160229") + row(date="9999-12-31")))
    assert table["date"].tolist() == [20160229, 0, 0]


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


# ------------------------------------------------------------------------------------------------ what is mended


def test_rows_without_an_identifier_have_each_their_own_symbol(tmp_path: Path) -> None:
    rows = [row(gene="G1", symbol="sym1", synonyms="")]
    rows += [row(gene="", symbol=symbol, synonyms="") for symbol in ("G9", "sym10", "G9")]
    table = read_gaf(written(tmp_path, "".join(rows)))
    assert table["gene"].tolist() == ["G1", "G9", "sym10", "G9"]
    assert table.attrs["repairs"] == {"rows without an object identifier, named by symbol or synonyms": 3}


def test_a_symbol_that_one_other_object_has_names_that_object(tmp_path: Path) -> None:
    rows = [row(gene="G1", symbol="sym1"), row(gene="G2", symbol="twin"), row(gene="G3", symbol="twin")]
    rows += [row(gene="", symbol="sym1"), row(gene="", symbol="twin")]
    assert read_gaf(written(tmp_path, "".join(rows)))["gene"].tolist() == ["G1", "G2", "G3", "G1", "twin"]


def test_rows_without_identifier_and_symbol_have_their_synonyms_or_nothing(tmp_path: Path) -> None:
    rows = [row(gene="-", symbol="-", synonyms=words) for words in ("G1|x", "G2|x", "", "-")]
    table = read_gaf(written(tmp_path, "".join(rows)))
    assert table["gene"].tolist() == ["G1|x", "G2|x", "", ""]


@pytest.mark.parametrize("name", ["NA", "null", "nan", "None", "N/A"])
def test_a_gene_may_be_called_like_a_placeholder(tmp_path: Path, name: str) -> None:
    genes = [row(gene=name, symbol="sym1"), row(gene=name, symbol="sym1"), row(gene="G2", symbol=name)]
    assert read_gaf(written(tmp_path, "".join(genes)))["gene"].tolist() == [name, name, "G2"]
    several = [row(gene=name, symbol=f"sym{k}") for k in range(3)]
    assert read_gaf(written(tmp_path, "".join(several)))["gene"].tolist() == ["sym0", "sym1", "sym2"]


def test_spaces_around_fields_are_cut_and_counted(tmp_path: Path) -> None:
    spaced = row(gene="P12345 ", term=" GO:0003674", evidence="IDA ", aspect="F ", qualifier=" NOT", date="20160813 ")
    table = read_gaf(written(tmp_path, spaced + row() + row(synonyms="TFC3|YAL001C\u00a0")))
    plain = read_gaf(written(tmp_path, row(qualifier="NOT") + row() + row()))
    assert table.equals(plain)
    assert table.attrs["repairs"] == {"rows with spaces around a field, which were cut": 2}
    assert plain.attrs["repairs"] == {}


def test_lower_case_codes_terms_aspects_and_not_are_mended_and_counted(tmp_path: Path) -> None:
    lower = row(evidence="ida", term="go:0003674", aspect="f", qualifier="not|enables")
    others = row(evidence="ECO:0000314", term="http://purl.obolibrary.org/obo/GO_0003674", qualifier="NOT enables")
    table = read_gaf(written(tmp_path, lower + others + row(qualifier="NOT|enables")))
    right = read_gaf(written(tmp_path, row(qualifier="NOT|enables") * 3))
    assert table.equals(right)
    assert table.attrs["repairs"] == {
        "rows with a GO identifier written in another way": 2,
        "rows with an evidence code in lower case or of ECO": 2,
        "rows with an aspect in lower case": 1,
        "rows with a NOT in lower case or other separators of qualifiers": 2,
    }


def test_what_is_mended_is_told_once_for_each_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read_gaf(written(tmp_path, row(evidence="ida") * 5))
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "5 rows with an evidence code in lower case or of ECO"
    ]


def test_malformed_terms_and_unknown_codes_are_kept_as_they_are(tmp_path: Path) -> None:
    table = read_gaf(written(tmp_path, row(term="GO:123") + row(term="GO: 0003674") + row(evidence="no_mapping")))
    assert table["term"].tolist() == ["GO:123", "GO: 0003674", "GO:0003674"]
    assert table["evidence"].tolist()[2] == "no_mapping"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2020-01-01", 20200101), ("2020/01/01", 20200101), ("2020.01.01", 20200101), ("20200101T00:00:00", 20200101),
        ("2020-01-01T12:30:00Z", 20200101), ("2020-01-01 12:30", 20200101), ("1-Jan-2020", 20200101),
        ("31 December 2020", 20201231), ("01/02/2020", 0), ("2020", 0), ("2020-02-30", 0), ("1-Foo-2020", 0), ("0", 0),
    ],
)  # fmt: skip
def test_dates_with_the_year_first_or_the_month_by_name_are_dates(tmp_path: Path, text: str, number: int) -> None:
    assert read_gaf(written(tmp_path, row(date=text)))["date"].tolist() == [number]


def test_a_row_of_column_names_is_skipped_and_counted(tmp_path: Path) -> None:
    table = read_gaf(written(tmp_path, row(db="DB", gene="DB Object ID", term="GO ID") + row()))
    assert table["gene"].tolist() == ["P12345"]
    assert table.attrs["repairs"] == {"header rows, which were skipped": 1}


def test_latin_1_is_read_with_the_line_of_its_first_byte(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "genes.gaf"
    path.write_bytes((row() * 50 + row(name="prot\u00e9ine", synonyms="prot\u00e9ine")).encode("latin-1"))
    with caplog.at_level(logging.WARNING):
        table = read_gaf(path)
    assert f"{path}:51: byte 0xe9" in caplog.text
    assert table["synonyms"].tolist()[50] == "prot\u00e9ine"


def test_a_truncated_gzip_gives_no_partial_table(tmp_path: Path) -> None:
    path = tmp_path / "genes.gaf.gz"
    path.write_bytes(gzip.compress("".join(row(gene=f"G{k}") for k in range(2000)).encode())[:-9])
    with pytest.raises(InputError, match="compressed file is damaged"):
        read_gaf(path)
