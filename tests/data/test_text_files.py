import bz2
import gzip
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from genessl.data.text_files import read_head, read_lines
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
        with pytest.raises(InputError, match=r"cut.gz: the compressed file is damaged( after line \d+)? \("):
            list(read_lines(path))


def test_a_gzip_with_damaged_bytes_is_refused(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress("".join(f"gene{k} {k * 7919 % 1000}\n" for k in range(5000)).encode()))
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / "bad.gz"
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"bad\.gz: "):
        list(read_lines(path))


def test_lines_that_are_not_utf_8_are_read_as_latin_1_with_one_warning(tmp_path, caplog) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("first\ngrün\n".encode() + b"M\xfcller\n\xe9\n")
    assert list(read_lines(path)) == [(1, "first"), (2, "grün"), (3, "Müller"), (4, "é")]
    (warning,) = caplog.messages
    assert warning.endswith("latin.txt:3: byte 0xfc is not UTF-8, such lines are read as Latin-1")


def test_utf_16_with_a_byte_order_mark_is_text(tmp_path: Path) -> None:
    path = tmp_path / "excel.txt"
    path.write_text("first\r\n\r\nthird", encoding="utf-16")
    assert list(read_lines(path)) == LINES


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress])
def test_other_compressions_are_read(tmp_path: Path, compress) -> None:
    path = tmp_path / "packed"
    path.write_bytes(compress(TEXT))
    assert list(read_lines(path)) == LINES


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "a Git LFS pointer"),
        (b"  \n<!DOCTYPE html>\n<html></html>", "a web page"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"gene\x00\x01\x02", "a binary file"),
        (b"\x1f\x9d\x90abc", "the compression of Unix"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7-Zip archive"),
        (b"../.git/annex/objects/aa/bb/MD5E-s1--c.txt\n", "a pointer of git-annex"),
        (b"404: Not Found", "the answer of a server that has no such file"),
        (b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>", "an error message of a server"),
        (b"<?xml version='1.0'?>\n<html xmlns='x'>", "a web page"),
        (b"<head><title>302 Found</title></head>", "a web page"),
        (b"RDX3\nX\n\x00\x00\x00", "data of R"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_files_that_are_no_text_are_named_for_what_they_are(tmp_path: Path, content, kind, packed) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(InputError, match=rf"file:1: found {kind}"):
        list(read_lines(path))


def test_what_is_compressed_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    for inside in (gzip.compress(TEXT), bz2.compress(TEXT), lzma.compress(TEXT)):
        path.write_bytes(gzip.compress(inside))
        with pytest.raises(InputError, match=r"file\.gz:1: found a file that is compressed twice; unpack it once"):
            list(read_lines(path))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_archive_is_named(tmp_path: Path, mode: str) -> None:
    (tmp_path / "table.txt").write_bytes(TEXT)
    with tarfile.open(tmp_path / "file", mode) as archive:  # type: ignore[call-overload]
        archive.add(tmp_path / "table.txt", "table.txt")
    with pytest.raises(InputError, match="file: found a tar archive, expected one file; unpack the one you need"):
        list(read_lines(tmp_path / "file"))


def test_what_macos_adds_to_a_zip_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "network.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (("network.txt", TEXT), ("__MACOSX/._network.txt", b"x"), (".DS_Store", b"x")):
            archive.writestr(name, content)
    assert list(read_lines(path)) == LINES


@pytest.mark.parametrize(
    ("member", "kind"),
    [("word/document.xml", "a Word document"), ("a.npy", "an npz of NumPy"), ("mimetype", "an OpenDocument")],
)
def test_other_archives_are_named(tmp_path: Path, member: str, kind: str) -> None:
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        archive.writestr(member, "x")
        if member != "a.npy":
            archive.writestr("content.xml", "x")
    with pytest.raises(InputError, match=f"file: found {kind}"):
        list(read_lines(tmp_path / "file"))


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found a folder, expected a file; name the file in it"):
        list(read_lines(tmp_path))


def test_a_file_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").write_bytes(TEXT)
    monkeypatch.setattr(Path, "open", refuse)  # the superuser may read all files
    with pytest.raises(InputError, match="file: found no permission to read the file; give it to yourself"):
        list(read_lines(tmp_path / "file"))


def test_a_workbook_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "x")
        archive.writestr("xl/workbook.xml", "x")
    with pytest.raises(InputError, match="found an Excel workbook; save it as tab-separated text"):
        list(read_lines(path))


def test_a_line_of_many_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"first\n" + b"A" * (10 << 20))
    with pytest.raises(InputError, match=r"long:2: found a line of more than 8 million characters"):
        list(read_lines(path))


def test_a_file_that_expands_a_thousand_times_is_refused_early(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress((b"A" * 1023 + b"\n") * (100 << 10)))
    with pytest.raises(InputError, match=r"bomb: more than 64 MB come out of \d+ KB"):
        list(read_lines(path))


def test_the_head_reaches_beyond_many_comments(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("# comment\n" * 1000 + "a\tb\n" * 1000)
    head = read_head(path)
    assert len(head.rows) == 200
    assert head.rows[0] == (1001, "a\tb")


def test_the_head_holds_the_first_lines_that_are_not_blank(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("\n# Gene \tName\n!comment\na\tb\n" + "c\td\n" * 1000)
    head = read_head(path)
    assert head.first == (2, "# Gene \tName")
    assert head.header == ("gene", "name")
    assert head.rows[0] == (4, "a\tb")
    assert head.columns()[:2] == (["a", "b"], ["c", "d"])
    assert len(head.lines) == 202  # two are comments


def test_the_head_of_very_long_lines_is_short(tmp_path: Path) -> None:
    path = tmp_path / "wide"
    path.write_bytes((b"A" * (5 << 20) + b"\n") * 6)
    assert len(read_head(path).lines) == 2


def test_blank_lines_have_no_head(tmp_path: Path) -> None:
    path = tmp_path / "blank"
    path.write_text("\n \n")
    with pytest.raises(InputError, match="blank: found blank lines only"):
        read_head(path)
