"""Networks as people have them: every layout gives the edges that a person would read, or one sentence."""

import logging
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genessl.data.aliases import AliasTable
from genessl.data.formats.networks.edge_columns import split_line
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.networks import OTHER_ORGANISM, check_network, read_network, resolve_nodes
from genessl.errors import InputError
from tests.file_examples import TEXTS

Triples = list[tuple[str, str, float]]
PATH = [(f"SYN00{k}", f"SYN00{k + 1}", k / 10) for k in range(1, 6)]
UNWEIGHTED = [(a, b, 1.0) for a, b, _ in PATH]


def written(folder: Path, text: str) -> Path:
    path = folder / "network.txt"
    path.write_text(text, encoding="utf-8")
    return path


def triples(table: pd.DataFrame) -> Triples:
    return [(a, b, round(float(w), 6)) for a, b, w in zip(table["a"], table["b"], table["weight"])]


def lost(table: pd.DataFrame) -> dict[str, int]:
    return {reason: count for reason, count in table.attrs["losses"].items() if count}


def rows(row: str, header: str = "") -> str:
    return header + "".join(row.format(a=a, b=b, w=w) + "\n" for a, b, w in PATH)


def expected_error(path: Path, format: str | None = None, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read_network(path, format, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize("format", [None, "edges"])
@pytest.mark.parametrize(
    "text",
    [
        rows("{a}\t{b}\t{w}"),
        rows("{a}  {b}   {w} "),
        rows("{a}, {b}, {w}"),
        rows("{a};{b};{w}"),
        rows('"{a}"\t"{b}"\t{w}'),
        rows('"{a}" "{b}" {w}'),
        rows("{a}\t\t{b}\t{w}\t"),
        rows("{a}\t{b}\t{w}", "%% made by a program\n# gene1\tgene2\n"),
        rows("{a}\t{b}\t{w}", "protein1\tprotein2\tconfidence\n"),
        rows("{a}\t{b}\t{w}", "left\tright\tsomething\n"),
        rows("{a},{b},{w}", "source,target,weight\n"),
        rows("{a}\t{b}\t{w}", "Gene_A\tGene_B\tWeight\n"),
        rows("{w},{a},{b}", "weight,source,target\n"),
        rows("{a},{b},undirected,7,,{w}", "Source,Target,Type,Id,Label,Weight\n"),
        rows("0,{a},{b},{w}", ",gene1,gene2,score\n"),
        rows("{a}\tpp\t{b}\t{w}\t3.5", "from\tinteraction\tto\tcombined_score\tdistance\n"),
        rows("{a} {b} {w}").replace("0.", "0,"),
        rows('"{a}","{b}","{w}"').replace("0.", "0,"),
        rows("{a};{b};{w}", "a_id;b_id;Korrelation\n").replace("0.", "0,"),
    ],
)
def test_a_weighted_edge_table_is_read_in_any_layout(tmp_path: Path, text: str, format: str | None) -> None:
    assert triples(read_network(written(tmp_path, text), format)) == PATH


@pytest.mark.parametrize("format", [None, "edges"])
@pytest.mark.parametrize(
    "text",
    [
        rows("{a}\t{b}"),
        rows("{a}\t{b}", "source\ttarget\n"),
        rows("{a},{b}", "bait,prey\n"),
        rows("{a} {b}", "left right\n"),
        rows('"{a}","{b}"', '"protein1","protein2"\n'),
        rows("{a} pp {b}"),
        rows("{a}\tinteracts with\t{b}"),
        rows("{a}\tknown_to_meet\t{b}"),
        "SYN009\n" + rows("{a} pp {b}"),
        rows("{a}\tpp\t{b}", "source\tinteraction\ttarget\n"),
        rows("{a}\t{b}\tbinding\tyes", "node1\tnode2\tkind\tchecked\n"),
    ],
)
def test_an_edge_table_without_weights_is_read_in_any_layout(tmp_path: Path, text: str, format: str | None) -> None:
    assert triples(read_network(written(tmp_path, text), format)) == UNWEIGHTED


def test_row_names_as_r_writes_them_are_no_names_of_genes(tmp_path: Path) -> None:
    text = '"from" "to" "weight"\n' + "".join(f'"{k}" "{a}" "{b}" {w}\n' for k, (a, b, w) in enumerate(PATH, start=1))
    assert triples(read_network(written(tmp_path, text))) == PATH
    text = '"x" "y"\n' + "".join(f'"{k}" "{a}" "{b}"\n' for k, (a, b, _) in enumerate(PATH, start=1))
    columns = ["x", "y"]
    assert triples(read_network(written(tmp_path, text), columns=columns)) == UNWEIGHTED


def test_names_of_numbers_are_names(tmp_path: Path) -> None:
    assert triples(read_network(written(tmp_path, "7001\t7002\n7002\t7003\n"))) == [
        ("7001", "7002", 1.0),
        ("7002", "7003", 1.0),
    ]
    assert triples(read_network(written(tmp_path, "7001,7002,3\n"))) == [("7001", "7002", 3.0)]
    assert triples(read_network(written(tmp_path, "1e5 2_1 0.5\n"))) == [("1e5", "2_1", 0.5)]


@pytest.mark.parametrize(
    "text",
    [
        "A B\nC D\n",
        "abc1 abc2\nabc3 abc4\n",
        "YAL001C YBR123C\nYDR362C YDR381W\n",
        "7001 7002\n",
        "gene1 gene2\ngene2 x\n",
    ],
)
def test_an_edge_that_looks_like_the_others_is_no_header(tmp_path: Path, text: str) -> None:
    assert len(read_network(written(tmp_path, text))) == text.count("\n")


def test_what_is_read_as_a_header_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        read_network(written(tmp_path, rows("{a},{b},{w},x", "gene_a,gene_b,score,note\n")))
    assert (
        ":1: 'gene_a,gene_b,score,note' is read as a header; edges go from 'gene_a' to 'gene_b', weighed" in caplog.text
    )
    assert "network.txt: read as Edge table" in caplog.text


def test_quotes_within_a_name_belong_to_it() -> None:
    assert split_line("5'-NT\tB\"\t0.5", "\t") == ["5'-NT", 'B"', "0.5"]
    assert split_line('"A\tB\t0.5', "\t") == ['"A', "B", "0.5"]
    assert split_line('"A, B","say ""C""",1', ",") == ["A, B", 'say "C"', "1"]


@pytest.mark.parametrize(
    ("text", "losses"),
    [
        ("SYN001\tSYN002\t0.5\nSYN003\t\t0.5\n", {"no name of a gene": 1}),
        ("SYN001,SYN002,0.5\n,SYN003,0.5\nSYN001,SYN004,\n", {"no name of a gene": 1, "no weight": 1}),
        ("SYN001\tSYN002\t0.5\nSYN007\tSYN008\tNaN\n", {"no weight": 1}),
        ("SYN007 SYN008 NA\nSYN001 SYN002 0.5\nSYN007 SYN008 nan\n", {"no weight": 2}),
        ("SYN001;SYN002;0,5\nSYN007;SYN008;n/a\n", {"no weight": 1}),
    ],
)
def test_rows_without_a_name_or_a_weight_are_counted(
    tmp_path: Path, text: str, losses: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    table = read_network(written(tmp_path, text), "edges")
    assert triples(table) == [("SYN001", "SYN002", 0.5)]
    assert lost(table) == losses
    for reason, count in losses.items():
        assert f"network.txt: {count} edges are left out: {reason}" in caplog.text


def test_negative_weights_need_a_meaning(tmp_path: Path) -> None:
    path = written(tmp_path, "x\ty\tcorrelation\nA\tB\t0.5\nB\tC\t-0.4\nC\tD\tNA\n")
    assert "found the weight '-0.4', expected a number of at least 0; set `sign: absolute`" in expected_error(path)
    absolute, positive = (read_network(path, sign=sign) for sign in ("absolute", "positive"))
    assert triples(absolute) == [("A", "B", 0.5), ("B", "C", 0.4)]
    assert triples(positive) == [("A", "B", 0.5)]
    assert (lost(absolute), lost(positive)) == ({"no weight": 1}, {"no weight": 1, "negative weight": 1})
    genes = ["A", "B", "C"]
    signed = written(tmp_path, "1 2 -0.5\n")
    assert triples(read_network(signed, "indexed_edges", genes=genes, sign="absolute")) == [("A", "B", 0.5)]
    with pytest.raises(InputError, match="sign: found 'both', expected one of absolute, positive"):
        read_network(path, sign="both")
    links = written(tmp_path, "protein1 protein2 combined_score\nA B 1\n")
    assert "found sign for the format string" in expected_error(links, sign="absolute")


WIDE = "SYN001\t3\tpp\tSYN002\t0.5\t1e-5\nSYN002\t4\tpp\tSYN003\t0.25\t1e-9\n"


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("", [1, 4, 5]),
        ("p\tn\tkind\tq\tscaled score\tpvalue\n", ["p", "q", "scaled score"]),
        ("#p\tn\tkind\tq\tscaled score\tpvalue\n", ["p", "q", "scaled score"]),
        ("p\tn\tkind\tq\tscaled score\tpvalue\n", [1, 4, 5]),
        ("p\tn\tkind\tq\tscaled score\tpvalue\n", ["p", 4, "scaled score"]),
    ],
)
def test_columns_are_chosen_by_name_or_number(tmp_path: Path, header: str, columns: list[str | int]) -> None:
    path = written(tmp_path, header + WIDE)
    chosen = read_network(path, columns=columns)
    assert triples(chosen) == [("SYN001", "SYN002", 0.5), ("SYN002", "SYN003", 0.25)]
    assert triples(read_network(path, "edges", columns=columns[:2]))[0] == ("SYN001", "SYN002", 1.0)


def test_columns_read_any_table(tmp_path: Path) -> None:
    path = written(tmp_path, BIOGRID)
    columns = ["Entrez Gene Interactor A", "Entrez Gene Interactor B"]
    assert triples(read_network(path, columns=columns))[0] == ("9001", "9002", 1.0)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["p", "q"], ":1: expected the column 'p' of `columns`, found 'SYN001', '3', 'pp', 'SYN002', '0.5', '1e-5'"),
        ([1, 9], ":1: found 6 columns, expected the column 9 of `columns`"),
        ([1, 4, 3], ":1: found 6 columns, expected two names"),
    ],
)
def test_columns_that_are_not_there_are_named(tmp_path: Path, columns: list[str | int], message: str) -> None:
    path = written(tmp_path, WIDE)
    if columns == [1, 4, 3]:  # no weight in any row: the first is taken for a header, the second refused
        assert ":2: found the weight 'pp'" in expected_error(path, columns=columns)
    else:
        assert expected_error(path, columns=columns).startswith(message)


