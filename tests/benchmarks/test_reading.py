"""The pairs that the benchmark of reading compares, on an ontology of five terms."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.speed import reading

OBO = """[Term]
id: GO:0000001
namespace: biological_process

[Term]
id: GO:0000002
namespace: biological_process
is_a: GO:0000001

[Term]
id: GO:0000003
namespace: biological_process
relationship: part_of GO:0000002

[Term]
id: GO:0000004
namespace: molecular_function
is_a: GO:0000005
relationship: part_of GO:0000002

[Term]
id: GO:0000005
namespace: molecular_function
"""
ROW = "DB\t{}\t{}\t{}\t{}\tREF\t{}\t\tP\t\t\tprotein\ttaxon:1\t20200101\tDB\n"
ROWS = [
    ("a", "sym", "", "GO:0000003", "IDA"),
    ("b", "sym", "", "GO:0000004", "IEA"),
    ("b", "sym", "NOT", "GO:0000003", "IDA"),
    ("b", "sym", "", "GO:0000001", "ND"),
]
PART = [["a", "GO:0000001"], ["a", "GO:0000002"], ["a", "GO:0000003"]]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "x.gaf").write_text("!gaf-version: 2.1\n" + "".join(ROW.format(*row) for row in ROWS))
    (tmp_path / "x.obo").write_text(OBO)
    return tmp_path / "x.gaf", tmp_path / "x.obo"


def test_pairs_are_closed_by_is_a_and_part_of_within_a_namespace_without_not_and_nd(files, tmp_path):
    reading.read_once("genessl", *files, tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["pairs"] == {"experiments": PART, "all evidence": [*PART, ["b", "GO:0000004"], ["b", "GO:0000005"]]}
    assert found["seconds"] > 0


def test_other_pairs_end_the_comparison(monkeypatch, tmp_path, capsys):
    answers = {"genessl": PART[:2], "goatools": PART}

    def answer(command, **_):
        program = command[command.index("--program") + 1]
        Path(command[-1]).write_text(json.dumps({"seconds": 1.0, "pairs": {"experiments": answers[program]}}))

    monkeypatch.setattr(subprocess, "run", answer)
    monkeypatch.setattr(reading, "unpacked", lambda folder, name, place: place / name)
    pythons = dict.fromkeys(answers, sys.executable)
    with pytest.raises(SystemExit, match="different pairs"):
        reading.compare(tmp_path, pythons, 1)
    answers["genessl"] = PART
    assert reading.compare(tmp_path, pythons, 2) == {"genessl": 1.0, "goatools": 1.0}
    assert "experiments: 3 pairs of 1 objects, the same by both programs" in capsys.readouterr().out


@pytest.mark.skipif("GENESSL_TEST_DATA" not in os.environ, reason="set GENESSL_TEST_DATA to the folder of real data")
def test_yeast_2016_has_the_pairs_that_goatools_finds(tmp_path):
    folder = Path(os.environ["GENESSL_TEST_DATA"])
    gaf, obo = (reading.unpacked(folder, name, tmp_path) for name in (reading.GAF, reading.OBO))
    _, pairs = reading.read_with_genessl(gaf, obo)
    # counted by goatools 1.6.9 with the benchmark
    assert {kind: (len(held), len({gene for gene, _ in held})) for kind, held in pairs.items()} == {
        "experiments": (365383, 5866),
        "all evidence": (461924, 6124),
    }
