"""A mail as people read it, whatever file it came in: who wrote to whom and when, what, and what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from mimetypes import MimeTypes

from lxml.html import HtmlElement

from ingest.readers.source_file import SourceFile, clean, in_utc, make_document
from ingest.readers.structure import StructuredText
from ingest.readers.web.html import parsed_text
from ingest.readers.web.markup import write_markup
from kb.errors import NothingToRead
from kb.types import Anchor, Document, Mark

_HEADER = Anchor("part", "header")
_BODY = Anchor("part", "message body")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_STUB = 200
"""Characters by which the HTML version must be longer than twice the plain one, to be the only whole one."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_ADDRESS = re.compile(r"\S*(?://|www\.|@|cid:)\S*")
_FEWEST_WORDS = 6
_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Text:
    """A body, or a part of one: HTML or plain text."""

    content: str
    is_html: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail; `name` is "" where it has none, `content_id` what its HTML calls it by."""

    name: str
    media_type: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail; `fields` are names and values of its head, as they are shown above it."""

    fields: tuple[tuple[str, str], ...]
    body: tuple[Text, ...]
    attachments: tuple[Attachment, ...]
    sent: datetime | None = None

    def field(self, name: str) -> str:
        return dict(self.fields).get(name, "")


def read_mail(file: SourceFile, mail: Mail, media_type: str) -> Iterator[Document | SourceFile]:
    """The mail as one document, then its attachments."""
    text = StructuredText(cites_headings=False)
    names = [_name(attachment) for attachment in mail.attachments]
    named = [(name, value) for name, value in mail.fields if value]
    if names:
        named.append(("Attachments", ", ".join(names)))
    if named:
        text.mark(_HEADER)
        text.add_table([[f"{name}: {value}"] for name, value in named], header_rows=0)
    begin = len(text.blocks)
    for part in mail.body:
        _write(file, part, text)
    if len(text.blocks) > begin:
        text.marks.append(Mark(text.blocks[begin].start, _BODY))
    if text.text or not names:
        yield make_document(
            file,
            text=text.text,
            title=mail.field("Subject"),
            media_type=media_type,
            modified=in_utc(mail.sent),
            marks=text.marks,
            blocks=text.blocks,
        )
    for name, attachment in zip(names, mail.attachments, strict=True):
        file.step()
        yield file.part(name, attachment.data, modified=in_utc(mail.sent))


def attached(attachments: Sequence[Attachment], markup: str) -> tuple[Attachment, ...]:
    """The attachments without the pictures that the HTML version shows in its text."""
    return tuple(
        each
        for each in attachments
        if not (each.media_type.startswith("image/") and each.content_id and f"cid:{each.content_id}" in markup)
    )


def better(file: SourceFile, plain: Sequence[Text], rich: Sequence[Text]) -> Sequence[Text]:
    """Of two versions of a body the plain one, unless it is empty, or only says that there is another, or says more.

    Mail programs show the rich one: what the plain one alone says nobody sees, unless the other is but a picture.
    """
    of_plain, of_rich = ("\n".join(_seen(file, text) for text in version) for version in (plain, rich))
    if not of_plain or len(of_rich) > 2 * len(of_plain) + _STUB:
        return rich or plain
    said, shown = [_words(paragraph) for paragraph in of_plain.split("\n\n")], _words(of_rich)
    is_whole = 2 * len(shown) > sum(map(len, said))
    return rich if is_whole and any(_is_elsewhere(paragraph, set(shown)) for paragraph in said) else plain


def _words(text: str) -> list[str]:
    return _WORD.findall(_ADDRESS.sub(" ", text).casefold())


def _is_elsewhere(paragraph: Sequence[str], shown: AbstractSet[str]) -> bool:
    """Whether most words of a paragraph are not `shown`: it was not merely put in other words."""
    return len(paragraph) >= _FEWEST_WORDS and 2 * sum(word not in shown for word in paragraph) > len(paragraph)


def _write(file: SourceFile, part: Text, text: StructuredText) -> None:
    if part.is_html:
        page = _page(file, part)
        if page is not None:
            write_markup(page, text)
        return
    lines = part.content.replace("\r\n", "\n").replace("\r", "\n")
    for paragraph in _BLANK_LINES.split(clean(lines)):
        text.add("paragraph", paragraph.strip("\n"))


def _seen(file: SourceFile, part: Text) -> str:
    """What can be read of a part."""
    text = StructuredText()
    _write(file, part, text)
    return text.text


def _page(file: SourceFile, part: Text) -> HtmlElement | None:
    try:
        return parsed_text(file.name, clean(part.content))
    except NothingToRead:
        return None


def as_sent(mail: Mail) -> bytes:
    """A mail in the form in which mails are sent."""
    message = MIMEMultipart()
    for name, value in mail.fields:
        if value:
            message[name] = Header(value, "utf-8").encode()
    for text in mail.body:
        message.attach(MIMEText(text.content, "html" if text.is_html else "plain", "utf-8"))
    for attachment in mail.attachments:
        part = MIMEApplication(attachment.data)
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", _name(attachment)))
        message.attach(part)
    return message.as_bytes()


def _name(attachment: Attachment) -> str:
    """The name of a file that came with a mail; one without a name is called by its kind."""
    name = " ".join(clean(attachment.name).replace("\\", "/").rsplit("/", 1)[-1].split())
    if name:
        return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME // 2]}…{name[-_LONGEST_NAME // 2 :]}"
    if attachment.media_type == "message/rfc822":
        return "message.eml"
    # Types that the system knows besides must not change how parts are called.
    return f"attachment{MimeTypes().guess_extension(attachment.media_type) or ''}"
