"""One file from a URL: whole and of the expected kind, or not at all."""

from __future__ import annotations

import gzip
import http.client
import logging
import re
import time
import zlib
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from genessl.errors import InputError

_log = logging.getLogger(__name__)

_AGENT = {"User-Agent": "genessl"}
_SCHEMES = ("http", "https", "file")
_CHUNK = 1 << 20
_LOG_EVERY = 50 * _CHUNK
_GZIP_MAGIC = b"\x1f\x8b"
_HTML = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_PASSING_STATUS = (408, 425, 429, 500, 502, 503, 504)


class _PassingError(Exception):
    """A failure that may be gone at the next attempt, in words."""


def download(url: str, path: str | Path, *, timeout: float = 60.0, attempts: int = 4, pause: float = 2.0) -> None:
    """Download a file beside its place, check it, and only then give it its name.

    A file that is there already is replaced if the new one passes. A file whose name ends in .gz must be sound gzip to
    its last byte; an HTML page in place of data is refused.

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
    _check_scheme(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        for attempt in range(1, attempts + 1):
            try:
                _fetch(url, part, timeout)
                break
            except _PassingError as error:
                if attempt == attempts:
                    raise InputError(f"{url}: {error} at each of {attempts} attempts; try again later") from error
                _log.warning("%s: %s; next attempt in %g s", url, error, pause)
                time.sleep(pause)
                pause *= 2
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
    _check_scheme(url)
    for method in ("HEAD", "GET"):
        try:
            with urlopen(Request(url, headers=_AGENT, method=method), timeout=timeout):
                return True
        except HTTPError as error:
            error.close()
            if method == "GET" or error.code not in (403, 405, 501):
                return False
        except (URLError, OSError, http.client.HTTPException) as error:
            if _is_missing_file(error):
                return False
            raise InputError(
                f"{url}: the server cannot be reached ({_reason(error)}); check the address and your connection"
            ) from error
    return False


def _check_scheme(url: str) -> None:
    if urlsplit(url).scheme.lower() not in _SCHEMES:
        raise InputError(f"{url}: expected a URL that begins with http://, https:// or file://")


def _fetch(url: str, part: Path, timeout: float) -> None:
    """Write what the URL gives to a file, complete by Content-Length where the server tells it."""
    try:
        with urlopen(Request(url, headers=_AGENT), timeout=timeout) as response, part.open("wb") as file:
            received = _copy(response, file, url)
            promised = _content_length(response.headers)
    except HTTPError as error:
        error.close()
        if error.code in _PASSING_STATUS:
            raise _PassingError(f"the server answers {error.code} {error.reason}") from error
        raise InputError(f"{url}: the server answers {error.code} {error.reason}; correct the URL") from error
    except (URLError, OSError, http.client.HTTPException) as error:
        if _is_missing_file(error):
            raise InputError(f"{url}: no such file; correct the URL") from error
        raise _PassingError(f"the connection failed ({_reason(error)})") from error
    if promised is not None and received != promised:
        raise _PassingError(f"found {received} bytes, expected {promised} by Content-Length")


def _copy(response: IO[bytes], file: IO[bytes], url: str) -> int:
    received = 0
    while chunk := response.read(_CHUNK):
        file.write(chunk)
        if (received + len(chunk)) // _LOG_EVERY > received // _LOG_EVERY:
            _log.info("%s: %d MiB", url, (received + len(chunk)) >> 20)
        received += len(chunk)
    return received


def _content_length(headers: Message) -> int | None:
    length = headers.get("Content-Length")
    return int(length) if length is not None and length.isdigit() else None


def _is_missing_file(error: Exception) -> bool:
    return isinstance(error, URLError) and isinstance(error.reason, FileNotFoundError)


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error or type(error).__name__)


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
    if not head.startswith(_GZIP_MAGIC):
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
