"""What the first lines of a file show is said before any job runs, with the key of the configuration."""

from pathlib import Path

import pytest

from genessl.assembly.inspection import inspect_files
from genessl.errors import InputError

GAF = "SYN\tSYN001\tsyn1\t\tGO:9000002\tPMID:1\tIDA\t\tP\t\t\tprotein\ttaxon:1\t20200101\tSYN\n"
FILES = {
    "identifiers": {
        "a GAF, whose symbols": "!gaf-version: 2.2\n" + GAF,
        "annotations with terms": "#tax_id\tGeneID\tGO_ID\tEvidence\n1\t2\tGO:9000002\tIDA\n",
        "sequences in FASTA": ">SYN001\nMKV\n",
        "an edge list with weights": "SYN001\tSYN002\t0.5\nSYN002\tSYN003\t0.6\n",
        "the same names in both columns": "a\tb\nb\tc\nc\ta\na\tc\nb\td\n",
    },
    "annotations": {
        "no column 'GO EVIDENCE CODE'": "GENE PRODUCT ID\tGO TERM\tDATE\nSYN001\tGO:9000002\t20200101\n",
        "no column 'GOs'": "#query\tseed_ortholog\tevalue\nSYN001\t1.SYN001\t1\n",
        "'Tags\tSeqName": "Tags\tSeqName" + "\tx" * 14 + "\n" + "y\tSYN001" + "\tx" * 14 + "\n",
    },
}


@pytest.mark.parametrize(("key", "found"), [(key, found) for key, files in FILES.items() for found in files])
def test_what_the_first_lines_show_is_said_with_its_key(tmp_path: Path, key: str, found: str) -> None:
    path = tmp_path / "file.txt"
    path.write_text(FILES[key][found])
    with pytest.raises(InputError) as caught:
        inspect_files({key: [str(path)]})
    assert str(caught.value).startswith(f"{key}: {path}")
    assert f"found {found}" in str(caught.value)


def test_files_that_can_be_read_pass(tmp_path: Path) -> None:
    annotations, aliases = tmp_path / "annotations.gaf", tmp_path / "aliases.tsv"
    annotations.write_text(GAF)
    aliases.write_text("gene\talias\nSYN001\tsyn1\nSYN002\tsyn2\n")
    inspect_files({"annotations": str(annotations), "identifiers": [str(aliases)]})
