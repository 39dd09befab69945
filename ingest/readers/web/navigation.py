"""Tells what a web page is about from what surrounds it: menus, banners and lists of links to other pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from ingest.readers.web.markup import is_hidden

_AROUND = frozenset({"nav", "header", "footer"})
_AROUND_ROLES = frozenset({"navigation", "banner", "contentinfo", "search"})
# fmt: off
_AROUND_NAMES = frozenset({
    "breadcrumb", "breadcrumbs", "docnav", "nav", "navbar", "navfooter", "navheader", "navigation", "pager",
    "pagination", "toc",
})
# fmt: on
"""Classes and ids of what pages had before there was <nav>."""
_TO_OTHERS = frozenset({"prev", "next"})
_PARTS = ("main", "article", "section")
_NEVER_PROSE = frozenset({"script", "style", "noscript", "template", "svg", "head"})
_SHORTEST_PROSE = 40
"""Characters of a text that is more than a label or a link."""
_CONTENT = 0.7
_FEWEST_LINKS, _LONGEST_LINK = 4, 30
_IN_LINKS = 0.8


def main_of(page: HtmlElement) -> HtmlElement:
    """<main>, else the only <article>, else all of the page."""
    mains, articles = page.xpath("//main | //*[@role='main']"), page.xpath("//article")
    if mains:
        return mains[0]
    return articles[0] if len(articles) == 1 else page


def navigation(root: HtmlElement) -> set[HtmlElement]:
    """The elements that lead to other pages: declared as such, or short links in a row beside the content.

    Nothing else is left out, and nothing at all where most of the page is links: then these are what it is about.
    """
    around = {element for element in root.iter() if _is_declared(element)}
    whole = _Measure(around).take(root)
    around |= {element for element in root.iter() if _is_named(element) and _is_beside(element, whole)}
    measured = _Measure(around)
    whole = measured.take(root)
    if whole.links > whole.text / 2:
        return around
    content = _content(root, measured)
    return around | set(_menus(root, content, measured))


def _is_declared(element: HtmlElement) -> bool:
    if not isinstance(element.tag, str) or (element.tag not in _AROUND and element.get("role") not in _AROUND_ROLES):
        return False
    return not (element.tag == "header" and next(element.iterancestors(*_PARTS), None) is not None)


def _is_named(element: HtmlElement) -> bool:
    if not isinstance(element.tag, str):
        return False
    if element.tag == "a" and not _TO_OTHERS.isdisjoint(element.get("rel", "").lower().split()):
        return True
    names = {*element.get("class", "").lower().split(), element.get("id", "").lower()}
    return not _AROUND_NAMES.isdisjoint(names) or element.get("id") in _AROUND_ROLES


def _is_beside(element: HtmlElement, whole: _Amount) -> bool:
    """Whether it is no part of what the page is about: with neither its title nor half of its text."""
    return element.find(".//h1") is None and _Measure(set()).take(element).text < whole.text / 2


@dataclass(frozen=True, slots=True)
class _Amount:
    """Characters of an element: of all its text, of its links (and their number), of its running text."""

    text: int = 0
    links: int = 0
    count: int = 0
    prose: int = 0

    def __add__(self, other: _Amount) -> _Amount:
        return _Amount(
            self.text + other.text,
            self.links + other.links,
            self.count + other.count,
            self.prose + other.prose,
        )


class _Measure:
    """The amounts of all elements of a page but those `without`."""

    def __init__(self, without: set[HtmlElement]) -> None:
        self._without = without
        self.amounts: dict[HtmlElement, _Amount] = {}

    def take(self, element: HtmlElement) -> _Amount:
        if not isinstance(element.tag, str) or element.tag in _NEVER_PROSE:
            return _Amount()
        if element in self._without or is_hidden(element):
            return _Amount()
        own = (element.text, *(child.tail for child in element))
        length = sum(len(part.strip()) for part in own if part)
        amount = _Amount(length, prose=length if length >= _SHORTEST_PROSE else 0)
        for child in element:
            amount += self.take(child)
        if element.tag == "a":
            amount = _Amount(amount.text, amount.text, 1)
        self.amounts[element] = amount
        return amount


def _content(root: HtmlElement, measured: _Measure) -> HtmlElement:
    """The innermost element that has most of the running text."""
    element, amounts = root, measured.amounts
    while True:
        needed = _CONTENT * amounts[root].prose
        inner = (child for child in element if child in amounts and amounts[child].prose >= needed)
        deeper = next(inner, None)
        if deeper is None or not needed:
            return element
        element = deeper


def _menus(element: HtmlElement, content: HtmlElement, measured: _Measure) -> Iterator[HtmlElement]:
    """The menus outside of the content."""
    for child in element:
        amount = measured.amounts.get(child, _Amount())
        if child is content or amount.count < _FEWEST_LINKS:
            continue
        if not _are_short_links(amount) or child.find(".//h1") is not None:
            yield from _menus(child, content, measured)
        else:
            yield child


def _are_short_links(amount: _Amount) -> bool:
    return amount.links >= _IN_LINKS * amount.text and amount.links <= _LONGEST_LINK * amount.count
