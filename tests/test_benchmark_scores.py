"""The pages' tables show the evaluation's numbers, and a recorded table says how they were made."""

import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
HEADER = "model\taspect\tknowledge\tmetric\tvalue\tlow\thigh\tn_genes\n"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.scores", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_values_and_intervals_appear_best_model_first(tmp_path):
    table = tmp_path / "evaluation.tsv"
    table.write_text(
        HEADER
        + "weak\tBPO\tCV\twfmax\t0.25\t0.2\t0.3\t77\nstrong\tBPO\tCV\twfmax\t0.5\t0.4444\t0.6\t77\n"
        + "weak\tBPO\tCV\tsmin\t9.5\t9\t10\t77\nstrong\tBPO\tCV\tsmin\t8\t7\t9\t77\n"
    )
    lines = [line for line in run(table, "--metrics", "wfmax", "smin").stdout.splitlines() if line]
    assert lines[:5] == [
        "**CV: IA-weighted F-max**",
        "| model | BPO (77 genes) |",
        "|---|--:|",
        "| strong | 0.500 (0.444 to 0.600) |",
        "| weak | 0.250 (0.200 to 0.300) |",
    ]
    assert lines[-2:] == ["| strong | 8.000 (7.000 to 9.000) |", "| weak | 9.500 (9.000 to 10.000) |"]


def test_groups_of_genes_have_tables_of_their_own(tmp_path):
    table = tmp_path / "evaluation.tsv"
    names = ("CV-orphan", "CV-isolated", "CV", "first-orphan", "first-isolated", "first")
    rows = [f"m\tBPO\t{name}\twfmax\t0.5\t0.4\t0.6\t{20 + position}\n" for position, name in enumerate(names)]
    table.write_text(HEADER + "".join(rows))
    headings = [line for line in run(table).stdout.splitlines() if line.startswith(("**", "| model"))]
    assert headings[:4] == [
        "**first: IA-weighted F-max**",
        "| model | BPO (25 genes) |",
        "**first-isolated: IA-weighted F-max**",
        "| model | BPO (24 genes) |",
    ]
    expected = ["first", "first-isolated", "first-orphan", "CV", "CV-isolated", "CV-orphan"]
    assert headings[::2] == [f"**{name}: IA-weighted F-max**" for name in expected]


def test_a_recorded_table_says_how_each_row_was_made(tmp_path):
    evaluation, logs, table = tmp_path / "evaluation.tsv", tmp_path / "logs", tmp_path / "run.tsv"
    evaluation.write_text(
        HEADER
        + "m\tBPO\tCV\twfmax\t0.5\t0.4\t0.6\t20\nm\tBPO\tCV\taupr\t0.5\t0.4\t0.6\t20\nn\tBPO\tCV\twfmax\t0\t0\t0\t20\n"
    )
    for rule, seconds in (("train", 2.0), ("predict", 1.5)):
        (logs / rule).mkdir(parents=True)
        (logs / rule / "m.benchmark.tsv").write_text(f"s\tmax_rss\n{seconds}\t512\n")
    done = run(evaluation, "--table", table, "--logs", logs, "--seed", "7", "--machine", "a laptop")
    assert done.returncode == 0, done.stderr
    recorded = pd.read_csv(table, sep="\t", dtype=str)
    assert list(recorded["metric"]) == ["wfmax", "wfmax"]  # those printed
    assert list(recorded["time"]) == ["2.0 s to train, 1.5 s to predict", "not recorded"]
    assert set(recorded["seed"]) == {"7"} and set(recorded["machine"]) == {"a laptop"}
    assert recorded["commit"].notna().all()
    rules = pd.read_csv(tmp_path / "run_times.tsv", sep="\t", dtype=str)
    assert list(rules["time"]) == ["2.0 s", "1.5 s"]
    assert list(rules["peak_gib"]) == ["0.5", "0.5"]


def test_rows_recorded_before_keep_how_they_were_made(tmp_path):
    table = tmp_path / "scores.tsv"
    table.write_text(
        "strategy\twfmax\tseconds\tseed\tcommit\tmachine\na\t0.5\t3\t1\t12e4567\tthat one\nb\t0.6\t4\t2\t\t\n"
    )
    assert run(table, "--table", table, "--machine", "this one").returncode == 0
    recorded = pd.read_csv(table, sep="\t", dtype=str)
    assert list(recorded["machine"]) == ["that one", "this one"]
    assert recorded["commit"][0] == "12e4567" and recorded["commit"].notna().all()
    assert list(recorded["seed"]) == ["1", "2"]
    assert "time" not in recorded  # the seconds are there


def test_a_missing_file_ends_in_one_sentence(tmp_path):
    done = run(tmp_path / "none.tsv")
    assert done.returncode == 2
    assert done.stderr.strip().endswith("none.tsv: no such file; run snakemake first")
    assert "Traceback" not in done.stderr
