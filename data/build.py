"""Builds the sample's PDF and DOCX documents from their Markdown sources, the same bytes every time.

    python data/build.py [FOLDER]        FOLDER is data/sample/documents unless given

A source is named after what it becomes: sources/reranking.docx.md is written to FOLDER/reranking.docx. It may use
headings, paragraphs, flat lists, tables, fenced code, emphasis and inline code; any other Markdown is refused.
Nothing is compressed, so that the bytes do not depend on the version of a compression library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as Docx
from docx.enum.style import WD_STYLE_TYPE
from docx.shared import Pt
from docx.text.paragraph import Paragraph as DocxParagraph
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    ListFlowable,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
    XPreformatted,
)

HERE = Path(__file__).parent
AUTHOR = "The Citewell project"
DATE = datetime(2026, 1, 1, tzinfo=UTC)
TABLE_STYLE = "Light Grid Accent 1"

INK, SOFT, RULE, TINT = (colors.HexColor(f"#{code}") for code in ("1f2933", "616e7c", "cbd2d9", "f3f5f7"))
BODY = ParagraphStyle(
    "body", fontName="Helvetica", fontSize=10, leading=14.5, spaceAfter=7, textColor=INK, allowWidows=0, allowOrphans=0
)
CELL = ParagraphStyle("cell", BODY, fontSize=9, leading=12, spaceAfter=0)
HEAD = ParagraphStyle("head", CELL, fontName="Helvetica-Bold")
CODE = ParagraphStyle(
    "code", fontName="Courier", fontSize=9, leading=12.5, textColor=INK, backColor=TINT, borderPadding=6,
    leftIndent=6, rightIndent=6, spaceBefore=13, spaceAfter=14,
)  # fmt: skip
HEADINGS = tuple(
    ParagraphStyle(
        f"heading{level}", fontName="Helvetica-Bold", fontSize=size, leading=size * 1.25, textColor=INK,
        spaceBefore=before, spaceAfter=after, keepWithNext=1,
    )
    for level, size, before, after in ((1, 20, 0, 12), (2, 14, 12, 5), (3, 11, 8, 3))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one typeface."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a source; `rows` has one entry a paragraph, list item or table row, each a row of cells."""

    kind: str
    rows: tuple[tuple[tuple[Run, ...], ...], ...]
    level: int = 0

    @property
    def text(self) -> str:
        return "".join(run.text for row in self.rows for cell in row for run in cell)


def build(source: Path, folder: Path) -> None:
    """Writes one document."""
    target = folder / source.name.removesuffix(".md")
    blocks = _blocks(source.read_text(encoding="utf-8"))
    writers: dict[str, Callable[[list[Block]], bytes]] = {".pdf": pdf, ".docx": docx}
    target.write_bytes(writers[target.suffix](blocks))


def _blocks(markdown: str) -> list[Block]:
    root = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(markdown))
    return [_block(node) for node in root.children]


def _block(node: SyntaxTreeNode) -> Block:
    if node.type == "heading":
        return Block("heading", ((_runs(node.children[0]),),), level=int(node.tag[1:]))
    if node.type == "paragraph":
        return Block("paragraph", ((_runs(node.children[0]),),))
    if node.type == "fence":
        return Block("code", (((Run(node.content.rstrip("\n")),),),))
    if node.type in ("bullet_list", "ordered_list"):
        return Block(node.type, tuple((_runs(item.children[0].children[0]),) for item in node.children))
    if node.type == "table":
        rows = (row for part in node.children for row in part.children)
        return Block("table", tuple(tuple(_runs(cell.children[0]) for cell in row.children) for row in rows))
    raise ValueError(f"a source may not contain: {node.type}")


def _runs(inline: SyntaxTreeNode) -> tuple[Run, ...]:
    runs: list[Run] = []
    for node in inline.children:
        if node.type == "text":
            runs.append(Run(node.content))
        elif node.type == "softbreak":
            runs.append(Run(" "))
        elif node.type == "code_inline":
            runs.append(Run(node.content, code=True))
        elif node.type in ("strong", "em"):
            text = "".join(child.content for child in node.children)
            runs.append(Run(text, bold=node.type == "strong", italic=node.type == "em"))
        else:
            raise ValueError(f"a source may not contain: {node.type}")
    return tuple(runs)


class _Paper(BaseDocTemplate):
    """A4 pages with the title above and the page number below, and the headings as outline."""

    def __init__(self, target: BytesIO, title: str) -> None:
        super().__init__(
            target, pagesize=A4, title=title, author=AUTHOR, subject="Citewell sample", creator="Citewell", lang="en",
            leftMargin=2.5 * cm, rightMargin=2.5 * cm, topMargin=2.6 * cm, bottomMargin=2.4 * cm,
            invariant=1, pageCompression=0,
        )  # fmt: skip
        frame = Frame(self.leftMargin, self.bottomMargin, self.width, self.height, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate(frames=[frame], onPage=self._furniture))
        self._title = title

    def _furniture(self, canvas: Canvas, document: BaseDocTemplate) -> None:
        left, right = self.leftMargin, A4[0] - self.rightMargin
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(SOFT)
        canvas.setStrokeColor(RULE)
        if document.page > 1:
            canvas.drawString(left, A4[1] - 1.6 * cm, self._title)
            canvas.line(left, A4[1] - 1.8 * cm, right, A4[1] - 1.8 * cm)
        canvas.drawString(left, 1.4 * cm, AUTHOR)
        canvas.drawRightString(right, 1.4 * cm, f"Page {document.page}")

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab calls it by this name
        if isinstance(flowable, Paragraph) and flowable.style in HEADINGS:
            key = f"heading-{self.page}-{flowable.getPlainText()}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=HEADINGS.index(flowable.style))


