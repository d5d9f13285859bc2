"""What the user sees of a mistake in the configuration: one sentence, before any job."""

import pytest

MINE = ("--configfile", "my.yaml")


def only_sentence(result):
    """Return the one line that a run has printed besides Snakemake's remark on the profile."""
    lines = [line for line in (result.stdout + result.stderr).splitlines() if not line.startswith("Using workflow")]
    assert len(lines) == 1, lines
    assert result.returncode == 1
    return lines[0].removeprefix("genessl: error: ")


@pytest.mark.parametrize(
    "changes, start",
    [
        ({"anotations": "t0.gaf"}, "configuration: there is no key 'anotations', did you mean 'annotations'?"),
        (
            {"models": {"label_propagation": {"restrat": 0.1}}},
            "models: label_propagation has no parameter 'restrat', did you mean 'restart'?",
        ),
        ({"ontology": "gone.obo"}, "ontology: found no 'gone.obo' in the working directory;"),
        ({"mirror": "gone"}, "mirror: found no folder 'gone';"),
        (
            {"sequences": "seq{1}.fasta"},
            "sequences: found braces in the path 'seq{1}.fasta', which Snakemake takes for a",
        ),
        ({"evidence": ["QQQ"]}, "evidence: there is no code 'QQQ'; expected some of EXP, HDA,"),
        ({"taxon": "E. coli"}, "taxon: found 'E. coli', expected a number,"),
        ({"later_annotations": None}, "later_annotations: found null, expected a later GAF for the temporal scheme;"),
    ],
    ids=["key", "parameter", "file", "mirror", "braces", "evidence", "taxon", "scheme"],
)
def test_a_mistake_ends_in_one_sentence_before_any_job(workplace, changes, start):
    (workplace.folder / "seq{1}.fasta").touch()
    workplace.configure(**changes)
    assert only_sentence(workplace.snakemake(*MINE)).startswith(start)
    assert not workplace.calls.exists()


def test_a_mistake_on_the_command_line_ends_in_one_sentence(workplace):
    sentence = only_sentence(workplace.snakemake(*MINE, "--config", "miror=x"))
    assert sentence.startswith("configuration: there is no key 'miror', did you mean 'mirror'?")
