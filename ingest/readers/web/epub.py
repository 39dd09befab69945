"""Reads e-books (EPUB 2 and 3): their chapters in reading order, under their headings or the titles of the contents."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree
from lxml.html import HtmlElement

from ingest.readers.data.xml_tree import descendants, local_name, text_of, xml_tree
from ingest.readers.source_file import ZIP_DAMAGE, SourceFile, in_utc, make_document, opened_zip
from ingest.readers.structure import HeadingPath, StructuredText
from ingest.readers.web.html import parsed
from ingest.readers.web.markup import HEADINGS, write_markup
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Anchor, Document

MEDIA_TYPE = "application/epub+zip"
_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_OF_FONTS = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
"""Ways of encryption that only make fonts useless elsewhere."""
_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_NCX = "application/x-dtbncx+xml"
_OPS = "http://www.idpf.org/2007/ops"
_DAMAGE = (etree.XMLSyntaxError, *ZIP_DAMAGE)
_DEEPEST = 6
_NEAR = 8
"""Elements after the place that a table of contents names among which its words may stand."""
_MAY_BE_HEADINGS = frozenset({"p", "div", "span"})
_BEGINS_BLOCK = frozenset({"p", "div", "section", "article", "blockquote", "ul", "ol", "table", "pre", "hr"})


@dataclass(frozen=True, slots=True)
class EpubReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        with opened_zip(file) as archive:
            try:
                book = _Book(file, archive)
                text = book.written()
            except _DAMAGE as error:
                raise UnreadableFile(f"{file.name} is damaged or no e-book; get it again.") from error
        yield make_document(
            file,
            text=text.text,
            title=book.title,
            media_type=MEDIA_TYPE,
            modified=book.modified,
            marks=text.marks,
            blocks=text.blocks,
        )


class _Entry(NamedTuple):
    """A line of the table of contents: the place in a chapter that it names, and how deep it lies (1 is outermost)."""

    title: str
    fragment: str
    level: int


class _Item(NamedTuple):
    path: str
    media_type: str
    properties: str


class _Book:
    """One e-book: what its package says, and its chapters."""

    def __init__(self, file: SourceFile, archive: ZipFile) -> None:
        self._file = file
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}
        path = self._package_path()
        package = self._tree(path)
        self._items = {
            item.get("id", ""): _Item(
                _joined(path, item.get("href", "")), item.get("media-type", ""), item.get("properties", "")
            )
            for item in descendants(package, "manifest", "item")
        }
        spine = [self._items.get(item.get("idref", "")) for item in descendants(package, "spine", "itemref")]
        self._spine = [item for item in spine if item] or list(self._items.values())
        self._metadata = [each for group in descendants(package, "metadata") for each in group.iter(etree.Element)]

    @property
    def title(self) -> str:
        """The book's title and, in brackets, who wrote it."""
        title, authors = "".join(self._named("title")[:1]), ", ".join(self._named("creator"))
        return f"{title} ({authors})" if title and authors else title

    @property
    def modified(self) -> datetime | None:
        changed = (text_of(each) for each in self._metadata if each.get("property") == "dcterms:modified")
        try:
            return in_utc(datetime.fromisoformat(next(changed, "")))
        except (ValueError, OverflowError):
            return None

    def written(self) -> StructuredText:
        self._require_open()
        contents = self._contents()
        text = StructuredText()
        pages = (item for item in self._spine if item.media_type in _PAGES and not _is_contents(item))
        for number, item in enumerate(pages, 1):
            self._file.step()
            page = self._page(item.path)
            if page is not None:
                _write(page, contents.get(item.path, []), number, text)
        return text

    def _named(self, name: str) -> list[str]:
        return [found for each in self._metadata if local_name(each) == name and (found := text_of(each))]

    def _package_path(self) -> str:
        if _CONTAINER.lower() in self._names:
            for root in descendants(self._tree(_CONTAINER), "rootfiles", "rootfile"):
                return unquote(root.get("full-path", ""))
        return next((name for lower, name in self._names.items() if lower.endswith(".opf")), "")

    def _require_open(self) -> None:
        """Raises UnreadableFile where chapters are encrypted."""
        if _ENCRYPTION.lower() not in self._names:
            return
        pages = {item.path for item in self._spine}
        for data in descendants(self._tree(_ENCRYPTION), "EncryptedData"):
            ways = {each.get("Algorithm", "") for each in descendants(data, "EncryptionMethod")}
            paths = {unquote(each.get("URI", "")) for each in descendants(data, "CipherData", "CipherReference")}
            if paths & pages and not ways <= _OF_FONTS:
                raise UnreadableFile(
                    f"{self._file.name} is protected against copying (DRM) and opens in its seller's program only;"
                    " get an edition without protection."
                )

    def _contents(self) -> dict[str, list[_Entry]]:
        """The lines of the table of contents, by the path of the chapter that they lead to."""
        found: dict[str, list[_Entry]] = {}
        for place, title, reference, level in self._lines():
            path, _, fragment = reference.partition("#")
            if title:
                found.setdefault(_joined(place, path), []).append(_Entry(title, unquote(fragment), level))
        return found

    def _lines(self) -> Iterator[tuple[str, str, str, int]]:
        """Each line of the table of contents: the file it stands in, its words, where it leads, and its level."""
        navigation = next(filter(_is_contents, self._items.values()), None)
        page = self._page(navigation.path) if navigation else None
        if navigation and page is not None:
            for link in page.xpath("//nav//a[@href]"):
                if _is_in_contents(link):
                    level = sum(1 for _ in link.iterancestors("li"))
                    yield navigation.path, text_of(link), link.get("href"), level
            return
        for item in self._items.values():
            if item.media_type == _NCX and item.path.lower() in self._names:
                for point in self._tree(item.path).iter("{*}navPoint"):
                    title = " ".join(map(text_of, descendants(point, "navLabel", "text")))
                    level = 1 + sum(1 for _ in point.iterancestors("{*}navPoint"))
                    for content in descendants(point, "content"):
                        yield item.path, title, content.get("src", ""), level

    def _page(self, path: str) -> HtmlElement | None:
        """A chapter, None where it is missing or empty."""
        name = self._names.get(path.lower())
        try:
            return parsed(path, self._archive.read(name)) if name else None
        except NothingToRead:
            return None

    def _tree(self, path: str) -> etree._Element:
        return xml_tree(path, self._archive.read(self._names[path.lower()]))


