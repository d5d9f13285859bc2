import gzip
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from genessl.data.adjacency import adjacency
from genessl.data.coverage import Coverage
from genessl.data.networks import combine_channels, read_network
from genessl.errors import InputError

LINKS = """protein1 protein2 experiments database textmining combined_score
4932.A 4932.B 500 0 41 520
4932.B 4932.A 500 0 41 520
4932.A 4932.C 0 900 300 929
"""
ACTIONS = """item_id_a\titem_id_b\tmode\taction\tis_directional\ta_is_acting\tscore
4932.A\t4932.B\tbinding\t\tf\tf\t900
4932.A\t4932.C\tactivation\tactivation\tt\tt\t540
4932.B\t4932.C\tbinding\t\tf\tf\t150
"""
BIOGRID_HEADER = (
    "#BioGRID Interaction ID\tSystematic Name Interactor A\tSystematic Name Interactor B\t"
    "Official Symbol Interactor A\tOfficial Symbol Interactor B\tExperimental System Type\tScore\n"
)
BIOGRID = BIOGRID_HEADER + "1\tYAL001C\tYBR123C\tTFC3\tTFC1\tphysical\t-\n2\t-\tYBR123C\tTP53\tTFC1\tgenetic\t-12.5\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "network.txt"
    path.write_text(text, encoding="utf-8")
    return path


def triples(table: pd.DataFrame) -> list[tuple[str, str, float]]:
    return [(a, b, round(float(w), 6)) for a, b, w in zip(table["a"], table["b"], table["weight"])]


def test_string_scores_are_divided_by_1000_and_listed_as_in_the_file(tmp_path: Path) -> None:
    table = read_network(written(tmp_path, LINKS), "string")
    assert triples(table) == [("4932.A", "4932.B", 0.52), ("4932.B", "4932.A", 0.52), ("4932.A", "4932.C", 0.929)]
    assert table["weight"].dtype == np.float32
    assert pd.api.types.is_string_dtype(table["a"])


def test_string_channels_combine_with_the_prior_removed_once_per_channel(tmp_path: Path) -> None:
    table = read_network(written(tmp_path, LINKS), "string", channels=["database", "textmining"])
    # A-C: s' = (.9 - .041) / .959 = .895725 and (.3 - .041) / .959 = .270073; 1 - .959 * .104275 * .729927 = .927007
    # A-B: neither channel exceeds the prior
    assert triples(table) == [("4932.A", "4932.B", 0.0), ("4932.B", "4932.A", 0.0), ("4932.A", "4932.C", 0.927007)]


def test_one_channel_alone_keeps_its_score() -> None:
    assert combine_channels(np.array([[0.292, 0.9, 0.041, 0.0, 1.0]])) == pytest.approx([0.292, 0.9, 0.0, 0.0, 1.0])


def test_another_channel_never_lowers_a_score() -> None:
    scores = np.random.default_rng(0).uniform(0, 1, (3, 50))
    assert (combine_channels(scores) >= combine_channels(scores[:2]) - 1e-12).all()


def test_a_minimum_score_leaves_out_and_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        table = read_network(written(tmp_path, LINKS), "string", min_score=0.6)
    assert triples(table) == [("4932.A", "4932.C", 0.929)]
    assert "2 edges weigh less than 0.6" in caplog.text
    assert table.attrs["losses"] == {"other channel": 0, "below the minimum score": 2}


def test_a_score_equal_to_the_minimum_stays(tmp_path: Path) -> None:
    assert len(read_network(written(tmp_path, LINKS), "string", min_score=0.52)) == 3


def test_string_actions_keep_the_chosen_modes(tmp_path: Path) -> None:
    path = written(tmp_path, ACTIONS)
    assert len(read_network(path, "string_actions")) == 3
    binding = read_network(path, "string_actions", channels=["binding"], min_score=0.2)
    assert triples(binding) == [("4932.A", "4932.B", 0.9)]
    assert binding.attrs["losses"] == {"other channel": 1, "below the minimum score": 1}


@pytest.mark.parametrize(
    "text",
    ["A B 0.5\nB C 2\n", "A\tB\t0.5\nB\tC\t2\n", "# made by hand\ngene1 gene2 weight\nA B 0.5\n\nB C 2"],
)
def test_edge_lists_by_space_or_tab_with_or_without_header(tmp_path: Path, text: str) -> None:
    assert triples(read_network(written(tmp_path, text), "edges")) == [("A", "B", 0.5), ("B", "C", 2.0)]


