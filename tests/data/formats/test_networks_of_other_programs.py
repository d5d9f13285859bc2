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


def test_two_columns_of_numbers_hold_no_numbers_of_rows(tmp_path: Path) -> None:
    text = "x y\n1 2\n2 3\n"
    assert triples(read_network(written(tmp_path, text))) == [("1", "2", 1.0), ("2", "3", 1.0)]
    assert triples(read_network(written(tmp_path, text), genes=["A", "B", "C"])) == [("A", "B", 1.0), ("B", "C", 1.0)]


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
    assert "leave the weight out, as in `columns: [gene1, gene2]`" in message
    assert len(read_network(written(tmp_path, text), columns=["gene1", "gene2"])) == 2
    assert read_network(written(tmp_path, text), columns=["gene1", "gene2", name])["weight"].max() == 0.5


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


@pytest.mark.parametrize("row", ["{a} {b} {data}", "{a}\t{b}\t{data}", "{a},{b},{data}"])
def test_an_edge_list_of_networkx(tmp_path: Path, row: str) -> None:
    for data in ("'weight': {w}", "'type': 'pp', 'weight': {w}", "'weight': np.float64({w})", "'score': {w}"):
        text = "".join(row.format(a=a, b=b, data="{" + data.format(w=w) + "}") + "\n" for a, b, w in PATH)
        assert triples(read_network(written(tmp_path, "# made\n" + text))) == PATH
    for data in ("{}", "{'type': 'pp'}"):
        text = "".join(row.format(a=a, b=b, data=data) + "\n" for a, b, _ in PATH)
        assert triples(read_network(written(tmp_path, text), "edges")) == UNWEIGHTED


def test_attributes_of_networkx_are_read_as_an_edge_table_is(tmp_path: Path) -> None:
    rows = ["A B {'weight': 0.5}", "B C {'weight': -0.5}", "C D {'weight': nan}", "D E {}"]
    path = written(tmp_path, "\n".join(rows))
    assert expected_error(path).startswith(":2: found the weight '-0.5', expected a number of at least 0; set `sign:")
    table = read_network(path, sign="positive")
    assert triples(table) == [("A", "B", 0.5)]
    assert table.attrs["losses"]["no weight"] == 2
    assert "found the attributes 'x', expected 'weight'" in expected_error(written(tmp_path, "A B {'x': 1}"))
    assert expected_error(written(tmp_path, "A B {}\nB C D {}\n")).startswith(
        ":2: found 'B C D {}', expected two nodes"
    )


def test_a_table_of_edges_of_cytoscape(tmp_path: Path) -> None:
    tabs = "".join(f"{k}\tpp\t{a} (pp) {b}\t{w}\n" for k, (a, b, w) in NUMBERED)
    assert triples(read_network(written(tmp_path, "SUID\tinteraction\tname\tweight\n" + tabs))) == PATH
    header = '"SUID","name","selected","shared interaction","shared name","stringdb::score"\n'
    quoted = "".join(f'"{k}","x","false","pp","{a} (pp) {b}","{w}"\n' for k, (a, b, w) in NUMBERED)
    assert triples(read_network(written(tmp_path, header + quoted), "edges")) == PATH
    assert triples(read_network(written(tmp_path, "name\tdegree\n" + "A (pp) B\t7\n"))) == [("A", "B", 1.0)]
    message = expected_error(written(tmp_path, "name\tx\nA (pp) B\t1\nA B\t1\n"))
    assert message.startswith(":3: found 'A B', expected the name of an edge as in 'A (pp) B'")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('<?xml version="1.0"?>\n<graphml xmlns="x">\n', "GraphML"),
        ('<?xml version="1.0"?>\n<gexf version="1.3">\n', "GEXF"),
        ('<?xml version="1.0"?>\n<entrySet level="2">\n', "PSI-MI XML"),
        ('<?xml version="1.0"?>\n<rdf:RDF xmlns:rdf="x">\n', "RDF, such as BioPAX"),
        ("graph [\n  node [\n    id 0\n", "GML"),
        ('Creator "igraph"\nVersion 1\ngraph\n[\n', "GML"),
        ('{"nodes": [{"id": "A"}], "links": []}', "JSON"),
        ('{\n  "elements": {\n', "JSON"),
        ('[["A", "B", 0.5]]', "JSON"),
        ("graph G {\n  A -- B;\n}\n", "DOT of Graphviz"),
        ('*Vertices 2\n1 "A"\n2 "B"\n*Edges\n1 2\n', "Pajek"),
        ("# made\nA 2\nB {}\nC {'weight': 1}\n", "an adjacency list of networkx"),
        ("weight (class=Double)\nA (pp) B = 0.5\n", "an attribute file of Cytoscape"),
        (">A some words\nMKV\n", "sequences in FASTA"),
        ("format-version: 1.2\n\n[Term]\nid: X:1\n", "an ontology in OBO"),
        ("!gaf-version: 2.1\nSGD\tS1\n", "annotations in GAF"),
        ("#string_protein_id\talias\tsource\n9.A\tP1\tUniProt_AC\n", "an alias table of STRING"),
        ("#string_protein_id\tpreferred_name\tprotein_size\n9.A\tA\t7\n", "STRING's table of protein names"),
    ],
)
def test_what_is_no_network_is_refused_by_name(tmp_path: Path, text: str, kind: str) -> None:
    message = expected_error(written(tmp_path, text))
    assert message.startswith(f":1: found {kind}, expected a network as one of: STRING links, STRING web export")