@pytest.mark.parametrize("columns", [[1], [1, 1], ["a"], [0, 1], "ab", [1, 2, 3, 4], [1.5, 2], [True, 2], {"a": 1}])
def test_a_senseless_choice_of_columns_is_refused(tmp_path: Path, columns: list[str | int]) -> None:
    with pytest.raises(InputError, match=r"columns: found .*, expected two or three columns"):
        read_network(written(tmp_path, "A B 1\n"), columns=columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SYN001\tSYN002\t0.5\t1e-5\n", ":1: found 4 columns, expected two names and perhaps a weight, in 'SYN001',"),
        ("g\th\tx\ty\nA\tB\t1\t2\n", ":1: found 4 columns, expected two names and perhaps a weight, in 'g', 'h',"),
        ("gene1,gene2,x,y\nA,B,1,2\n", ":1: found numbers in the columns 'x', 'y', any of which may be the weight;"),
        ("SYN001 SYN002 strong\nSYN002 SYN003 weak\n", ":1: found 'strong' in the third column, expected a weight;"),
        ("A,B,0.5\nB,C,high\n", ":2: found the weight 'high', expected a number of at least 0"),
        ("A;B;0,5\nB;C;0.7\n", ":2: found the weight '0.7' among weights with decimal commas; write all alike"),
        ("A B 0.5\nB C 0,7\n", ":1: found the weight '0.5' among weights with decimal commas; write all alike"),
        ("A,B,0.5\nB,C,0,7\n", ":2: found 4 columns, expected 3 as in the first line"),
        ("A B\nB C 0.7\n", ":2: found 3 columns, expected 2 as in the first line"),
        ('"A","B"\n"A","B","C"\n', ":2: found 3 columns, expected 2 as in the first line"),
        (
            "\tA\tB\tC\nA\t1\t.2\t.3\nB\t.2\t1\t.4\nC\t.3\t.4\t1\n",
            ":1: found a matrix with a row and a column for each",
        ),
        ("gene,A,B,C\nA,1,.2,.3\nB,.2,1,.4\nC,.3,.4,1\n", ":1: found a matrix with a row and a column for each"),
        (
            "%%MatrixMarket matrix coordinate real symmetric\n3 3 1\n1 2 0.5\n",
            ":1: found a Matrix Market file, ",
        ),
        (">sp|P1|A\nMKV\n", ":1: found sequences in FASTA, expected a network as one of: STRING links, STRING web"),
        ("# nothing\n%\n", ": expected edges, found blank lines or comments only"),
        ("A\tB\t1\n" + "x\t" * 2000 + "\n", ":2: found over 1000 columns, expected one edge a line"),
        ("A pp B\nB pp C\nC pp\n", ":3: found 2 words, expected a node, the type of its interaction"),
    ],
)
def test_a_table_that_leaves_something_open_ends_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    assert expected_error(written(tmp_path, text)).startswith(message)


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("SYN001 pp SYN002 SYN003\nSYN002 pp SYN003 SYN004\n", 4),
        ("7001\tpp\t7002\n7002\tpp\t7003\n", 2),
        ("7001 meets 7002\n7002 meets 7003\n7003 meets 7004\n", 3),
        ("a gene\tinteracts with\tanother gene\n", 1),
        ("A pp B\n\nC pd D E\nF\n", 3),
    ],
)
def test_sif_is_recognised_also_where_edges_are_named(tmp_path: Path, text: str, edges: int) -> None:
    path = written(tmp_path, text)
    for format in (None, "edges", "sif"):
        table = read_network(path, format)
        assert (len(table), set(table["weight"])) == (edges, {1.0})
        assert not {"pp", "pd", "meets", "interacts with"} & {*table["a"], *table["b"]}