def pdf(blocks: list[Block]) -> bytes:
    target = BytesIO()
    paper = _Paper(target, blocks[0].text)
    paper.build([flowable for block in blocks for flowable in _flowables(block, paper.width)])
    return target.getvalue()


def _flowables(block: Block, width: float) -> list[Flowable]:
    if block.kind == "heading":
        return [Paragraph(_markup(block.rows[0][0]), HEADINGS[block.level - 1])]
    if block.kind == "paragraph":
        return [Paragraph(_markup(block.rows[0][0]), BODY)]
    if block.kind == "code":
        return [XPreformatted(escape(block.text), CODE)]
    if block.kind == "table":
        return [_table(block, width), Spacer(1, 10)]
    items = [Paragraph(_markup(row[0]), ParagraphStyle("item", BODY, spaceAfter=3)) for row in block.rows]
    if block.kind == "ordered_list":
        return [ListFlowable(items, bulletType="1", bulletFormat="%s.", bulletFontSize=10, leftIndent=16), Spacer(1, 5)]
    return [ListFlowable(items, bulletType="bullet", start="•", bulletFontSize=10, leftIndent=16), Spacer(1, 5)]


def _markup(runs: tuple[Run, ...]) -> str:
    """reportlab's markup of a line of text."""
    parts = []
    for run in runs:
        text = escape(run.text)
        text = f"<b>{text}</b>" if run.bold else f"<i>{text}</i>" if run.italic else text
        parts.append(f'<font face="Courier" size="9">{text}</font>' if run.code else text)
    return "".join(parts)


def _table(block: Block, width: float) -> Table:
    """A table whose columns share the width by the square root of their longest cell."""
    columns = zip(*block.rows, strict=True)
    weights = [max(4, *(sum(len(run.text) for run in cell) for cell in column)) ** 0.5 for column in columns]
    cells = [[Paragraph(_markup(cell), CELL if row else HEAD) for cell in line] for row, line in enumerate(block.rows)]
    everywhere = (0, 0), (-1, -1)
    style = TableStyle(
        [("GRID", *everywhere, 0.5, RULE), ("VALIGN", *everywhere, "TOP"), ("BACKGROUND", (0, 0), (-1, 0), TINT)]
    )
    return Table(cells, [width * weight / sum(weights) for weight in weights], repeatRows=1, style=style)


def docx(blocks: list[Block]) -> bytes:
    document = Document()
    properties = document.core_properties
    properties.title, properties.author, properties.language = blocks[0].text, AUTHOR, "en"
    properties.created = properties.modified = DATE
    properties.comments = properties.last_modified_by = ""
    for block in blocks:
        _append(document, block)
    _drop_unused(document)
    target = BytesIO()
    document.save(target)
    return _settled(target)


def _drop_unused(document: Docx) -> None:
    """Takes out what the template brings and nothing here uses: 0.8 MB of table styles, and a thumbnail."""
    for style in list(document.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name not in ("Normal Table", TABLE_STYLE):
            style.delete()
    for parts in (document.part.rels, document.part.package.rels):
        for name, part in list(parts.items()):
            if part.reltype.endswith(("/stylesWithEffects", "/thumbnail")):
                del parts[name]


def _append(document: Docx, block: Block) -> None:
    if block.kind == "heading":
        document.add_heading(block.text, level=block.level - 1)
    elif block.kind == "table":
        table = document.add_table(len(block.rows), len(block.rows[0]), style=TABLE_STYLE)
        for row, cells in zip(table.rows, block.rows, strict=True):
            for cell, runs in zip(row.cells, cells, strict=True):
                _write(cell.paragraphs[0], runs)
        document.add_paragraph()
    elif block.kind == "code":
        _write(document.add_paragraph(), (Run(block.text, code=True),))
    else:
        style = {"bullet_list": "List Bullet", "ordered_list": "List Number"}.get(block.kind)
        for row in block.rows:
            _write(document.add_paragraph(style=style), row[0])


def _write(paragraph: DocxParagraph, runs: tuple[Run, ...]) -> None:
    for run in runs:
        written = paragraph.add_run(run.text)
        written.bold, written.italic = run.bold or None, run.italic or None
        if run.code:
            written.font.name, written.font.size = "Courier New", Pt(9)


def _settled(archive: BytesIO) -> bytes:
    """The same archive with one date on every part, uncompressed."""
    target = BytesIO()
    with ZipFile(archive) as parts, ZipFile(target, "w", ZIP_STORED) as settled:
        for name in parts.namelist():
            part = ZipInfo(name, DATE.timetuple()[:6])
            part.create_system = 3
            settled.writestr(part, parts.read(name))
    return target.getvalue()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "sample" / "documents"
    for source in sorted((HERE / "sources").glob("*.md")):
        build(source, folder)


if __name__ == "__main__":
    main()
