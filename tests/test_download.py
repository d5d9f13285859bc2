import gzip
import itertools
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from genessl.download import download, is_available
from genessl.errors import InputError

CONTENT = b">gene\nMSTNPKPQRK\n" * 1000
GZIPPED = gzip.compress(CONTENT, mtime=0)
PAGE = b"<!DOCTYPE html>\n<html><body>Not found</body></html>"

# path: status, body, Content-Length that is promised
ANSWERS: dict[str, tuple[int, bytes, int | None]] = {
    "/genes.fasta.gz": (200, GZIPPED, len(GZIPPED)),
    "/genes.fasta": (200, CONTENT, None),
    "/cut.fasta.gz": (200, GZIPPED[:-20], len(GZIPPED)),
    "/cut_without_length.fasta.gz": (200, GZIPPED[:-20], None),
    "/wrong_sum.fasta.gz": (200, GZIPPED[:-8] + bytes(4) + GZIPPED[-4:], None),
    "/page.fasta.gz": (200, PAGE, len(PAGE)),
    "/page.obo": (200, b"\n" + PAGE, None),
    "/gzipped_page.obo.gz": (200, gzip.compress(PAGE), None),
    "/plain.fasta.gz": (200, CONTENT, None),
    "/empty.fasta": (200, b"", 0),
    "/busy.fasta": (503, b"", 0),
    "/index.html": (200, PAGE, len(PAGE)),
}
LARGE = bytes(range(256)) * 20_000  # more than the server's first sending


class Answer(BaseHTTPRequestHandler):
    requests: list[str]

    ranges: list[str | None]
    tags: Iterator[str]

    def do_GET(self) -> None:
        type(self).requests.append(self.path)
        if self.path == "/large.bin":
            return self.send_in_parts()
        status, body, length = ANSWERS.get(self.path, (404, b"", 0))
        if self.path == "/busy_once.fasta":
            status, body, length = (503, b"", 0) if self.requests.count(self.path) == 1 else (200, CONTENT, None)
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def send_in_parts(self) -> None:
        """Send two MiB at most and break off; go on where it is asked for, if the file has the same tag."""
        tag, start = next(self.tags), 0
        type(self).ranges.append(self.headers.get("Range"))
        if self.headers.get("If-Range") == tag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(LARGE) - 1}/{len(LARGE)}")
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(LARGE) - start))
        self.end_headers()
        self.wfile.write(LARGE[start : start + 2**21])

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Answer.requests, Answer.ranges = [], []
    running = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def sentence(server: str, tmp_path: Path) -> Callable[[str], str]:
    """Return the sentence that a download ends in; nothing may be left of it."""

    def fail(name: str) -> str:
        with pytest.raises(InputError) as caught:
            download(f"{server}/{name}", tmp_path / name, attempts=2, pause=0)
        assert list(tmp_path.iterdir()) == []
        return str(caught.value).replace(server, "")

    return fail


@pytest.mark.parametrize("name, content", [("genes.fasta.gz", GZIPPED), ("genes.fasta", CONTENT)])
def test_a_file_arrives_byte_for_byte(server, tmp_path, name, content):
    download(f"{server}/{name}", tmp_path / "new" / name)
    assert (tmp_path / "new" / name).read_bytes() == content
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


def test_a_file_url_is_copied(tmp_path):
    (tmp_path / "there.gz").write_bytes(GZIPPED)
    download((tmp_path / "there.gz").as_uri(), tmp_path / "here.gz")
    assert (tmp_path / "here.gz").read_bytes() == GZIPPED


def test_a_page_is_accepted_where_a_page_is_asked_for(server, tmp_path):
    download(f"{server}/index.html", tmp_path / "index.html")
    assert (tmp_path / "index.html").read_bytes() == PAGE


def test_a_missing_file_is_refused_at_once(server, sentence):
    assert sentence("nowhere.fasta") == "/nowhere.fasta: the server answers 404 Not Found; correct the URL"
    assert Answer.requests == ["/nowhere.fasta"]


