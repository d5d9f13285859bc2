"""Time from annotations (GAF) and an ontology (OBO) to labels closed over the ontology, beside goatools.

    python -m benchmarks.speed.reading FOLDER --goatools-python goatools_environment/bin/python

FOLDER is the folder of real data, by default that of the environment variable GENESSL_TEST_DATA. goatools is not among
the dependencies; `python -m venv goatools_environment; goatools_environment/bin/pip install goatools` installs it.

Both programs read the same unpacked files of yeast in processes of their own, one after the other, in turns. Each gives
the terms of each annotated object, once by experiments and once by all evidence: with is_a and part_of within a
namespace, without NOT and ND. The pairs of object and term must be the same. Time is that of the processor, without
starting Python and importing, and the shortest of the rounds counts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GAF = "gene_association.sgd_2016-08-13.gaf.gz"
OBO = "go_2015-07-11.obo.gz"
EXPERIMENTAL = frozenset(("EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "HTP", "HDA", "HMP", "HGI", "HEP", "TAS", "IC"))
NAMESPACES = {"BP": "biological_process", "MF": "molecular_function", "CC": "cellular_component"}
Pairs = dict[str, set[tuple[str, str]]]


def read_with_genessl(gaf: Path, obo: Path) -> tuple[float, Pairs]:
    """Return the seconds, and the pairs of annotated object and term by kind of evidence."""
    from genessl.data.annotations import read_annotations
    from genessl.data.coverage import Coverage
    from genessl.data.identifiers import GeneIdentifiers
    from genessl.data.labels import label_genes
    from genessl.data.ontology import read_obo

    start = time.process_time()
    ontology = read_obo(obo)
    annotations = read_annotations(gaf)
    genes = annotations["gene"].cat.categories.tolist()
    labels = label_genes(annotations, GeneIdentifiers(genes, []), genes, ontology, Coverage(), source="annotations")
    seconds = time.process_time() - start
    every = (labels.positive + labels.electronic).tocoo()
    found = {"experiments": labels.positive.tocoo(), "all evidence": every}
    return seconds, {
        kind: {(genes[row], ontology.terms[column]) for row, column in zip(matrix.row.tolist(), matrix.col.tolist())}
        for kind, matrix in found.items()
    }


def read_with_goatools(gaf: Path, obo: Path) -> tuple[float, Pairs]:
    """Return what `read_with_genessl` does; leaving out ancestors in another namespace is not timed."""
    from goatools.anno.gaf_reader import GafReader  # type: ignore[import-not-found]
    from goatools.obo_parser import GODag  # type: ignore[import-not-found]

    options = {"propagate_counts": True, "relationships": {"part_of"}, "prt": None}
    start = time.process_time()
    terms = GODag(str(obo), optional_attrs={"relationship"}, prt=None)
    annotations = GafReader(str(gaf), godag=terms)
    found = {
        "experiments": annotations.get_ns2assc(ev_include=set(EXPERIMENTAL), **options),
        "all evidence": annotations.get_ns2assc(**options),
    }
    seconds = time.process_time() - start
    return seconds, {
        kind: {
            (gene, terms[term].item_id)
            for namespace, genes in by_namespace.items()
            for gene, held in genes.items()
            for term in held
            if terms[term].namespace == NAMESPACES[namespace]
        }
        for kind, by_namespace in found.items()
    }


READERS = {"genessl": read_with_genessl, "goatools": read_with_goatools}


def read_once(program: str, gaf: Path, obo: Path, output: Path) -> None:
    """Read with one program and write its pairs and seconds, for the process that asked."""
    with contextlib.redirect_stdout(sys.stderr):
        seconds, pairs = READERS[program](gaf, obo)
    output.write_text(json.dumps({"seconds": seconds, "pairs": {kind: sorted(held) for kind, held in pairs.items()}}))


def compare(folder: Path, pythons: dict[str, str], rounds: int) -> dict[str, float]:
    """Run the programs in turns, print what they find, and return the shortest time of each.

    Raises
    ------
    SystemExit
        If the pairs are not the same.
    """
    seconds: dict[str, list[float]] = {program: [] for program in READERS}
    pairs: dict[str, dict[str, list[list[str]]]] = {}
    with tempfile.TemporaryDirectory() as place:
        gaf, obo = (unpacked(folder, name, Path(place)) for name in (GAF, OBO))
        for _ in range(rounds):
            for program in READERS:
                output = Path(place) / f"{program}.json"
                command = [pythons[program], str(Path(__file__).resolve()), "--program", program]
                subprocess.run([*command, str(gaf), str(obo), str(output)], check=True, stderr=subprocess.DEVNULL)
                found = json.loads(output.read_text())
                seconds[program].append(found["seconds"])
                pairs[program] = found["pairs"]
    for kind, expected in pairs["goatools"].items():
        same = pairs["genessl"][kind] == expected
        objects = len({gene for gene, _ in expected})
        print(
            f"{kind}: {len(expected)} pairs of {objects} objects, {'the same' if same else 'others'} by both programs"
        )
        if not same:
            raise SystemExit("the two programs give different pairs")
    return {program: min(times) for program, times in seconds.items()}


def unpacked(folder: Path, name: str, place: Path) -> Path:
    """Unpack a file of the folder of real data, because goatools reads no gzip."""
    import gzip

    found = next(folder.rglob(name), None)
    if found is None:
        raise SystemExit(f"{folder}: found no {name}, expected the folder of real data")
    target = place / name.removesuffix(".gz")
    with gzip.open(found) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
    return target


def main(arguments: list[str] | None = None) -> int:
    """Print the pairs, the seconds of both programs and how many times as fast genessl is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("GENESSL_TEST_DATA"))
    parser.add_argument("--goatools-python", default=sys.executable, help="an interpreter that has goatools")
    parser.add_argument("--rounds", type=int, default=5, help="how often each program reads (default: 5)")
    chosen = parser.parse_args(arguments)
    if chosen.folder is None:
        parser.error("give the folder of real data, or set GENESSL_TEST_DATA")
    seconds = compare(
        Path(chosen.folder), {"genessl": sys.executable, "goatools": chosen.goatools_python}, chosen.rounds
    )
    for program, shortest in seconds.items():
        print(f"{program}: {shortest:.2f} s")
    print(f"genessl is {seconds['goatools'] / seconds['genessl']:.1f} times as fast")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--program"]:
        read_once(sys.argv[2], *map(Path, sys.argv[3:]))
    else:
        sys.exit(main())