def test_an_edge_without_weight_weighs_one(tmp_path: Path) -> None:
    assert triples(read_network(written(tmp_path, "A B\nB A\n"), "edges")) == [("A", "B", 1.0), ("B", "A", 1.0)]


def test_indexed_edges_are_one_based_rows_of_the_genes(tmp_path: Path) -> None:
    table = read_network(written(tmp_path, "1\t3\t0.371000\n2\t1\t0.5\n"), "indexed_edges", genes=["A", "B", "C"])
    assert triples(table) == [("A", "C", 0.371), ("B", "A", 0.5)]


def test_biogrid_uses_systematic_names_else_symbols_and_no_scores(tmp_path: Path) -> None:
    path = written(tmp_path, BIOGRID)
    assert triples(read_network(path, "biogrid")) == [("YAL001C", "YBR123C", 1.0), ("TP53", "YBR123C", 1.0)]
    assert triples(read_network(path, "biogrid", channels=["genetic"])) == [("TP53", "YBR123C", 1.0)]


def test_gzip_reads_as_plain(tmp_path: Path) -> None:
    path = tmp_path / "network.gz"
    path.write_bytes(gzip.compress(LINKS.encode()))
    assert triples(read_network(path, "string")) == triples(read_network(written(tmp_path, LINKS), "string"))


@pytest.mark.parametrize(
    ("text", "format_name", "message"),
    [
        ("A B 0.5\nB C -0.1\n", "edges", r":2: found the weight '-0.1', expected a number of at least 0"),
        ("A B 0.5\n\nB C high\n", "edges", r":3: found the weight 'high', expected a number of at least 0"),
        ("A B 0.5\nB C inf\n", "edges", r":2: found the weight 'inf'"),
        (LINKS + "4932.A 4932.D 0 0 0 -5\n", "string", r":5: found the weight '-5'"),
        (LINKS + "4932.A 4932.D 0 0 0 x\n", "string", r":5: found the weight 'x'"),
        (LINKS + "4932.A 4932.D\n", "string", r":5: found 2 columns, expected 6"),
        ("A B 0.5\nB C\nA C 1 x\n", "edges", r":2: found 2 columns, expected 3"),
        ("A B 0.5\nB C 0.5\0\n", "edges", r":2: found "),
        ("A B 0.5\nB C \0\n", "edges", r":2: found "),
        ("A B 1 2 3\n", "edges", r":1: found 5 columns, expected two names and perhaps a weight"),
        ("A B 0.5\n", "string", r":1: found the format edges \(Edge table\) by its line 'A B 0.5', expected str"),
        ("<html>\n", "string", r":1: found a web page instead of the file"),
        ("<html>\n", "edges", r":1: found a web page instead of the file"),
        (LINKS, "string_actions", r":1: found the format string \(STRING links\) by its line 'prot"),
        (LINKS, "biogrid", r"expected biogrid \(BioGRID TAB3, TAB2 or TAB1\); give `format: string`"),
        ("# nothing\n\n", "edges", r"network.txt: expected edges, found blank lines or comments only"),
        ("", "edges", r"network.txt: the file is empty"),
        ("1 2 0.5\n1 4 0.5\n", "indexed_edges", r":2: found '4', expected a row number from 1 to 3"),
        ("1 2 0.5\n0 2 0.5\n", "indexed_edges", r":2: found '0', expected a row number from 1 to 3"),
        ("1 2 0.5\nA 2 0.5\n", "indexed_edges", r":2: found 'A', expected a row number from 1 to 3"),
        ("1 2 0.5\n1 2 -1\n", "indexed_edges", r":2: found the weight '-1'"),
    ],
)
def test_a_damaged_network_ends_in_one_sentence_with_its_line(
    tmp_path: Path, text: str, format_name: str, message: str
) -> None:
    genes = ["A", "B", "C"] if format_name == "indexed_edges" else None
    with pytest.raises(InputError, match=message) as caught:
        read_network(written(tmp_path, text), format_name, genes=genes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "format_name", "message"),
    [
        (LINKS, "string", "found 'fusion' in `channels`, expected some of database, experiments, textmining"),
        (ACTIONS, "string_actions", "found 'fusion' in `channels`, expected some of activation, binding"),
        (BIOGRID, "biogrid", "found 'fusion' in `channels`, expected some of genetic, physical"),
        ("A B\n", "edges", "remove `channels`"),
    ],
)
def test_an_unknown_channel_names_those_present(tmp_path: Path, text: str, format_name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_network(written(tmp_path, text), format_name, channels=["fusion"])


def test_settings_out_of_range_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "1 2\n")
    with pytest.raises(
        InputError, match="format: found 'xgmml', expected one of string, string_export, string_actions"
    ):
        read_network(path, "xgmml")
    with pytest.raises(InputError, match="min_score: found 400, expected a number from 0 to 1"):
        read_network(path, "edges", min_score=400)
    with pytest.raises(InputError, match="give their file as `genes`"):
        read_network(path, "indexed_edges")