@pytest.mark.parametrize("text", ["TF1 G1 0.5\nTF1 G2 0.25\n", "A hub 1\nB hub 1\nC hub 2\n", "1 9 2\n2 9 1\n3 9 2\n"])
def test_an_edge_list_that_resembles_sif_keeps_its_weights(tmp_path: Path, text: str) -> None:
    assert read_network(written(tmp_path, text))["weight"].tolist() == [
        float(line.split()[2]) for line in text.splitlines()
    ]


CHANNELS = "coexpression\texperimentally_determined_interaction\tautomated_textmining\tcombined_score"
EXPORTS = [
    f"#node1\tnode2\tnode1_string_id\tnode2_string_id\t{CHANNELS}",
    f"node1\tnode2\tnode1_string_internal_id\tnode2_string_internal_id\tnode1_external_id\tnode2_external_id\t{CHANNELS}",
    f"#node1\tnode2\tnode1_accession\tnode2_accession\tnode1_annotation\tnode2_annotation\t{CHANNELS}",
    "stringId_A\tstringId_B\tpreferredName_A\tpreferredName_B\tncbiTaxonId\tscore\tnscore\tescore",
]


def export(header: str, scores: str = "0.73") -> str:
    cells = {"node1": "abc1", "node2": "abc2", "preferredName_A": "abc1", "preferredName_B": "abc2", "ncbiTaxonId": "1"}
    cells |= {"node1_string_id": "1.SYN001", "node1_external_id": "1.SYN001", "node1_accession": "1.SYN001"}
    cells |= {"node2_string_id": "1.SYN002", "node2_external_id": "1.SYN002", "node2_accession": "1.SYN002"}
    cells |= {"stringId_A": "1.SYN001", "stringId_B": "1.SYN002", "combined_score": scores, "score": scores}
    return header + "\n" + "\t".join(cells.get(name.lstrip("#"), "0.2") for name in header.split("\t")) + "\n"


