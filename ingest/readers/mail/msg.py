"""Reads the mails that Outlook saves: properties in the streams of a compound file (MS-OXMSG)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cached_property
from mimetypes import MimeTypes
from typing import TYPE_CHECKING

from ingest.readers.encoding import decode
from ingest.readers.mail.message import Attachment, Mail, Text, as_sent, attached, better, read_mail
from ingest.readers.mail.rtf_mail import decompressed, unwrapped
from ingest.readers.source_file import SourceFile
from kb.errors import UnreadableFile
from kb.types import Document

if TYPE_CHECKING:
    from olefile import OleFileIO

MEDIA_TYPE = "application/vnd.ms-outlook"

_SUBJECT, _SUBMITTED, _DELIVERED = 0x0037, 0x0039, 0x0E06
_BODY, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_SENDER = (0x0042, 0x0C1A), (0x5D02, 0x5D01, 0x0065, 0x0C1F)
"""Name and address of who sent it, or for whom it was sent, the better first."""
_RECIPIENT = (0x3001,), (0x39FE, 0x3003)
_RECIPIENT_KIND = 0x0C15
_DISPLAYED = {"To": 0x0E04, "Cc": 0x0E03, "Bcc": 0x0E02}
_KINDS = {"To": 1, "Cc": 2, "Bcc": 3}
_FILE_NAMES = (0x3707, 0x3704, 0x3001)
_MIME_TYPE, _DATA, _CONTENT_ID, _IS_HIDDEN = 0x370E, 0x3701, 0x3712, 0x7FFE
_CODE_PAGES = (0x3FFD, 0x3FDE)
_ENCODINGS = {65001: "utf-8", 28591: "cp1252", 20127: "cp1252", 20866: "koi8-r", 50220: "iso2022_jp", 51932: "euc_jp"}
_PREFIX = re.compile(r"\A\x01.", re.DOTALL)
"""The length of "Re: " and the like may stand before a subject."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_WHOLE = 32
"""Bytes before the properties of a message that is a file; one within another has 24, what belongs to it 8."""
_WITHIN, _BELONGING = 24, 8


@dataclass(frozen=True, slots=True)
class MsgReader:
    def read(self, file: SourceFile) -> Iterator[Document | SourceFile]:
        from olefile import OleFileIO
        from olefile.olefile import OleFileError

        try:
            with file.open() as stream, OleFileIO(stream) as compound:
                mail = _mail(file, _Storage(compound, (), _WHOLE))
        except (OleFileError, OSError, ValueError, IndexError, RecursionError) as error:
            raise UnreadableFile(f"{file.name} is damaged or no Outlook message; save it again.") from error
        yield from read_mail(file, mail, MEDIA_TYPE)


class _Storage:
    """A message, a recipient or an attachment: properties by their numbers (MS-OXPROPS)."""

    def __init__(self, compound: OleFileIO[str], path: tuple[str, ...], head: int) -> None:
        self._compound = compound
        self._path = path
        self._head = head

    def text(self, *numbers: int, encoding: str = "") -> str:
        """The first of these properties that says something."""
        for number in numbers:
            wide = self._stream(f"__substg1.0_{number:04X}001F")
            narrow = self._stream(f"__substg1.0_{number:04X}001E")
            text = wide.decode("utf-16-le", "replace") if wide else decode(narrow, encoding) or ""
            if text.strip("\0 "):
                return text.rstrip("\0")
        return ""

    def data(self, number: int) -> bytes:
        return self._stream(f"__substg1.0_{number:04X}0102")

    def number(self, number: int) -> int:
        return int.from_bytes(self._fixed.get(number, b"")[:4], "little")

    def time(self, *numbers: int) -> datetime | None:
        """The first of these moments that is known; they are counted in tenths of microseconds."""
        ticks = next((value for each in numbers if (value := int.from_bytes(self._fixed.get(each, b""), "little"))), 0)
        try:
            return _EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None

    def within(self, name: str, head: int) -> list[_Storage]:
        """The storages directly within this one whose names begin with `name`, in order."""
        depth = len(self._path)
        found = sorted(
            path
            for path in map(tuple, self._compound.listdir(streams=False, storages=True))
            if len(path) == depth + 1 and path[:depth] == self._path and path[depth].startswith(name)
        )
        return [_Storage(self._compound, path, head) for path in found]

    @cached_property
    def _fixed(self) -> dict[int, bytes]:
        """The properties of a fixed size, as eight bytes."""
        entries = self._stream("__properties_version1.0")[self._head :]
        return {
            int.from_bytes(entry[2:4], "little"): entry[8:16]
            for entry in (entries[start : start + 16] for start in range(0, len(entries) - 15, 16))
        }

    def _stream(self, name: str) -> bytes:
        path = [*self._path, name]
        return self._compound.openstream(path).read() if self._compound.exists(path) else b""