def network(rows: list[tuple[str, str, float]], coverage: Coverage | None = None) -> csr_array:
    table = pd.DataFrame(rows, columns=["a", "b", "weight"]).astype({"weight": "float32"})
    return adjacency(table, {"A": 0, "B": 1, "C": 2, "b": 1}, 4, source="test", coverage=coverage or Coverage())


def test_the_largest_of_duplicate_edges_counts_in_either_direction() -> None:
    matrix = network([("A", "B", 0.2), ("B", "A", 0.7), ("A", "b", 0.5), ("A", "C", 0.25)])
    expected = np.zeros((4, 4), dtype=np.float32)
    expected[0, 1] = expected[1, 0] = 0.7
    expected[0, 2] = expected[2, 0] = 0.25
    assert (matrix.toarray() == expected).all()


def test_every_lost_edge_is_counted_once() -> None:
    coverage = Coverage()
    rows = [("A", "B", 0.5), ("B", "A", 0.4), ("A", "A", 0.5), ("B", "b", 0.5), ("A", "C", 0.0), ("X", "X", 0.0)]
    network(rows, coverage)
    assert dict(coverage.table()[["outcome", "count"]].to_numpy().tolist()) == {
        "held": 6,
        "joined": 1,
        "unknown gene": 1,
        "self-loop": 2,
        "zero weight": 1,
        "duplicate": 1,
    }
    coverage.check()


def test_rows_left_out_while_reading_count_as_held_and_lost(tmp_path: Path) -> None:
    coverage = Coverage()
    table = read_network(written(tmp_path, LINKS), "string", min_score=0.6)
    adjacency(table, {"4932.A": 0, "4932.C": 1}, 2, source="string", coverage=coverage)
    counts = dict(coverage.table()[["outcome", "count"]].to_numpy().tolist())
    assert (counts["held"], counts["joined"], counts["below the minimum score"]) == (3, 1, 2)
    coverage.check()


def test_weights_above_one_are_divided_by_the_largest_and_others_stay() -> None:
    assert network([("A", "B", 4.0), ("A", "C", 1.0)]).data.tolist() == [1.0, 0.25, 1.0, 0.25]
    assert network([("A", "B", 0.5), ("A", "C", 0.25)]).data.tolist() == [0.5, 0.25, 0.5, 0.25]


def test_any_network_is_symmetric_within_zero_and_one_with_an_empty_diagonal() -> None:
    random = np.random.default_rng(0)
    names = np.array(["A", "B", "C", "b", "X"])
    rows = [
        (names[i], names[j], float(w)) for i, j, w in zip(*random.integers(0, 5, (2, 60)), random.uniform(0, 9, 60))
    ]
    coverage = Coverage()
    matrix = network(rows, coverage)
    assert (matrix != matrix.T).nnz == 0
    assert matrix.diagonal().tolist() == [0, 0, 0, 0]
    assert matrix.data.min() > 0
    assert matrix.data.max() == 1
    assert matrix.dtype == np.float32
    coverage.check()


def test_the_order_and_direction_of_edges_do_not_matter() -> None:
    rows = [("A", "B", 0.2), ("B", "A", 0.7), ("C", "A", 0.5)]
    turned = [(b, a, weight) for a, b, weight in reversed(rows)]
    assert (network(rows) != network(turned)).nnz == 0


def test_a_network_without_known_genes_is_empty() -> None:
    coverage = Coverage()
    assert network([("X", "Y", 0.5)], coverage).nnz == 0
    coverage.check()
