"""Run the protocols of docs/benchmarks, each without and with embeddings, and record their tables at one commit.

    python -m benchmarks.protocols --mirror FOLDER --cores 2 --machine "two idle cores, no GPU"

For each protocol of docs/benchmarks/protocols.tsv the workflow runs its configuration, first as it stands and then with
the protocol's file of embeddings, as organism NAME_embeddings. The rows of `benchmarks.same_inputs` are added and, in
temporal protocols, the scores without protein binding. Scores, times and memory go to docs/benchmarks/tables. The
script refuses a checkout with changes and runs every rule anew, so that the commit tells what made the numbers.
`python -m benchmarks.pages` then writes the pages.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import yaml

from benchmarks import same_inputs, scores
from benchmarks.pages.tables import read_table

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "benchmarks"
EMBEDDED = "_embeddings"
KINDS = ("without", "with")
_BINDING = ("GO:0005515", "GO:0005488")  # protein binding and binding


def run_name(protocol: str, kind: str) -> str:
    """Return the organism's name in a run.

    >>> [run_name("yeast_2016", kind) for kind in KINDS]
    ['yeast_2016', 'yeast_2016_embeddings']
    """
    return protocol + EMBEDDED * (kind == "with")


def command(protocol: pd.Series, kind: str, *, mirror: Path, cores: int) -> list[str]:
    """Return the call of the workflow for a protocol without or with embeddings."""
    values = [f"mirror={mirror}", f"organism={run_name(protocol['protocol'], kind)}"]
    if kind == "with":
        values.append(f"embeddings={protocol['embeddings']}")
    return [
        "snakemake",
        "--forceall",
        "--cores",
        str(cores),
        "--configfile",
        protocol["configuration"],
        "--config",
        *values,
    ]


def run_protocols(names: Collection[str], kinds: Collection[str], *, mirror: Path, cores: int, machine: str) -> None:
    """Run protocols and record their tables; a failure ends the script and leaves the tables recorded before."""
    protocols = read_table(PAGES / "protocols.tsv")
    for _, protocol in protocols[protocols["protocol"].isin(names)].iterrows():
        for kind in kinds:
            name = run_name(protocol["protocol"], kind)
            subprocess.run(command(protocol, kind, mirror=mirror, cores=cores), cwd=ROOT, check=True)
            evaluation, logs = ROOT / "results" / name / "evaluation.tsv", ROOT / "logs" / name
            table = PAGES / "tables" / f"{name}.tsv"
            _done(scores.main([str(evaluation), "--table", str(table), "--logs", str(logs), "--machine", machine]))
            ontology = _found(mirror, yaml.safe_load((ROOT / protocol["configuration"]).read_text())["ontology"])
            _done(same_inputs.main([str(evaluation.parent), "--ontology", str(ontology)]))
            further = {"same_inputs": evaluation.with_name("same_inputs.tsv")}
            if evaluation.with_name("truth.tsv.gz").is_file():
                further["without_protein_binding"] = evaluate_without_binding(evaluation.parent, ontology)
            for kind_of_table, found in further.items():
                beside = table.with_name(f"{name}_{kind_of_table}.tsv")
                _done(scores.main([str(found), "--table", str(beside), "--machine", machine]))


def evaluate_without_binding(run: Path, ontology: Path) -> Path:
    """Test a run's predictions of molecular functions by later annotations without protein binding; return the table.

    The later annotations lose the rows of protein binding and of the term above it; where a more special term is
    annotated, it brings them back.
    """
    truth = pd.read_csv(run / "truth.tsv.gz", sep="\t", dtype=str)
    others, output = run / "truth_without_binding.tsv.gz", run / "evaluation_without_binding.tsv"
    truth[~truth["term"].isin(_BINDING)].to_csv(others, sep="\t", index=False)
    call = ["genessl", "evaluate", "--dataset", run / "dataset", "--truth", others, "--ontology", ontology]
    for table in sorted((run / "predictions").glob("*.tsv.gz")):
        if not table.name.endswith(".cafa.tsv.gz"):
            call += ["--predictions", f"{table.name.removesuffix('.tsv.gz')}={table}"]
    subprocess.run([*map(str, call), "--output", str(output)], check=True)
    found = pd.read_csv(output, sep="\t")
    found[(found["aspect"] == "MFO") & found["knowledge"].isin(["first", "PK"])].to_csv(output, sep="\t", index=False)
    return output


def _done(code: int) -> None:
    if code:
        raise SystemExit(code)


def _found(mirror: Path, name: str) -> Path:
    """Return the file of a name in the mirror or its subfolders."""
    return next(iter(sorted(mirror.rglob(name))), mirror / name)


def _changes() -> str:
    """Return what git finds changed in the code and the configuration; the tables themselves may change."""
    watched = ["genessl", "workflow", "config", "benchmarks", "pyproject.toml", "constraints.txt"]
    asked = ["git", "status", "--porcelain", *watched]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    """Run the protocols named; bad input ends in one sentence and exit code 2."""
    names = read_table(PAGES / "protocols.tsv")["protocol"].tolist()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", type=Path, required=True, help="folder with the protocols' files")
    parser.add_argument("--cores", type=int, default=2, help="cores for the workflow")
    parser.add_argument("--machine", required=True, help="cores, GPU, and what else ran, for the tables")
    parser.add_argument("--protocols", nargs="+", choices=names, default=names, help="which; all by default")
    parser.add_argument("--embeddings", nargs="+", choices=KINDS, default=KINDS, help="without, with or both (default)")
    chosen = parser.parse_args(arguments)
    if changed := _changes():
        print(f"protocols.py: error: found changes in this checkout, commit them first:\n{changed}", file=sys.stderr)
        return 2
    try:
        mirror = chosen.mirror.resolve()
        run_protocols(chosen.protocols, chosen.embeddings, mirror=mirror, cores=chosen.cores, machine=chosen.machine)
    except subprocess.CalledProcessError as error:
        print(f"protocols.py: error: '{' '.join(error.cmd)}' failed; its messages are above", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