def _mail(file: SourceFile, message: _Storage) -> Mail:
    file.step()
    page = next(filter(None, map(message.number, _CODE_PAGES)), 1252)
    encoding = _ENCODINGS.get(page, f"cp{page}")
    plain, rich = _bodies(message, encoding)
    sent = message.time(_SUBMITTED, _DELIVERED)
    fields = (
        ("From", _person(message, *_SENDER, encoding)),
        *((kind, _recipients(message, kind, encoding)) for kind in _KINDS),
        ("Date", format_datetime(sent) if sent else ""),
        ("Subject", _PREFIX.sub("", message.text(_SUBJECT, encoding=encoding))),
    )
    files = [each for part in message.within("__attach", _BELONGING) for each in _attachments(file, part, encoding)]
    markup = "".join(text.content for text in rich)
    return Mail(fields, tuple(better(file, plain, rich)), attached(files, markup), sent)


def _bodies(message: _Storage, encoding: str) -> tuple[list[Text], list[Text]]:
    """The body as plain text and as HTML; RTF, which may wrap up either, only where one is missing."""
    plain = message.text(_BODY, encoding=encoding)
    html = decode(message.data(_HTML), encoding) or message.text(_HTML, encoding=encoding)
    if not (plain and html) and (rtf := message.data(_RTF)):
        text, is_html = unwrapped(decompressed(rtf))
        html, plain = (html or text, plain) if is_html else (html, plain or text)
    return [Text(plain)] if plain.strip() else [], [Text(html, is_html=True)] if html.strip() else []


def _person(storage: _Storage, names: tuple[int, ...], addresses: tuple[int, ...], encoding: str) -> str:
    name = storage.text(*names, encoding=encoding)
    address = next((found for each in addresses if "@" in (found := storage.text(each, encoding=encoding))), "")
    return f"{name} <{address}>" if name and address and address not in name else name or address


def _recipients(message: _Storage, kind: str, encoding: str) -> str:
    found = [each for each in message.within("__recip", _BELONGING) if each.number(_RECIPIENT_KIND) == _KINDS[kind]]
    people = ", ".join(filter(None, (_person(each, *_RECIPIENT, encoding) for each in found)))
    return people or message.text(_DISPLAYED[kind], encoding=encoding)


def _attachments(file: SourceFile, part: _Storage, encoding: str) -> Iterator[Attachment]:
    """What is attached: a file, or a message, which then is put into a file."""
    name = part.text(*_FILE_NAMES, encoding=encoding)
    for inner in part.within(f"__substg1.0_{_DATA:04X}000D", _WITHIN):
        mail = _mail(file, inner)
        if mail.body or mail.attachments:
            subject = (mail.field("Subject") or name).replace("/", "-").replace("\\", "-")
            yield Attachment(f"{subject}.eml" if subject else "", "message/rfc822", as_sent(mail))
    data = part.data(_DATA)
    if data and not part.number(_IS_HIDDEN):
        kind = part.text(_MIME_TYPE) or MimeTypes().guess_type(name)[0] or "application/octet-stream"
        yield Attachment(name, kind, data, part.text(_CONTENT_ID, encoding=encoding))