@pytest.mark.parametrize("header", EXPORTS)
@pytest.mark.parametrize("format", [None, "string", "string_export"])
def test_every_export_of_string_is_read(tmp_path: Path, header: str, format: str | None) -> None:
    table = read_network(written(tmp_path, export(header)), format)
    assert triples(table) == [("1.SYN001", "1.SYN002", 0.73)]
    assert table.attrs["alternatives"] == {"1.SYN001": ("abc1",), "1.SYN002": ("abc2",)}


def test_an_export_of_string_combines_channels_and_refuses_thousandths(tmp_path: Path) -> None:
    path = written(tmp_path, export(EXPORTS[0]))
    assert triples(read_network(path, channels=["coexpression"])) == [("1.SYN001", "1.SYN002", 0.2)]
    assert "found 'fusion' in `channels`, expected some of automated_textmining, coex" in expected_error(
        path, channels=["fusion"]
    )
    assert ":2: found the score 730, expected one from 0 to 1" in expected_error(
        written(tmp_path, export(EXPORTS[0], "730"))
    )


@pytest.mark.parametrize("score", ["0.73", "1200"])
def test_links_of_string_with_changed_scores_are_refused(tmp_path: Path, score: str) -> None:
    path = written(tmp_path, f"protein1 protein2 combined_score\nA B {score}\n")
    assert f":2: found the score '{score}', expected a whole number up to 1000" in expected_error(path)
    assert triples(read_network(path, "edges")) == [("A", "B", float(score))]


