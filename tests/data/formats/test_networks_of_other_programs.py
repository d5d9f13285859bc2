"""Networks as R, pandas, networkx, Cytoscape and other programs write them."""

from pathlib import Path

import pytest

from genessl.data.networks import read_network
from tests.data.formats.test_network_formats import PATH, UNWEIGHTED, expected_error, triples, written

NUMBERED = list(enumerate(PATH, start=1))


def numbered(row: str, header: str, *, step: int = 1, first: int = 1) -> str:
    return header + "".join(row.format(k=(k - 1) * step + first, a=a, b=b, w=w) + "\n" for k, (a, b, w) in NUMBERED)


@pytest.mark.parametrize(
    "text",
    [
        numbered('"{k}" "{a}" "{b}" {w}', '"V1" "V2" "V3"\n'),
        numbered("{k}\t{a}\t{b}\t{w}", "V1\tV2\tV3\n"),
        numbered('"{k}","{a}","{b}",{w}', '"","V1","V2","V3"\n'),
        numbered("{k},{a},{b},{w}", ",0,1,2\n", first=0),
        numbered("{k},{a},{b},{w}", "Unnamed: 0,Var1,Var2,Freq\n", first=0),
        numbered('"{k}" "{a}" "{b}" {w}', '"gene1" "gene2" "weight"\n', step=7),
        numbered("{k}\t{a}\t{b}\t{w}", "row\tcol\tcor\n", step=3, first=12),
    ],
)
def test_numbers_of_rows_are_no_names(tmp_path: Path, text: str) -> None:
    assert triples(read_network(written(tmp_path, text))) == PATH


@pytest.mark.parametrize(
    "text",
    [
        numbered('"{k}" "{a}" "{b}"', '"V1" "V2"\n'),
        numbered('"{k}","{a}","{b}"', '"","V1","V2"\n'),
        numbered('"{k}" "{a}" "{b}"', '"from" "to"\n', step=7),
    ],
)
def test_numbers_of_rows_are_no_names_where_edges_have_no_weight(tmp_path: Path, text: str) -> None:
    assert triples(read_network(written(tmp_path, text))) == UNWEIGHTED


def test_genes_that_are_numbers_are_not_taken_for_numbers_of_rows(tmp_path: Path) -> None:
    text = "gene1\tgene2\n672\t675\t0.5\n7157\t7158\t0.9\n"
    assert expected_error(written(tmp_path, text)).startswith(":2: found 3 columns, expected 2 as in the first line")


@pytest.mark.parametrize("weight", ["<0.5", "\N{MINUS SIGN}0.5", "0x10", "~ 1"])
def test_an_edge_with_an_odd_weight_is_no_header(tmp_path: Path, weight: str) -> None:
    message = expected_error(written(tmp_path, f"A\tB\t{weight}\nC\tD\t0.5\n"))
    assert message.startswith(f":1: found the weight '{weight}', expected a number of at least 0")


def test_an_edge_of_known_genes_is_no_header(tmp_path: Path) -> None:
    assert expected_error(written(tmp_path, "A\tB\tstrong\nB\tC\t0.5\n")).startswith(":1: found the weight 'strong'")
    assert triples(read_network(written(tmp_path, "A\tB\tscore\nB\tC\t0.5\n"))) == [("B", "C", 0.5)]


@pytest.mark.parametrize(
    ("weights", "found"),
    [(("1,200", "1,500"), ":1: found the weight '1,200'"), (("900", "1,200"), ":2: found the weight '1,200'")],
)
def test_a_comma_that_may_mark_thousands_is_refused(tmp_path: Path, weights: tuple[str, str], found: str) -> None:
    message = expected_error(written(tmp_path, f"A\tB\t{weights[0]}\nB\tC\t{weights[1]}\n"))
    assert message.startswith(f"{found}, whose comma may mark decimals or thousands")


def test_a_comma_that_marks_decimals_in_one_row_marks_them_in_all(tmp_path: Path) -> None:
    assert triples(read_network(written(tmp_path, "A;B;1,234\nB;C;0,532\n"))) == [("A", "B", 1.234), ("B", "C", 0.532)]


@pytest.mark.parametrize("weight", ["1e308", "1e39", "inf", "-1e300"])
def test_a_weight_beyond_all_measure_is_refused(tmp_path: Path, weight: str) -> None:
    message = expected_error(written(tmp_path, f"A\tB\t0.5\nB\tC\t{weight}\n"), sign="absolute")
    assert message.startswith(f":2: found the weight '{weight}', expected a number")
    assert "sign" not in message


@pytest.mark.parametrize("name", ["pvalue", "p.adj", "FDR", "P-Value", "distance", "euclidean_distance", "rank"])
def test_numbers_that_are_small_for_strong_edges_are_no_weights(tmp_path: Path, name: str) -> None:
    text = f"gene1\tgene2\t{name}\nA\tB\t1e-10\nB\tC\t0.5\n"
    message = expected_error(written(tmp_path, text))
    assert message.startswith(f":1: found '{name}', which is smaller for stronger edges")
    assert message.endswith("leave the weight out, as in `columns: [gene1, gene2]`")
    assert len(read_network(written(tmp_path, text), columns=["gene1", "gene2"])) == 2


def test_identifiers_of_publications_and_taxa_are_no_weights(tmp_path: Path) -> None:
    header = "PARTICIPANT_A\tINTERACTION_TYPE\tPARTICIPANT_B\tINTERACTION_PUBMED_ID\tTaxID\n"
    assert triples(read_network(written(tmp_path, f"{header}A\tbinds\tB\t1234567\t9606\n"))) == [("A", "B", 1.0)]


@pytest.mark.parametrize(
    ("text", "line", "number"),
    [
        ("7157 0.5 672\n672 0.7 675\n", 1, "0.5"),
        ("7157\t3\n672\t2.1\n675\t-1\n", 2, "2.1"),
        ("# SYN001\nSYN002 0.5\nSYN003 0.2\n", 2, "0.5"),
    ],
)
def test_a_decimal_number_names_no_gene(tmp_path: Path, text: str, line: int, number: str) -> None:
    message = expected_error(written(tmp_path, text))
    assert message.startswith(f":{line}: found '{number}' in column 2, expected the name of a gene;")


def test_a_header_may_be_a_comment_above_a_wide_table(tmp_path: Path) -> None:
    text = "# made by a program\n#geneA,geneB,id_a,id_b,score\n" + "".join(f"{a},{b},1,2,{w}\n" for a, b, w in PATH)
    assert triples(read_network(written(tmp_path, text))) == PATH


def test_only_numbers_make_a_matrix(tmp_path: Path) -> None:
    message = expected_error(written(tmp_path, "SYN001 SYN002 SYN003 SYN004\nSYN002 SYN003\nSYN003 SYN004\n"))
    assert "matrix" not in message