def _write(page: HtmlElement, entries: list[_Entry], number: int, text: StructuredText) -> None:
    if entries:
        # A chapter of its own: whatever the levels of its headings are, they do not belong to the one before.
        text.path = HeadingPath()
    if not page.xpath(" | ".join(f"//{tag}" for tag in HEADINGS)):
        for entry in entries:
            _put_heading(page, entry)
        if not entries:
            text.mark(Anchor("part", f"chapter {number}", number))
    write_markup(page, text)


def _put_heading(page: HtmlElement, entry: _Entry) -> None:
    """Gives a chapter the heading that the table of contents has for it, where it begins or where the words stand."""
    tag = f"h{min(max(entry.level, 1), _DEEPEST)}"
    elements = [element for element in page.iter() if isinstance(element.tag, str)]
    starts = (
        index for index, element in enumerate(elements) if entry.fragment in (element.get("id"), element.get("name"))
    )
    first = next(starts, None) if entry.fragment else None
    if first is None:
        first = next((index for index, element in enumerate(elements) if element.tag == "body"), 0)
    for element in elements[first : first + _NEAR]:
        if element.tag in _MAY_BE_HEADINGS and text_of(element).casefold() == entry.title.casefold():
            element.tag = tag
            return
    heading = page.makeelement(tag)
    heading.text = entry.title
    start = elements[first]
    if start.tag == "body" or start.getparent() is None:
        heading.tail, start.text = start.text, None
        start.insert(0, heading)
        return
    while start.tag not in _BEGINS_BLOCK and start.getparent().tag != "body":
        start = start.getparent()
    start.addprevious(heading)


def _is_contents(item: _Item) -> bool:
    return "nav" in item.properties.split()


def _is_in_contents(link: HtmlElement) -> bool:
    """Whether a link of a navigation document is of its table of contents, and not of its pages or landmarks."""
    around = next(link.iterancestors("nav"))
    kinds = [value for key, value in around.attrib.items() if key in ("epub:type", f"{{{_OPS}}}type")]
    return not kinds or "toc" in kinds[0].split()


def _joined(place: str, path: str) -> str:
    """The path in the archive of what the file at `place` refers to as `path`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(path)))
