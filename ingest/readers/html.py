"""Reads web pages: the main content as headings, paragraphs, lists and tables, without what surrounds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from ingest.readers.markup import write_markup
from ingest.readers.navigation import main_of, navigation
from ingest.readers.source_file import SourceFile, decoded, make_document
from ingest.readers.structure import StructuredText
from kb.errors import NothingToRead
from kb.types import Document

_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]+(?:charset|encoding)\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_CHARSET_WITHIN = 4096
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_FILE_NAME = re.compile(r"\S+\.(?:html?|xhtml|aspx?|php|docx?|pdf)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HtmlReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        page = parsed(file.name, file.read())
        text = _written(page)
        if not text.text and page.xpath("//script"):
            raise NothingToRead(f"{file.name} holds no text, only scripts that fetch it; save the page as a PDF.")
        yield make_document(
            file, text=text.text, title=_title(page), media_type="text/html", marks=text.marks, blocks=text.blocks
        )


def parsed(name: str, content: bytes, charset: str | None = None) -> HtmlElement:
    """A page, or a piece of one, in `charset` if that is known, else in the one that it names."""
    declared = _CHARSET.search(content[:_CHARSET_WITHIN])
    return parsed_text(
        name, decoded(name, content, charset or (declared.group(1).decode("ascii") if declared else None))
    )


def parsed_text(name: str, markup: str) -> HtmlElement:
    try:
        return html.document_fromstring(_DECLARATION.sub("", markup))
    except ParserError as error:
        raise NothingToRead(f"{name} holds no text.") from error


def _title(page: HtmlElement) -> str:
    named = (" ".join(element.text_content().split()) for element in page.xpath("//head/title | //h1"))
    return next((name for name in named if name and not _FILE_NAME.fullmatch(name)), "")


def _written(page: HtmlElement) -> StructuredText:
    """The main content; all of the page where that leaves nothing."""
    text = StructuredText()
    main = main_of(page)
    write_markup(main, text, without=navigation(main), guesses_headings=True)
    if not text.text:
        write_markup(page, text, guesses_headings=True, keeps_hidden=True)
    return text
