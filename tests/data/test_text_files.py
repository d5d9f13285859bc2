import gzip
import zipfile
from pathlib import Path

import pytest

from genessl.data.text_files import read_lines
from genessl.errors import InputError

LINES = [(1, "first"), (2, ""), (3, "third")]
TEXT = b"first\n\nthird\n"


def test_compression_is_recognised_by_content_not_by_name(tmp_path: Path) -> None:
    plain, gzipped = tmp_path / "plain.gz", tmp_path / "gzipped.txt"
    plain.write_bytes(TEXT)
    gzipped.write_bytes(gzip.compress(TEXT))
    assert list(read_lines(plain)) == LINES
    assert list(read_lines(gzipped)) == LINES


def test_a_zip_of_one_file_is_read_and_one_of_two_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("network.txt", TEXT)
    assert list(read_lines(path)) == LINES
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(InputError, match="expected a zip of one file, found 2"):
        list(read_lines(path))


def test_line_ends_of_any_system_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_bytes(b"first\r\n\r\nthird")
    assert list(read_lines(path)) == LINES


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"empty: the file is empty; download or copy it again"):
        list(read_lines(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent: no such file"):
        list(read_lines(tmp_path / "absent"))


def test_a_truncated_gzip_is_refused_whatever_was_read_before(tmp_path: Path) -> None:
    whole = gzip.compress("".join(f"gene{k} {k * 7919 % 1000}\n" for k in range(5000)).encode())
    path = tmp_path / "cut.gz"
    for length in (12, len(whole) // 2, len(whole) - 4):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cut.gz: the compressed file is damaged after line \d+"):
            list(read_lines(path))


def test_a_gzip_with_damaged_bytes_is_refused(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress("".join(f"gene{k} {k * 7919 % 1000}\n" for k in range(5000)).encode()))
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / "bad.gz"
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"bad\.gz: "):
        list(read_lines(path))


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"first\nMu\xfcller\n")
    with pytest.raises(InputError, match=r"latin.txt: expected UTF-8 text, found byte 0xfc"):
        list(read_lines(path))
