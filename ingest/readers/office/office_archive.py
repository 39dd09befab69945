"""Office files that are ZIP archives of XML, read without ever looking beyond the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from posixpath import dirname, join, normpath
from types import TracebackType
from typing import Self

from lxml import etree
from lxml.etree import XMLSyntaxError, _Element

from ingest.readers.source_file import ZIP_DAMAGE, SourceFile, in_utc, opened_zip
from kb.errors import UnreadableFile

_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_MODIFIED = "{http://purl.org/dc/terms/}modified"


class OfficeArchive:
    """The entries of an archive. `said` names what it should be, in the sentence for one that is damaged."""

    def __init__(self, file: SourceFile, said: str) -> None:
        self._archive = opened_zip(file)
        self._damaged = f"{file.name} is damaged or no {said}; save it again."
        # Names differ in case between an archive's parts and its directory; \ is what some producers write for /.
        self._names = {name.replace("\\", "/").lower(): name for name in self._archive.namelist()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._archive.close()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def read(self, name: str) -> bytes:
        """The content of an entry. Raises UnreadableFile where there is none, or it is damaged."""
        try:
            return self._archive.read(self._names[name.lower()])
        except (RuntimeError, *ZIP_DAMAGE) as error:
            raise UnreadableFile(self._damaged) from error

    def xml(self, name: str) -> _Element:
        """The root of an XML entry. Raises UnreadableFile where there is none, or it is damaged."""
        # ISO 29500's strict variant is the common one under other names.
        content = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", self.read(name))
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        try:
            return etree.fromstring(content, parser)
        except XMLSyntaxError as error:
            raise UnreadableFile(self._damaged) from error


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an Office Open XML package: its XML, and the names of the parts that it refers to.

    `by_id` maps the id of a reference to a name, `by_kind` the last word of its type ("footnotes") to names.
    """

    name: str
    root: _Element
    by_id: dict[str, str] = field(default_factory=dict)
    by_kind: dict[str, list[str]] = field(default_factory=dict)


class Package(OfficeArchive):
    """An Office Open XML package."""

    def main(self) -> Part:
        """The part that the package is there for."""
        _, by_kind = self._references("")
        return self.part(next(iter(by_kind.get("officeDocument", ())), ""))

    def part(self, name: str) -> Part:
        return Part(name, self.xml(name), *self._references(name))

    def related(self, part: Part, kind: str) -> Part | None:
        """The first part that `part` refers to by a reference of that kind; None where it lacks."""
        name = next((name for name in part.by_kind.get(kind, ()) if name in self), None)
        return self.part(name) if name else None

    def referred(self, part: Part, reference: str | None) -> Part | None:
        """The part that `part` refers to by that id; None where it lacks."""
        name = part.by_id.get(reference or "")
        return self.part(name) if name and name in self else None

    def title(self) -> str:
        return self._core(_TITLE)

    def modified(self) -> datetime | None:
        try:
            return in_utc(datetime.fromisoformat(self._core(_MODIFIED)))
        except ValueError:
            return None

    def _core(self, tag: str) -> str:
        name = next(iter(self._references("")[1].get("core-properties", ())), "")
        return (self.xml(name).findtext(tag) or "").strip() if name in self else ""

    def _references(self, name: str) -> tuple[dict[str, str], dict[str, list[str]]]:
        by_id: dict[str, str] = {}
        by_kind: dict[str, list[str]] = {}
        listing = join(dirname(name), "_rels", f"{name.rsplit('/', 1)[-1]}.rels")
        if listing in self:
            for relation in self.xml(listing).iter(_RELATIONS):
                if relation.get("TargetMode") != "External":
                    target = normpath(join("/", dirname(name), relation.get("Target", ""))).lstrip("/")
                    by_id[relation.get("Id", "")] = target
                    by_kind.setdefault(relation.get("Type", "").rsplit("/", 1)[-1], []).append(target)
        return by_id, by_kind