def test_a_missing_local_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file; correct the URL"):
        download((tmp_path / "nowhere").as_uri(), tmp_path / "here")


def test_a_transfer_that_breaks_off_is_tried_again_and_then_refused(server, sentence):
    read = f"IncompleteRead({len(GZIPPED) - 20} bytes read, 20 more expected)"
    assert sentence("cut.fasta.gz") == (
        f"/cut.fasta.gz: the connection failed ({read}) at each of 2 attempts; try again later"
    )
    assert Answer.requests == ["/cut.fasta.gz"] * 2


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(server, tmp_path):
    Answer.tags = itertools.repeat('"one"')
    download(f"{server}/large.bin", tmp_path / "large.bin", pause=0)
    assert (tmp_path / "large.bin").read_bytes() == LARGE
    assert Answer.ranges == [None, "bytes=2097152-", "bytes=4194304-"]


@pytest.mark.parametrize("tags", [['"one"', '"two"', '"two"', '"two"'], ['W/"weak"'] * 3], ids=["changed", "weak"])
def test_a_transfer_starts_anew_where_the_file_may_have_changed(server, tmp_path, tags):
    Answer.tags = iter(tags)
    if len(tags) == 4:
        download(f"{server}/large.bin", tmp_path / "large.bin", pause=0)
        assert (tmp_path / "large.bin").read_bytes() == LARGE
        assert Answer.ranges == [None, "bytes=2097152-", "bytes=2097152-", "bytes=4194304-"]
    else:
        with pytest.raises(InputError, match="IncompleteRead"):
            download(f"{server}/large.bin", tmp_path / "large.bin", attempts=3, pause=0)
        assert Answer.ranges == [None] * 3


@pytest.mark.parametrize("name", ["cut_without_length.fasta.gz", "wrong_sum.fasta.gz"])
def test_damaged_gzip_is_refused(sentence, name):
    assert "the gzip file is damaged" in sentence(name)


def test_a_page_in_place_of_data_is_refused(sentence):
    assert "found an HTML page, expected a gzip file" in sentence("page.fasta.gz")
    assert "found an HTML page, expected data" in sentence("page.obo")
    assert "found a gzipped HTML page" in sentence("gzipped_page.obo.gz")


def test_plain_text_under_a_gzip_name_is_refused(sentence):
    assert "found b'>gene\\nMSTNPK', expected a gzip file" in sentence("plain.fasta.gz")


def test_an_empty_file_is_refused(sentence):
    assert sentence("empty.fasta") == "/empty.fasta: found an empty file; correct the URL"


def test_a_busy_server_is_asked_again(server, sentence, tmp_path):
    assert "the server answers 503" in sentence("busy.fasta")
    assert Answer.requests == ["/busy.fasta"] * 2
    download(f"{server}/busy_once.fasta", tmp_path / "genes.fasta", pause=0)
    assert (tmp_path / "genes.fasta").read_bytes() == CONTENT


def test_a_server_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:9/x: the connection failed .* at each of 2 attempts"):
        download("http://127.0.0.1:9/x", tmp_path / "x", attempts=2, pause=0)


def test_a_file_already_there_survives_a_failed_download(server, tmp_path):
    (tmp_path / "page.obo").write_bytes(b"old")
    with pytest.raises(InputError):
        download(f"{server}/page.obo", tmp_path / "page.obo")
    assert (tmp_path / "page.obo").read_bytes() == b"old"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "genes.fasta"])
def test_other_schemes_are_refused(tmp_path, url):
    with pytest.raises(InputError, match="expected a URL that begins with http://, https:// or file://"):
        download(url, tmp_path / "x")


def test_availability_is_asked_without_reading(server, tmp_path):
    assert is_available(f"{server}/genes.fasta.gz")
    assert not is_available(f"{server}/nowhere.fasta")
    assert not is_available((tmp_path / "nowhere").as_uri())
    with pytest.raises(InputError, match="the server cannot be reached"):
        is_available("http://127.0.0.1:9/x")
