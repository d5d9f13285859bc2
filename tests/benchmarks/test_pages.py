"""The benchmarks' pages say what their tables say."""

import re
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.pages import contamination, probabilities, yeast
from benchmarks.pages.__main__ import pages
from benchmarks.pages.tables import fill, read_table, signed

ROOT = Path(__file__).parents[2]
TABLES = sorted(ROOT.glob("docs/*/tables/*.tsv"))
RESULTS = ("model", "aspect", "knowledge", "metric", "value", "low", "high", "n_genes")


@pytest.fixture(scope="module")
def written() -> dict[Path, str]:
    return pages()


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_committed_pages_equal_what_the_script_writes(written: dict[Path, str]) -> None:
    stale = [name_of(path) for path, text in written.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, f"run python -m benchmarks.pages; stale: {stale}"


def test_every_block_of_a_page_is_filled(written: dict[Path, str]) -> None:
    named = [name for text in written.values() for name in re.findall(r"<!-- table: (\w+) -->", text)]
    folder = ROOT / "docs" / "benchmarks"
    synthetic = contamination.blocks(ROOT / "docs" / "contamination")
    assert sorted(named) == sorted([*yeast.blocks(folder), *probabilities.blocks(folder), *synthetic])


@pytest.mark.parametrize("path", TABLES, ids=name_of)
def test_every_row_says_how_it_was_made(path: Path) -> None:
    table = read_table(path)
    time = "time" if "time" in table else "seconds"
    for column in ("commit", "seed", "machine", time):
        assert column in table, f"{name_of(path)} lacks {column}"
        empty = table[column].isna() | (table[column] == "")
        assert not empty.any(), f"{name_of(path)}: {column} is empty in {empty.sum()} rows"
    assert table["commit"].str.fullmatch(r"[0-9a-f]{7,40}|not recorded").all()


@pytest.mark.parametrize("folder", ["benchmarks", "contamination"])
def test_the_page_on_the_tables_tells_how_each_is_made(folder: str) -> None:
    text = (ROOT / "docs" / folder / "tables" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+\.tsv)`", text))
    protocols = ("yeast_2011", "yeast_2016", "yeast_2020_cv", "ecoli_2020_cv")
    protocols += tuple(f"{name}_embeddings" for name in protocols)
    named |= {name.replace("PROTOCOL", protocol) for name in named for protocol in protocols}
    there = {path.name for path in TABLES if path.parts[-3] == folder}
    assert there <= named


@pytest.mark.parametrize("folder", ["benchmarks", "contamination"])
def test_an_index_is_short(folder: str) -> None:
    assert len((ROOT / "docs" / folder / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_a_block_replaces_what_stands_between_its_marks() -> None:
    page = "before\n<!-- table: one -->\nold\nolder\n<!-- end of table -->\nafter\n"
    once = fill(page, {"one": "new"})
    assert once == "before\n<!-- table: one -->\nnew\n<!-- end of table -->\nafter\n"
    assert fill(once, {"one": "new"}) == once


def test_an_ablation_shows_scores_as_differences_to_the_whole(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    rows = [("combined", 0.409), ("without homology", 0.424)]
    table = pd.DataFrame([(name, "BPO", "first", "wfmax", value, "", "", 76) for name, value in rows], columns=RESULTS)
    table.assign(commit="5a8eefb", seed=0, machine="m", time="t").to_csv(
        tmp_path / "tables" / "p_ablation.tsv", sep="\t", index=False
    )
    lines = yeast.ablation(tmp_path, "p").splitlines()
    assert lines[2].startswith("| combined | 0.409 |")
    assert lines[3].startswith("| without homology | +0.015 |")  # 0.424 - 0.409


def test_the_index_shows_scores_with_their_ratio_to_the_best_baseline(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    values = {
        "combined": 0.66,
        "homology": 0.3,
        "term_frequency": 0.44,
        "kernel_regression": 0.5,
        "permuted_labels": 0.9,
    }
    rows = [
        (model, aspect, "CV", "wfmax", value, "", "", 9)
        for model, value in values.items()
        for aspect in ("BPO", "MFO", "CCO")
    ]
    table = pd.DataFrame(rows, columns=RESULTS).assign(commit="abcdef0", seed=0, machine="m", time="t")
    table.to_csv(tmp_path / "tables" / "p.tsv", sep="\t", index=False)
    names = ["protocol", "labels", "tested", "networks", "configuration", "embeddings", "run"]
    pd.DataFrame([["p", *"abcdef"]], columns=names).to_csv(tmp_path / "protocols.tsv", sep="\t", index=False)
    lines = yeast.in_short(tmp_path).splitlines()
    # By hand: 0.66 / 0.44, because neither kernel regression nor the control is a baseline.
    assert lines[2] == "| [p](p.md), CV | 0.660 (1.50) | 0.660 (1.50) | 0.660 (1.50) | abcdef0 |"
    assert "| best other model | 0.500 kernel_regression |" in yeast.results(tmp_path).splitlines()[4]


def test_a_difference_to_the_clean_pool_is_paired_by_seed() -> None:
    rows = [
        *(("s", 0.1, "clean", 0.0, "plain", seed, "BPO", value) for seed, value in ((0, 0.40), (1, 0.50), (2, 0.90))),
        *(("s", 0.1, "made", 1.0, "plain", seed, "BPO", value) for seed, value in ((0, 0.39), (1, 0.47))),
    ]
    names = ["strategy", "fraction", "kind", "ratio", "treatment", "seed", "aspect", "wfmax"]
    compared = contamination.differences(pd.DataFrame(rows, columns=names).assign(commit="abcdef0"))
    (made,) = compared[compared["kind"] == "made"].itertuples()
    # By hand: differences -0.01 and -0.03, mean -0.02, standard error 0.01, t(0.975, 1) = 12.706.
    assert made.difference == pytest.approx(-0.02)
    assert (made.low, made.high) == pytest.approx((-0.14706, 0.10706), abs=1e-5)
    assert signed(made.difference) == "-0.020"


def test_a_new_comparison_fills_the_page_on_few_labels(tmp_path: Path) -> None:
    # As benchmarks.semi_supervised.compare writes it: counterparts have no row of their own.
    names = ["strategy", "counterpart", "aspect", "wfmax", "counterpart_wfmax", "difference"]
    rows = [
        row
        for aspect in ("BPO", "MFO", "CCO")
        for row in (
            ("co_training", "views_averaged", aspect, 0.44, 0.40, 0.04),
            ("self_training", "sequence_network", aspect, 0.30, 0.30, 0.0),
            ("self_training (network)", "graph_network", aspect, 0.319, 0.319, 0.0),
        )
    ]
    table = pd.DataFrame(rows, columns=names).assign(fraction=0.05, n_seeds=5, low=-0.01, high=0.05)
    (tmp_path / "tables").mkdir()
    recorded = table.assign(commit="abcdef0", seed="0 to 4", machine="m", time="t")
    recorded.to_csv(tmp_path / "tables" / "few_labels.tsv", sep="\t", index=False)
    lines = yeast.few_labels(tmp_path).splitlines()
    assert lines[2] == "| 5 % | `sequence_network` | 0.300 | 0.300 | 0.300 | abcdef0 | 0 to 4 |"
    assert lines[5].startswith("| 5 % | `co_training` | 0.440, +0.040 (-0.010 to +0.050) |")
    # By hand: 0.44 / 0.40 = 1.10 and 0.44 / 0.319 = 1.379.
    assert lines[6].startswith("|  | gain over the two views joined | 10 % | 10 % | 10 % |")
    assert lines[7].startswith("|  | gain over the better view alone | 38 % |")
