"""The page's tables show the evaluation's numbers."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "scores.py"
HEADER = "model\taspect\tknowledge\tmetric\tvalue\tlow\thigh\tn_genes\n"


def test_values_and_intervals_appear_best_model_first(tmp_path):
    table = tmp_path / "evaluation.tsv"
    table.write_text(
        HEADER
        + "weak\tBPO\tCV\twfmax\t0.25\t0.2\t0.3\t77\nstrong\tBPO\tCV\twfmax\t0.5\t0.4444\t0.6\t77\n"
        + "weak\tBPO\tCV\tsmin\t9.5\t9\t10\t77\nstrong\tBPO\tCV\tsmin\t8\t7\t9\t77\n"
    )
    done = subprocess.run(
        [sys.executable, SCRIPT, table, "--metrics", "wfmax", "smin"], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stdout.splitlines() if line]
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
    done = subprocess.run([sys.executable, SCRIPT, table], capture_output=True, text=True, check=True)
    headings = [line for line in done.stdout.splitlines() if line.startswith(("**", "| model"))]
    assert headings[:4] == [
        "**first: IA-weighted F-max**",
        "| model | BPO (25 genes) |",
        "**first-isolated: IA-weighted F-max**",
        "| model | BPO (24 genes) |",
    ]
    expected = ["first", "first-isolated", "first-orphan", "CV", "CV-isolated", "CV-orphan"]
    assert headings[::2] == [f"**{name}: IA-weighted F-max**" for name in expected]


def test_a_missing_file_ends_in_one_sentence(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "none.tsv"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().endswith("none.tsv: no such file; run snakemake first")
    assert "Traceback" not in done.stderr
