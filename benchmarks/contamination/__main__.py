"""Run every part of the contamination benchmark, and write its tables and figure.

    python -m benchmarks.contamination --dataset results/yeast_2020_cv/dataset --mirror FOLDER \
        --output results/yeast_2020_cv/contamination

Results in the output folder are not computed again, so that the benchmark can be stopped and continued, or divided
among machines by the options of its parts (`run`, `detector`, `difficulty`, `compare`). Only `difficulty` always starts
from the beginning.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.contamination import compare, detector, difficulty, run

# Of one architecture the quicker ones: each is fitted on every kind and ratio, every other on one.
_QUICK = (
    *("network_neighbours", "label_propagation", "label_spreading", "kernel_regression", "function_diffusion"),
    *("sequence_network", "self_training", "mean_teacher", "fixmatch", "variational_autoencoder", "feature_matching"),
    *("positive_unlabelled", "pretrained", "correct_and_smooth", "graph_network"),
)
_ABLATED = (
    *("co_training", "self_training", "self_training (network)", "mean_teacher", "fixmatch"),
    *("label_propagation", "function_diffusion"),
)
_KIND = "rewrites_30"


def main(arguments: list[str] | None = None) -> int:
    """Run the parts one after the other; the first part that fails ends the run with its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True, help="folder that genessl build-dataset wrote")
    parser.add_argument("--mirror", type=Path, required=True, help="folder with the files of yeast-2020-cv")
    parser.add_argument("--output", type=Path, required=True, help="folder for everything")
    parser.add_argument("--scores", type=Path, help="the table of scores; by default in the output folder")
    parser.add_argument("--table", type=Path, help="the detector's table; by default in the output folder")
    parser.add_argument("--figure", type=Path, help="the SVG file; by default in the output folder")
    chosen = parser.parse_args(arguments)
    dataset, output = ["--dataset", str(chosen.dataset)], ["--output", str(chosen.output)]
    places = [*dataset, *output, "--mirror", str(chosen.mirror)]
    dubious = ["--kinds", run.CLEAN, "--strategies", *_QUICK, "--treatments", "dubious dropped"]
    ablated = ["--kinds", _KIND, "--ratios", "1", "--strategies", *_ABLATED, "--treatments", *run.TREATMENTS]
    figure = chosen.figure or chosen.output / "contamination.svg"
    scores = [] if chosen.scores is None else ["--scores", str(chosen.scores)]
    table = [] if chosen.table is None else ["--table", str(chosen.table)]
    parts = (
        lambda: run.main([*places, "--strategies", *_QUICK]),
        lambda: run.main([*places, "--kinds", run.CLEAN, _KIND, "--ratios", "1"]),
        lambda: run.main([*places, *dubious]),
        lambda: run.main([*places, *ablated]),
        lambda: detector.main([*places, *table]),
        lambda: difficulty.main([*dataset, "--output", str(chosen.output / "difficulty")]),
        lambda: compare.main([str(chosen.output), "--figure", str(figure), *scores]),
    )
    for part in parts:
        code = part()
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
