"""Bytes to text: refuse by content what is no text, find the encoding, refuse control characters."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

from qualadmin.csvio.characters import code_point
from qualadmin.csvio.errors import InputRefused
from qualadmin.csvio.table import Limits

_SPREADSHEET_ADVICE = "Open it in your spreadsheet program and save it as “CSV UTF-8”."
_ZIP = f"This is a workbook (Excel, LibreOffice, Numbers) or a ZIP file, not a CSV file. {_SPREADSHEET_ADVICE}"

#: First bytes of files people give a .csv name. Content decides, never the file name.
_SIGNATURES: Sequence[tuple[bytes, str, str]] = (
    (b"PK\x03\x04", "zip", _ZIP),
    (b"PK\x05\x06", "zip", _ZIP),
    (b"PK\x07\x08", "zip", _ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole", f"This is an old Excel or Word file. {_SPREADSHEET_ADVICE}"),
    (b"%PDF", "pdf", "This is a PDF. Export the list as CSV from the program that made it."),
    (b"\x89PNG", "image", "This is a picture (PNG). Give a CSV or text file."),
    (b"\xff\xd8\xff", "image", "This is a picture (JPEG). Give a CSV or text file."),
    (b"GIF8", "image", "This is a picture (GIF). Give a CSV or text file."),
    (b"\x1f\x8b", "archive", "This file is compressed (gzip). Unpack it first."),
    (b"BZh", "archive", "This file is compressed (bzip2). Unpack it first."),
    (b"\xfd7zXZ\x00", "archive", "This file is compressed (xz). Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "archive", "This is a 7-Zip archive. Unpack it first."),
    (b"Rar!\x1a\x07", "archive", "This is a RAR archive. Unpack it first."),
    (b"SQLite format 3\x00", "database", "This is a database file. Export the list as CSV."),
    (b"{\\rtf", "rtf", f"This is a formatted document (RTF). {_SPREADSHEET_ADVICE}"),
    (b"\x7fELF", "program", "This is a program. Give a CSV or text file."),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|\?xml|table|head|body)\b", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_ENDED_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_LINE_END_BYTES = re.compile(rb"\r\n|\r|\n")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UTF8_ADVICE = "Save it as “CSV UTF-8” and upload it again."


def decode(data: bytes, limits: Limits) -> tuple[str, str]:
    """The text without BOM, and the name of its encoding. Raises InputRefused."""
    if len(data) > limits.max_bytes:
        raise InputRefused(
            f"The file has {len(data):,} bytes. At most {limits.max_bytes:,} can be read. Split it.",
            code="too_many_bytes",
        )
    _refuse_by_content(data)
    text, encoding = _decode(data)
    check_characters(text, limits)
    return text, encoding


def check_characters(text: str, limits: Limits) -> None:
    """Refuse control characters and lines beyond the limit, with the line. Raises InputRefused."""
    found = _FORBIDDEN.search(text)
    if found:
        line = line_of(text, found.start())
        raise InputRefused(
            f"Line {line} holds a control character ({code_point(found.group())}). The file is damaged or "
            "not a text file. Remove the character or export the file again.",
            code="control_character",
            line=line,
        )
    for number, ended in enumerate(ended_lines(text), start=1):
        if len(ended) > limits.max_line:
            raise InputRefused(
                f"Line {number} has {len(ended):,} characters. At most {limits.max_line:,} can be read. "
                "Is this a CSV file?",
                code="line_too_long",
                line=number,
            )


def ended_lines(text: str) -> Iterator[str]:
    """The lines with their ends (CR, LF or CRLF, also mixed), as an editor counts them.

    What `io.StringIO` would give, without the copy it makes at four bytes a character.
    """
    return (found.group() for found in _ENDED_LINE.finditer(text))


def line_of(text: str, position: int) -> int:
    """The 1-based line of a position."""
    return 1 + sum(1 for _ in _LINE_END.finditer(text, 0, position))


def _refuse_by_content(data: bytes) -> None:
    for signature, code, advice in _SIGNATURES:
        if data.startswith(signature):
            raise InputRefused(advice, code=code)
    if _MARKUP.match(data.removeprefix(codecs.BOM_UTF8)[:200]):
        raise InputRefused(f"This is a web page or XML, not a CSV file. {_SPREADSHEET_ADVICE}", code="markup")


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise InputRefused(f"The file is in UTF-32. {_UTF8_ADVICE}", code="utf32")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16-le" if data.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
        return _decode_utf16(data[2:], encoding), encoding
    bom = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if bom else data
    zeros = body[:2000].count(0)
    if zeros * 4 > len(body[:2000]):
        raise InputRefused(
            f"The file looks like UTF-16 without its mark. {_UTF8_ADVICE}", code="utf16_without_bom"
        )
    try:
        return body.decode("utf-8"), "utf-8-sig" if bom else "utf-8"
    except UnicodeDecodeError as error:
        line = 1 + sum(1 for _ in _LINE_END_BYTES.finditer(body, 0, error.start))
        raise InputRefused(
            f"Line {line} is not in UTF-8 (byte 0x{body[error.start]:02X}). {_UTF8_ADVICE}",
            code="not_utf8",
            line=line,
        ) from error


def _decode_utf16(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        line = line_of(body[: error.start].decode(encoding, errors="replace"), len(body))
        raise InputRefused(
            f"Line {line} is not whole UTF-16; the file is damaged or cut. {_UTF8_ADVICE}",
            code="not_utf16",
            line=line,
        ) from error