TAB3 = [
    "#BioGRID Interaction ID",
    *(f"{name} Interactor {end}" for name in ("Entrez Gene", "Systematic Name", "Official Symbol") for end in "AB"),
    *(f"Synonyms Interactor {end}" for end in "AB"),
    "Experimental System Type",
    *(f"Organism ID Interactor {end}" for end in "AB"),
    "Score",
    *(f"SWISS-PROT Accessions Interactor {end}" for end in "AB"),
]


def biogrid(*edges: tuple[str, str], columns: list[str] = TAB3) -> str:
    """Rows of BioGRID, each end given as systematic name, symbol, Entrez, Swiss-Prot, synonyms and organism."""
    names = ("Systematic Name", "Official Symbol", "Entrez Gene", "SWISS-PROT Accessions", "Synonyms", "Organism ID")
    lines = ["\t".join(columns)]
    for a, b in edges:
        cells = {f"{n} Interactor A": x for n, x in zip(names, a.split())}
        cells |= {f"{n} Interactor B": x for n, x in zip(names, b.split())}
        cells |= {f"Organism Interactor {end}": cells[f"Organism ID Interactor {end}"] for end in "AB"}
        cells |= {"Experimental System Type": "physical"}
        lines.append("\t".join(cells.get(column, "-") for column in columns))
    return "\n".join(lines) + "\n"


BIOGRID = biogrid(
    ("SYN001 abcA 9001 Q90001 a1|a2 9", "SYN002 abcB 9002 Q90002 - 9"),
    ("SYNX03 abcC 9003 Q90003 - 9", "- abcD 9004 Q90004 - 9"),
    ("SYNX05 - 9005 - - 9", "- abcA 8001 Q80001 - 7"),
    ("- - - - - 9", "SYN001 abcA 9001 Q90001 a1|a2 9"),
)


@pytest.mark.parametrize("format", [None, "biogrid"])
def test_biogrid_keeps_all_names_of_a_gene(tmp_path: Path, format: str | None) -> None:
    table = read_network(written(tmp_path, BIOGRID), format)
    assert triples(table) == [("SYN001", "SYN002", 1.0), ("SYNX03", "abcD", 1.0), ("SYNX05", "abcA", 1.0)]
    assert lost(table) == {"no name of a gene": 1}
    assert table.attrs["alternatives"]["SYN001"] == ("abcA", "Q90001", "9001", "a1", "a2")
    assert table.attrs["alternatives"]["abcD"] == ("abcD", "Q90004", "9004")
    assert table.attrs["organisms"]["abcA"] == "7"


