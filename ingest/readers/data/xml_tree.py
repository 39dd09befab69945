"""XML as a tree, with no entities but those of HTML and short ones of its own, and nothing fetched from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

from lxml import etree

from ingest.readers.source_file import decoded

_DECLARED = re.compile(rb"""<\?xml[^>]+encoding\s*=\s*["']([\w.-]+)""")
_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>")
_OWN_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+(?:"([^"<&%]{0,100})"|'([^'<&%]{0,100})')\s*>""")
_ENTITY = re.compile(r"&([A-Za-z][\w.-]*);")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_WITHIN = 200


def xml_tree(name: str, content: bytes, parser: etree.XMLParser | None = None) -> etree._Element:
    """The root element of an XML file; raises etree.XMLSyntaxError or ValueError where it is none."""
    declared = _DECLARED.search(content[:_WITHIN])
    return tree_of(decoded(name, content, declared.group(1).decode() if declared else None), parser)


def tree_of(text: str, parser: etree.XMLParser | None = None) -> etree._Element:
    """The root element of XML in a string."""
    own = {entity: first or second for entity, first, second in _OWN_ENTITY.findall(text)}

    def resolved(entity: re.Match[str]) -> str:
        known = entity.group(1)
        value = None if known in _OF_XML else own.get(known, html5.get(f"{known};"))
        return entity.group() if value is None else value.replace("&", "&amp;").replace("<", "&lt;")

    root = etree.fromstring(_ENTITY.sub(resolved, _DECLARATION.sub("", text)), parser or _parser())
    etree.strip_tags(root, etree.Entity)
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )


def local_name(element: etree._Element) -> str:
    """An element's name without its namespace."""
    return etree.QName(element).localname


def descendants(element: etree._Element, *path: str) -> Iterator[etree._Element]:
    """The elements that a path of local names leads to, in order."""
    if not path:
        yield element
        return
    for inner in element:
        if isinstance(inner.tag, str) and local_name(inner) == path[0]:
            yield from descendants(inner, *path[1:])


def text_of(element: etree._Element) -> str:
    """All the text of an element on one line."""
    return " ".join("".join(map(str, element.itertext())).split())
