"""Reads mails as they are sent (MIME), however broken their heads, charsets and encodings are."""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.policy import Compat32
from email.utils import parsedate_to_datetime

from ingest.readers.encoding import decode
from ingest.readers.mail.message import Attachment, Mail, Text, attached, better, read_mail
from ingest.readers.source_file import SourceFile, clean, decoded, in_utc
from kb.types import Document

_FIELDS = ("From", "To", "Cc", "Bcc", "Date", "Subject")
_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bq])\?(.*?)\?=", re.IGNORECASE | re.DOTALL)
_LENGTH = re.compile(rb"\s*(\d+)\s*\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_TRANSFER = re.compile(r"\s*([\w-]+)")
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_MESSAGES = frozenset({"message/rfc822", "message/global"})
_NOT_SHOWN = frozenset(
    {*_SIGNATURES, "text/x-amp-html", "application/pgp-encrypted", "text/rfc822-headers", "message/external-body"}
)
_WIDE_WITHIN = 1000


@dataclass(frozen=True, slots=True)
class EmlReader:
    def read(self, file: SourceFile) -> Iterator[Document | SourceFile]:
        yield from read_mail(file, _Contents(file).mail(parsed_message(_content(file))), "message/rfc822")


def parsed_message(content: bytes) -> Message:
    return message_from_bytes(content, policy=_AsWritten())


class _AsWritten(Compat32):
    """Gives the fields of a head as they are written, not as the library understands them."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002
        return value


def _content(file: SourceFile) -> bytes:
    """The mail in bytes as it was sent: UTF-16 undone, and what Apple Mail writes around it taken away."""
    content = file.read()
    if 0 in content[:_WIDE_WITHIN] or content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        content = decoded(file.name, content).encode()
    length = _LENGTH.match(content) if file.name.lower().endswith(".emlx") else None
    return content[length.end() :][: int(length.group(1))] if length else content.lstrip(b"\r\n")


class _Contents:
    """Takes a message apart: texts to be shown, and files that came with it."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._attachments: list[Attachment] = []
        self._markup: list[str] = []

    def mail(self, message: Message) -> Mail:
        body = tuple(self._texts(message, is_whole=True))
        fields = tuple((name, _field(message, name)) for name in _FIELDS)
        return Mail(fields, body, attached(self._attachments, "".join(self._markup)), _date(message))

    def _texts(self, part: Message, *, is_whole: bool = False) -> Sequence[Text]:
        self._file.step()
        kind = part.get_content_type()
        if kind in _NOT_SHOWN:
            return ()
        if kind in _MESSAGES:
            self._attachments.extend(_nested(part))
            return ()
        if kind == "message/delivery-status":
            return [Text("\n\n".join(_head(each) for each in _parts(part)))]
        if part.is_multipart():
            versions = [self._texts(each) for each in _parts(part)]
            if kind == "multipart/alternative":
                return self._best(versions)
            return [text for version in versions for text in version]
        return self._single(part, kind, is_whole=is_whole)

    def _best(self, versions: Sequence[Sequence[Text]]) -> Sequence[Text]:
        plain = next((each for each in versions if each and not any(text.is_html for text in each)), ())
        rich = next((each for each in reversed(versions) if any(text.is_html for text in each)), ())
        return better(self._file, plain, rich)

    def _single(self, part: Message, kind: str, *, is_whole: bool) -> Sequence[Text]:
        name = _file_name(part)
        is_shown = kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment" and not name
        if is_shown or (is_whole and kind.startswith("text/")) or kind.startswith("multipart/"):
            text = decode(data_of(part), part.get_content_charset()) or ""
            if kind != "text/html":
                return [Text(_reflowed(part, text))]
            self._markup.append(text)
            return [Text(text, is_html=True)]
        attachment = Attachment(name, kind, data_of(part), _words(part.get("Content-ID", "")).strip("<>"))
        if attachment.data.strip() and (name or kind != "text/calendar"):
            self._attachments.append(attachment)
        return ()


def _parts(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def data_of(part: Message) -> bytes:
    """What a part holds, its transfer encoding undone; where that is broken, as far as it goes."""
    named = _TRANSFER.match(part.get("Content-Transfer-Encoding", ""))
    if named:
        part.replace_header("Content-Transfer-Encoding", named.group(1))
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _nested(part: Message) -> Iterator[Attachment]:
    """A mail in a mail, under its subject."""
    for inner in _parts(part):
        data = inner.as_bytes()
        if not inner.keys() and "base64" in part.get("Content-Transfer-Encoding", "").lower():
            data = _from_base64(data)
        subject = _words(inner.get("Subject", "")).replace("/", "-").replace("\\", "-")
        yield Attachment(f"{subject}.eml" if subject else "", "message/rfc822", data)


def _file_name(part: Message) -> str:
    return _words(part.get_filename() or "")


def _head(part: Message) -> str:
    return "\n".join(f"{name}: {_words(value)}" for name, value in part.items())


def _field(message: Message, name: str) -> str:
    values = [_words(value) for value in message.get_all(name, [])]
    return values[0] if values and name in ("Date", "Subject") else ", ".join(values)


def _date(message: Message) -> datetime | None:
    try:
        return in_utc(parsedate_to_datetime(_words(message.get("Date", ""))))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _words(value: str) -> str:
    """A field of a head in plain words on one line: folding undone, encoded words and bare bytes decoded."""
    text = decode(value.encode("utf-8", "surrogateescape")) or ""
    parts: list[str] = []
    charset, waiting, end = "", b"", 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        if between.strip() or not waiting or word.group(1).lower() != charset:
            parts.append(_decoded_word(waiting, charset))
            parts.append(between if between.strip() or not waiting else "")
            waiting = b""
        charset, end = word.group(1).lower(), word.end()
        waiting += _bytes_of(word)
    parts.extend((_decoded_word(waiting, charset), text[end:]))
    return " ".join(clean("".join(parts)).split())


def _bytes_of(word: re.Match[str]) -> bytes:
    content = word.group(3).encode("utf-8", "replace")
    if word.group(2) in "qQ":
        return quopri.decodestring(content, header=True)
    return _from_base64(content)


def _from_base64(content: bytes) -> bytes:
    """What base64 stands for, as far as it goes where it is cut off."""
    digits = _NOT_BASE64.sub(b"", content)
    return binascii.a2b_base64(digits[: len(digits) - (len(digits) % 4 == 1)] + b"==")


def _decoded_word(content: bytes, charset: str) -> str:
    return decode(content, charset) or content.decode("utf-8", "replace")


def _reflowed(part: Message, text: str) -> str:
    """Text whose lines were parted for their length only (RFC 3676), with its lines whole again."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    deletes_blank = str(part.get_param("delsp", "")).lower() == "yes"
    lines: list[str] = []
    flows_in = ""
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        quote = ">" * depth + " " * bool(depth)
        goes_on = words.endswith(" ") and words != "-- "
        if goes_on and deletes_blank:
            words = words[:-1]
        if lines and flows_in == f"{depth}":
            lines[-1] += words
        else:
            lines.append(quote + words)
        flows_in = f"{depth}" if goes_on else ""
    return "\n".join(lines)