def test_the_older_tables_of_biogrid_are_read_by_their_headers(tmp_path: Path) -> None:
    tab2 = [name.replace("Organism ID", "Organism") for name in TAB3 if "SWISS" not in name]
    text = biogrid(("SYN001 abcA 9001 Q90001 a1|a2 9", "- abcB 9002 Q90002 - 9"), columns=tab2)
    table = read_network(written(tmp_path, text))
    assert triples(table) == [("SYN001", "abcB", 1.0)]
    assert table.attrs["alternatives"] == {"SYN001": ("abcA", "9001", "a1", "a2"), "abcB": ("abcB", "9002")}
    assert table.attrs["organisms"] == {"SYN001": "9", "abcB": "9"}
    tab1 = (
        "All data were gathered by hand.\n\nNotes follow.\n"
        "INTERACTOR_A\tINTERACTOR_B\tOFFICIAL_SYMBOL_A\tOFFICIAL_SYMBOL_B\tALIASES_FOR_A\tALIASES_FOR_B\t"
        "EXPERIMENTAL_SYSTEM\tSOURCE\tPUBMED_ID\tORGANISM_A_ID\tORGANISM_B_ID\n"
        "SYN001\tSYN002\tabcA\tabcB\ta1|a2\tN/A\tTwo-hybrid\tX (2000)\t1\t9\t9\n"
    )
    assert triples(read_network(written(tmp_path, tab1))) == [("SYN001", "SYN002", 1.0)]
    assert ":4: found no column 'Experimental System Type'" in expected_error(
        written(tmp_path, tab1), channels=["physical"]
    )


MITAB_HEADER = (
    "#ID(s) interactor A\tID(s) interactor B\tAlt. ID(s) interactor A\tAlt. ID(s) interactor B\t"
    + "\t".join(f"column {k}" for k in range(5, 43))
)


def mitab(*rows: dict[int, str], width: int = 42, header: bool = True) -> str:
    lines = [MITAB_HEADER] if header else []
    lines += ["\t".join(row.get(k, "-") for k in range(1, width + 1)) for row in rows]
    return "\n".join(lines) + "\n"


INTACT = (
    {
        1: "uniprotkb:P90001", 2: "uniprotkb:P90002-2", 3: "intact:EBI-1|uniprotkb:Q8XXX1", 4: "intact:EBI-2",
        5: "psi-mi:abca_syn(display_long)|uniprotkb:abcA(gene name)|uniprotkb:a1(gene name synonym)",
        10: "taxid:9(syn)|taxid:9(Synthetic organism)", 11: "taxid:9(syn)",
        12: 'psi-mi:"MI:0915"(physical association)', 15: "author score:D|intact-miscore:0.37", 36: "false",
    },
    {
        1: "uniprotkb:P90003-PRO_0000012345", 2: "intact:EBI-9", 4: "flybase:\"FB:gn(1)\"|ensembl:SYN1",
        10: "taxid:9(syn)", 11: "taxid:9(syn)", 15: "-", 36: "false",
    },
    {1: "uniprotkb:P90001", 2: "uniprotkb:P90003", 10: "taxid:9", 11: "taxid:9", 15: "intact-miscore:0.9", 36: "true"},
    {1: "uniprotkb:P90001", 2: "-", 10: "taxid:9", 15: "intact-miscore:0.9", 36: "false"},
)  # fmt: skip


@pytest.mark.parametrize(("width", "header"), [(42, True), (42, False), (46, False), (36, False)])
def test_psi_mitab_of_intact(tmp_path: Path, width: int, header: bool) -> None:
    table = read_network(written(tmp_path, mitab(*INTACT, width=width, header=header)))
    assert triples(table) == [("P90001", "P90002-2", 0.37), ("P90003-PRO_0000012345", "EBI-9", 1.0)]
    assert lost(table) == {"negative interaction": 1, "no name of a gene": 1}
    assert table.attrs["alternatives"] == {
        "P90001": ("Q8XXX1", "abcA", "a1"),
        "P90002-2": ("P90002",),
        "P90003-PRO_0000012345": ("P90003",),
        "EBI-9": ("FB:gn(1)", "SYN1"),
    }


