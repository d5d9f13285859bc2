"""One file from a URL: whole and of the expected kind, or not at all."""

from __future__ import annotations

import gzip
import logging
import re
import shutil
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests

from genessl.errors import InputError

_log = logging.getLogger(__name__)

_CHUNK = 1 << 16  # what a broken connection may lose of what has come
_LOG_EVERY = 50 << 20
_HTML = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_HEADERS = {"User-Agent": "genessl", "Accept-Encoding": "identity"}
_PASSING_STATUS = (408, 416, 425, 429, 500, 502, 503, 504)


def download(url: str, path: str | Path, *, timeout: float = 60.0, attempts: int = 4, pause: float = 2.0) -> None:
    """Download a file beside its place, check it, and only then give it its name.

    A transfer that breaks off goes on where it stopped, if the server can tell that the file is still the same. A file
    that is there already is replaced if the new one passes. A file whose name ends in .gz must be sound gzip to its
    last byte; an HTML page in place of data is refused.

    Parameters
    ----------
    url : str
        http, https or file.
    path : str or Path
        Its folder is made where it is missing.
    timeout : float, default=60
        Seconds to wait for the server's next byte.
    attempts : int, default=4
        For a broken connection or a server that is busy; a refusal is final.
    pause : float, default=2
        Seconds before the second attempt, doubled before each further one.

    Raises
    ------
    InputError
        If the URL cannot be read, or what came is incomplete or of another kind.
    """
    path = Path(path)
    local = _local_file(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        if local is None:
            _fetch(url, part, timeout, attempts, pause)
        elif local.is_file():
            shutil.copyfile(local, part)
        else:
            raise InputError(f"{url}: no such file; correct the URL")
        _check_kind(url, part, path.name)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    _log.info("%s: %d bytes from %s", path, path.stat().st_size, url)


def is_available(url: str, *, timeout: float = 20.0) -> bool:
    """Return whether a URL exists, without reading it.

    Raises
    ------
    InputError
        If its server cannot be reached.
    """
    local = _local_file(url)
    if local is not None:
        return local.exists()
    try:
        with requests.get(url, headers=_HEADERS, timeout=timeout, stream=True) as response:
            return response.ok
    except requests.RequestException as error:
        raise InputError(
            f"{url}: the server cannot be reached ({_reason(error)}); check the address and your connection"
        ) from error


def _local_file(url: str) -> Path | None:
    """Return the path that a file:// URL names, None for http and https."""
    parts = urlsplit(url)
    if parts.scheme.lower() not in ("http", "https", "file"):
        raise InputError(f"{url}: expected a URL that begins with http://, https:// or file://")
    return Path(url2pathname(parts.path)) if parts.scheme.lower() == "file" else None


def _fetch(url: str, part: Path, timeout: float, attempts: int, pause: float) -> None:
    same = ""  # what the server calls this version of the file
    for attempt in range(1, attempts + 1):
        held = part.stat().st_size if same and part.is_file() else 0
        rest = {"Range": f"bytes={held}-", "If-Range": same} if held else {}
        try:
            with requests.get(url, headers=_HEADERS | rest, timeout=timeout, stream=True) as response:
                _check_answer(url, response, part)
                tag = response.headers.get("ETag", "W/")
                same = response.headers.get("Last-Modified", "") if tag.startswith("W/") else tag
                _write(url, response, part, held)
            return
        except requests.RequestException as error:
            answered = isinstance(error, requests.HTTPError)
            failure = str(error) if answered else f"the connection failed ({_reason(error)})"
            if attempt == attempts:
                raise InputError(f"{url}: {failure} at each of {attempts} attempts; try again later") from error
            _log.warning("%s: %s; next attempt in %g s", url, failure, pause)
            time.sleep(pause * 2 ** (attempt - 1))


def _check_answer(url: str, response: requests.Response, part: Path) -> None:
    answer = f"the server answers {response.status_code} {response.reason}"
    if response.status_code in _PASSING_STATUS:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink(missing_ok=True)
        raise requests.HTTPError(answer)
    if not response.ok:
        raise InputError(f"{url}: {answer}; correct the URL")


def _write(url: str, response: requests.Response, part: Path, held: int) -> None:
    """Write what the server sends, behind what is held where it sends the rest alone; urllib3 checks the length."""
    goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {held}-")
    with part.open("ab" if goes_on else "wb") as file:
        for chunk in response.iter_content(_CHUNK):
            file.write(chunk)
            if file.tell() // _LOG_EVERY > (file.tell() - len(chunk)) // _LOG_EVERY:
                _log.info("%s: %d MiB", url, file.tell() >> 20)


def _reason(error: BaseException) -> str:
    """Return what lies at the bottom of an error that libraries have wrapped."""
    while error.__context__ is not None:
        error = error.__context__
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _check_kind(url: str, part: Path, name: str) -> None:
    """Refuse an empty file, HTML under another name, and damaged gzip under the name .gz."""
    with part.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise InputError(f"{url}: found an empty file; correct the URL")
    wanted = "a gzip file" if name.endswith(".gz") else "data"
    if _HTML.match(head) and not name.endswith((".html", ".htm", ".xhtml")):
        raise InputError(f"{url}: found an HTML page, expected {wanted}; open the URL in a browser and correct it")
    if name.endswith(".gz"):
        _check_gzip(url, part, head)


def _check_gzip(url: str, part: Path, head: bytes) -> None:
    if not head.startswith(b"\x1f\x8b"):
        raise InputError(
            f"{url}: found {head[:12]!r}, expected a gzip file as its name ends in .gz; correct the URL or the name"
        )
    try:
        with gzip.open(part, "rb") as content:
            inside = content.read(1024)
            while content.read(_CHUNK):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{url}: the gzip file is damaged ({error}); download it again or correct the URL") from error
    if _HTML.match(inside):
        raise InputError(f"{url}: found a gzipped HTML page, expected data; correct the URL")