@pytest.mark.parametrize(
    "text",
    [
        "protein1,protein2,combined_score\nA,B,150\nB,C,999\n",
        '"protein1" "protein2" "combined_score"\n"1" "A" "B" 150\n"2" "B" "C" 999\n',
        "Protein1\tProtein2\tCombined_score\nA\tB\t150\nB\tC\t999\n",
    ],
)
def test_scores_of_string_are_thousandths_in_any_table(tmp_path: Path, text: str) -> None:
    assert triples(read_network(written(tmp_path, text))) == [("A", "B", 0.15), ("B", "C", 0.999)]
    assert len(read_network(written(tmp_path, text), min_score=0.7)) == 1


def test_single_quotes_around_all_cells_are_no_part_of_names(tmp_path: Path) -> None:
    assert triples(read_network(written(tmp_path, "'A','B',0.5\n'B','C',0.4\n"))) == [("A", "B", 0.5), ("B", "C", 0.4)]


@pytest.mark.parametrize(
    ("confidence", "weight"),
    [("0.76", 0.76), ("0.417|0.458", 0.417), ("mint-score:0.3(x)", 0.3), ("dip-quality-status:core", 1), ("-", 1)],
)
def test_scores_of_psi_mitab(tmp_path: Path, confidence: str, weight: float) -> None:
    row = ["uniprotkb:P1", "uniprotkb:P2", *["-"] * 7, "taxid:9", "taxid:9", "-", "-", "-", confidence]
    assert triples(read_network(written(tmp_path, "\t".join(row) + "\n"))) == [("P1", "P2", weight)]


def test_psi_mitab_saved_by_a_spreadsheet(tmp_path: Path) -> None:
    row = ["uniprotkb:P1", '"uniprotkb:P2"', *["-"] * 7, "taxid:9", "taxid:9", "-", "-", "-", "-"]
    assert triples(read_network(written(tmp_path, "\t".join(row) + "\n"))) == [("P1", "P2", 1.0)]


@pytest.mark.parametrize("text", ["gene1\tgene2\tweight\n", "protein1 protein2 combined_score\n"])
def test_a_header_alone_is_no_network(tmp_path: Path, text: str) -> None:
    assert expected_error(written(tmp_path, text)).startswith(": expected edges, found none below the first lines")


def test_a_file_without_channels_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "protein1 protein2 combined_score\nA B 500\n")
    message = expected_error(path, channels=["experimental"])
    assert message.startswith(": found 'experimental' in `channels`, but the file has no channels; give one that has")