def test_psi_mitab_2_5_knows_no_negative_interactions(tmp_path: Path) -> None:
    table = read_network(written(tmp_path, mitab(*INTACT, width=15, header=False)), "mitab")
    assert (len(table), lost(table)) == (3, {"no name of a gene": 1})


def test_psi_mitab_of_biogrid_and_flybase(tmp_path: Path) -> None:
    row = {
        1: "entrez gene/locuslink:9001", 2: "entrez gene/locuslink:9002",
        3: "biogrid:1|entrez gene/locuslink:abcA|uniprot/swiss-prot:Q90001|refseq:NP_1", 4: "biogrid:2",
        5: "entrez gene/locuslink:a1(gene name synonym)", 10: "taxid:9", 11: "taxid:9", 15: "score:-12.5",
    }  # fmt: skip
    text = mitab(row, width=15, header=False)
    table = read_network(written(tmp_path, "#ID Interactor A\tID Interactor B\tAlt IDs Interactor A\n" + text))
    assert triples(table) == [("9001", "9002", 1.0)]
    assert table.attrs["alternatives"]["9001"] == ("abcA", "Q90001", "NP_1", "a1")
    fly = mitab({1: "flybase:FBgn1", 2: "flybase:FBgn2", 10: "taxid:7"}, header=False)
    text = "## a preamble\n##ID(s) Interactor A\tID(s) Interactor B\n" + fly
    assert triples(read_network(written(tmp_path, text))) == [("FBgn1", "FBgn2", 1.0)]
    assert "expected interactions, found a header only" in expected_error(written(tmp_path, MITAB_HEADER + "\n"))


def test_a_damaged_confidence_is_named(tmp_path: Path) -> None:
    text = mitab({**INTACT[0], 15: "intact-miscore:7"})
    assert ":2: found the intact-miscore '7', expected a number from 0 to 1" in expected_error(written(tmp_path, text))


EXAMPLES = TEXTS["networks"]


@pytest.mark.parametrize("named", EXAMPLES)
@pytest.mark.parametrize("held", EXAMPLES)
def test_a_named_format_that_the_file_contradicts_names_what_it_is(tmp_path: Path, named: str, held: str) -> None:
    path = written(tmp_path, EXAMPLES[held])
    assert len(read_network(path, held)) == len(read_network(path)) > 0
    check_network(path, held)
    tables = ("sif", "genemania", "cytoscape", "networkx", "string")
    agree = {("string", "string_export"), *(("edges", table) for table in tables)}
    if named == held or (named, held) in agree:
        read_network(path, named)
    else:
        assert f":1: found the format {held} (" in expected_error(path, named)
        with pytest.raises(InputError, match=f"expected {named} "):
            check_network(path, named)


def test_row_numbers_are_meant_where_genes_are_given(tmp_path: Path) -> None:
    path = written(tmp_path, "i,j,weight\n1,2,0.5\n")
    assert triples(read_network(path, genes=["A", "B"])) == [("A", "B", 0.5)]


def test_a_look_at_the_first_rows_finds_what_they_show_and_no_more(tmp_path: Path) -> None:
    path = written(tmp_path, "A B 0.5\n" * 500 + "A B x\n")
    check_network(path)
    assert ":501: found the weight 'x'" in expected_error(path)
    with pytest.raises(InputError, match="expected the column 'p' of `columns`"):
        check_network(path, columns=["p", "q"])
    links = written(tmp_path, EXAMPLES["string"])
    with pytest.raises(InputError, match="found 'fusion' in `channels`"):
        check_network(links, "string", channels=["fusion"])
    check_network(written(tmp_path, EXAMPLES["string_actions"]), channels=["a mode of later rows"])
    check_network(written(tmp_path, "A B -1\n"))
    with pytest.raises(InputError, match="set `sign: absolute`"):
        check_network(written(tmp_path, "A B -1\n"), sign=None)


def resolved(table: pd.DataFrame, genes: list[str], *tables: AliasTable) -> tuple[dict[str, str], dict[str, str]]:
    nodes = list(dict.fromkeys([*table["a"], *table["b"]]))
    resolution = resolve_nodes(table, nodes, GeneIdentifiers(genes, tables))
    return resolution.targets, resolution.lost


