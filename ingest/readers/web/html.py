"""Reads web pages: the main content as headings, paragraphs, lists and tables, without what surrounds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree, html
from lxml.html import HtmlElement

from ingest.readers.data.xml_tree import local_name, tree_of
from ingest.readers.source_file import SourceFile, decoded, make_document
from ingest.readers.structure import StructuredText, heading_above_all
from ingest.readers.web.markup import write_markup
from ingest.readers.web.navigation import main_of, navigation
from ingest.readers.web.sight import remove_unseen
from kb.errors import NothingToRead
from kb.types import Document

_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]+(?:charset|encoding)\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_CHARSET_WITHIN = 4096
_XHTML = re.compile(r"<html[^>]+xmlns\s*=\s*[\"']http://www\.w3\.org/1999/xhtml", re.IGNORECASE)
_FILE_NAME = re.compile(r"\S+\.(?:html?|xhtml|aspx?|php|docx?|pdf)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HtmlReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        page = parsed(file.name, file.read())
        text = _written(page)
        if not text.text and page.xpath("//script"):
            raise NothingToRead(f"{file.name} holds no text, only scripts that fetch it; save the page as a PDF.")
        yield make_document(
            file,
            text=text.text,
            title=_title(page) or heading_above_all(text.blocks),
            media_type="text/html",
            marks=text.marks,
            blocks=text.blocks,
        )


def parsed(name: str, content: bytes, charset: str | None = None) -> HtmlElement:
    """A page, or a piece of one, in `charset` if that is known, else in the one that it names."""
    declared = _CHARSET.search(content[:_CHARSET_WITHIN])
    return parsed_text(
        name, decoded(name, content, charset or (declared.group(1).decode("ascii") if declared else None))
    )


def parsed_text(name: str, markup: str) -> HtmlElement:
    """A page without text that nobody sees; XHTML as the XML that it is, where that is well-formed, else as HTML."""
    page = _tree(name, markup)
    remove_unseen(page, markup)
    return page


def _tree(name: str, markup: str) -> HtmlElement:
    if _XHTML.search(markup[:_CHARSET_WITHIN]):
        try:
            return _without_namespaces(tree_of(markup, _xhtml_parser()))
        except (etree.XMLSyntaxError, ValueError):
            pass
    try:
        return html.document_fromstring(markup.encode(), html.HTMLParser(encoding="utf-8"))
    except etree.ParserError as error:
        raise NothingToRead(f"{name} holds no text.") from error


def _xhtml_parser() -> html.XHTMLParser:
    return html.XHTMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )


def _without_namespaces(root: etree._Element) -> HtmlElement:
    for element in root.iter(etree.Element):
        element.tag = local_name(element)
    return root


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
