"""Files from mirrors and from URLs, the latter downloaded by the real command from a server on this machine."""

import functools
import gzip
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.workflow.conftest import MORE

MINE = ("--configfile", "my.yaml")
ONTOLOGY = gzip.compress(b"format-version: 1.2\n", mtime=0)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Return a base URL and the folder behind it."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "new.obo.gz").write_bytes(ONTOLOGY)
    running = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", folder
    running.shutdown()
    running.server_close()


def test_a_mirror_on_the_command_line_is_searched_with_its_subfolders(workplace):
    (workplace.folder / "data" / "deep").mkdir(parents=True)
    (workplace.folder / "data" / "deep" / "elsewhere.obo").write_text(MORE[".obo"])
    workplace.configure(ontology="elsewhere.obo")
    assert workplace.snakemake("results/mine/evaluation.tsv", *MINE, "--config", "mirror=data").returncode == 0
    calls = workplace.calls.read_text()
    assert '"ontology": "data/deep/elsewhere.obo"' in calls
    assert "--ontology data/deep/elsewhere.obo" in calls


def test_a_url_is_downloaded_once_into_resources(workplace, server):
    base, _ = server
    workplace.configure(ontology=f"{base}/new.obo.gz")
    result = workplace.snakemake("results/mine/dataset", *MINE)
    assert result.returncode == 0, result.stderr
    assert (workplace.folder / "resources" / "new.obo.gz").read_bytes() == ONTOLOGY
    assert '"ontology": "resources/new.obo.gz"' in workplace.calls.read_text()
    assert "download" not in workplace.planned(*MINE)


def test_a_name_is_downloaded_from_a_base_url_that_has_it(workplace, server):
    base, _ = server
    workplace.configure(ontology="new.obo.gz", mirror=base)
    assert "download" in workplace.planned(*MINE)
    workplace.configure(ontology="gone.obo.gz", mirror=base)
    assert f"found no 'gone.obo.gz' in the working directory, the mirror {base};" in workplace.snakemake(*MINE).stderr


def test_a_damaged_download_ends_in_one_sentence_and_leaves_nothing(workplace, server):
    base, folder = server
    (folder / "new.obo.gz").write_bytes(ONTOLOGY[:-6])
    workplace.configure(ontology=f"{base}/new.obo.gz")
    result = workplace.snakemake("results/mine/dataset", *MINE)
    assert result.returncode == 1
    assert f"genessl: error: {base}/new.obo.gz: the gzip file is damaged" in result.stderr, result.stderr
    assert sorted(path.name for path in (workplace.folder / "resources").iterdir()) == ["example.yaml"]