def test_a_node_of_unknown_name_joins_by_its_alternatives(tmp_path: Path) -> None:
    table = read_network(written(tmp_path, BIOGRID))
    names = AliasTable.from_rows("names", [("r1", "SYN001", "x"), ("r1", "Q90001", "UniProt_AC")])
    targets, lost_ = resolved(table, ["Q90001", "Q90002", "Q90003", "9004"], names)
    assert targets == {"SYN001": "Q90001", "SYN002": "Q90002", "SYNX03": "Q90003", "abcD": "9004"}
    assert lost_ == {"SYNX05": "unknown identifier", "abcA": OTHER_ORGANISM}


def test_a_symbol_of_another_organism_is_no_name_of_a_gene(tmp_path: Path) -> None:
    shared = biogrid(
        ("- RAD51 1 - - 9606", "- rad51 2 - - 8355"),
        ("- RAD51 3 - - 9031", "- BRCA2 4 - - 9606"),
        ("SYN001 RAD51 5 - - 559292", "SYN002 RAD52 6 - - 559292"),
        ("SYN003 RAD54 7 - - 559292", "SYN004 BRCA2X 8 - - 559292"),
    )
    table = read_network(written(tmp_path, shared))
    assert ("RAD51 (taxon 9031)", "BRCA2", 1.0) in triples(table)
    symbols = AliasTable.from_rows(
        "symbols", [(f"SYN00{k}", f"RAD5{n}", "gene_name") for k, n in ((1, 1), (2, 2), (3, 4))]
    )
    targets, lost_ = resolved(table, ["SYN001", "SYN002", "SYN003", "SYN004"], symbols)
    assert set(targets) == {"SYN001", "SYN002", "SYN003", "SYN004"}
    assert set(lost_.values()) == {OTHER_ORGANISM}


def test_an_alternative_never_takes_the_gene_of_another_node_but_an_isoform_does(tmp_path: Path) -> None:
    text = mitab(
        {1: "uniprotkb:P90001", 2: "uniprotkb:P90001-3", 10: "taxid:9", 11: "taxid:9"},
        {1: "uniprotkb:P90002", 2: "rnacentral:URS1", 6: "x:P90002(gene name)", 10: "taxid:9", 11: "taxid:9"},
    )
    targets, lost_ = resolved(read_network(written(tmp_path, text)), ["P90001", "P90002"])
    assert targets == {"P90001": "P90001", "P90001-3": "P90001", "P90002": "P90002"}
    assert lost_ == {"URS1": "unknown identifier"}


TOKENS = [
    "A", "B", "pp", "\t", " ", ",", ";", "\n", '"', "#", "%", "0.5", "-1", "0,5", "NaN", "7001", "weight", "gene1",
    "gene2", "source", "target", "protein1 protein2 combined_score\n", "taxid:9", "uniprotkb:P1", "|", "\x1c", "é",
]  # fmt: skip
hostile = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@hostile
@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=40), format=st.sampled_from([None, *EXAMPLES]))
def test_any_words_give_a_table_or_one_sentence(tmp_path: Path, tokens: list[str], format: str | None) -> None:
    one_sentence(written(tmp_path, "".join(tokens)), format)


@hostile
@given(chosen=st.data())
def test_a_damaged_network_gives_a_table_or_one_sentence(tmp_path: Path, chosen: st.DataObject) -> None:
    name = chosen.draw(st.sampled_from(list(EXAMPLES)))
    text = EXAMPLES[name]
    start = chosen.draw(st.integers(0, len(text)))
    end = start + chosen.draw(st.integers(0, 20))
    text = text[:start] + chosen.draw(st.sampled_from(TOKENS)) + text[end:]
    one_sentence(written(tmp_path, text), chosen.draw(st.sampled_from([None, name])))


@hostile
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_table_or_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "network"
    path.write_bytes(data)
    one_sentence(path, None)


def one_sentence(path: Path, format: str | None) -> None:
    try:
        table = read_network(path, format)
    except InputError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
    else:
        assert (table["weight"] >= 0).all()
        assert (table["a"] != "").all()
