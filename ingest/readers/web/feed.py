"""Writes down news feeds (RSS, Atom): each entry under its title, with its date, its link and its text."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree, html
from lxml.html import HtmlElement

from ingest.readers.data.xml_tree import descendants, local_name, text_of
from ingest.readers.structure import StructuredText
from ingest.readers.web.markup import write_markup

_ROOTS = frozenset({"rss", "feed", "RDF"})
_ENTRIES = frozenset({"item", "entry"})
_ABOUT = ("description", "subtitle", "tagline")
_DATES = ("pubDate", "published", "issued", "date", "updated", "modified")
_AUTHORS = ("creator", "author")
_TEXTS = ("encoded", "content", "summary", "description")
"""Where the text of an entry stands, the most complete first."""


def is_feed(root: etree._Element) -> bool:
    return local_name(root) in _ROOTS and next(_entries(root), None) is not None


def write_feed(root: etree._Element, text: StructuredText) -> str:
    """Adds the entries of a feed; returns its title."""
    head = next(descendants(root, "channel"), root)
    _write_markup(_first(head, *_ABOUT), text)
    for entry in _entries(root):
        text.add_heading(1, _plain(_first(entry, "title")) or "Untitled")
        fields = (
            ("Date", _plain(_first(entry, *_DATES))),
            ("By", _plain(_first(entry, *_AUTHORS))),
            ("Link", _link(entry)),
        )
        text.add_table([[f"{name}: {value}"] for name, value in fields if value], header_rows=0)
        _write_markup(_first(entry, *_TEXTS), text)
    return _plain(_first(head, "title"))


def _entries(root: etree._Element) -> Iterator[etree._Element]:
    return (element for element in root.iter(etree.Element) if local_name(element) in _ENTRIES)


def _first(element: etree._Element, *names: str) -> etree._Element | None:
    """The child that has the first of these names and says something."""
    found = (inner for name in names for inner in descendants(element, name) if len(inner) or text_of(inner))
    return next(found, None)


def _link(entry: etree._Element) -> str:
    """The address of an entry; Atom has it in an attribute, and others beside it."""
    links = list(descendants(entry, "link"))
    usual = [link for link in links if link.get("rel", "alternate") == "alternate"]
    return next((link.get("href") or text_of(link) for link in usual or links), "")


def _plain(element: etree._Element | None) -> str:
    """The words of an element that may hold HTML."""
    return " ".join(_page(element).text_content().split()) if element is not None else ""


def _write_markup(element: etree._Element | None, text: StructuredText) -> None:
    if element is not None:
        write_markup(_page(element), text, below=1)


def _page(element: etree._Element) -> HtmlElement:
    """The HTML in an element: as its text, where "<" is written "&lt;", or as elements of its own."""
    markup = etree.tostring(element, encoding="unicode") if len(element) else element.text or ""
    return html.document_fromstring(f"<div>{markup}</div>")
