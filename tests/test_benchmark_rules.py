"""The table of time and memory adds up what Snakemake measured."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "rules.py"

# Columns as Snakemake 9 writes them.
HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def write(folder: Path, name: str, seconds: float, max_rss: str) -> None:
    path = folder / f"{name}.benchmark.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:00\t{max_rss}\t1\t1\t1\t1\t1\t1\t1\n")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs" / "example"
    write(folder, "build_dataset", 4.06, "512.0")
    write(folder, "train/co_training", 60.5, "1536.0")
    write(folder, "train/homology", 2.0, "256.0")
    write(folder, "control/permuted_labels-1", 1.5, "128.0")
    write(folder, "control/permuted_labels-2", 2.5, "192.0")
    write(folder, "download/go.obo", 0.04, "NA")
    (folder / "build_dataset.log").write_text("not a benchmark\n")
    return folder


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)


def cells(output: str) -> list[list[str]]:
    """The rows of the Markdown table, without its head."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in output.splitlines()[2:]]


def test_rules_are_listed_longest_first_with_their_models_and_a_total(logs: Path) -> None:
    done = run(logs)
    assert done.returncode == 0, done.stderr
    assert cells(done.stdout) == [
        ["train", "co_training", "1", "60.5", "1.50"],  # 1536 MiB / 1024
        ["build_dataset", "", "1", "4.1", "0.50"],
        ["control", "shuffles", "2", "4.0", "0.19"],  # 1.5 + 2.5 s; the larger of 128 and 192 MiB
        ["train", "homology", "1", "2.0", "0.25"],
        ["download", "go.obo", "1", "0.0", ""],  # too short to be measured: empty, not 0
        ["**all**", "", "6", "70.6", "1.50"],  # 4.06 + 60.5 + 2 + 4 + 0.04 = 70.6
    ]


def test_memory_that_was_not_measured_is_never_the_peak(tmp_path: Path) -> None:
    write(tmp_path, "download/a", 0.1, "0.00")
    write(tmp_path, "download/b", 0.1, "-")
    rows = cells(run(tmp_path).stdout)
    assert [row[-1] for row in rows] == ["", "", ""]
    assert not any(math.isclose(float(row[3]), 0.0) for row in rows)


def test_a_folder_without_benchmarks_ends_in_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"rules.py: error: {tmp_path}: found no *.benchmark.tsv, expected the logs of a run; run snakemake first\n"
    )


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.benchmark.tsv").write_text("a\tb\n1\t2\n")
    done = run(tmp_path)
    assert done.returncode == 2
    assert "x.benchmark.tsv: expected a benchmark with the columns s and max_rss, found ['a', 'b']" in done.stderr
