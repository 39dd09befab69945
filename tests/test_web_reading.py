"""A source opened: every character of it is shown once, the quoted ones marked, none of them as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import pytest
import streamlit as st
from format_samples import MAKERS, pdf
from hypothesis import given, strategies
from lxml import html
from streamlit.testing.v1 import AppTest

from app.web.reading.blocks import heading_html
from app.web.reading.leaf import leaf_html
from app.web.reading.marking import words_of
from citewell import KnowledgeBase
from citewell.leaves import Leaf, leaves
from ingest.reading import read_path
from kb.text.visible import unsteered
from kb.types import Anchor, Block, Document, Mark, Span

TAGS = {
    *("div", "p", "span", "mark", "h3", "h4", "h5", "h6", "ul", "li", "pre", "code", "blockquote", "hr", "strong"),
    *("em", "table", "caption", "thead", "tbody", "tr", "th", "td"),
}
RULES = """# Rules of the *mooring*

Boats are moored by **two lines**; see [the chart](http://example.invalid/c) <svg onload=alert(1)></svg>

1. Report.
2. Pay
   - In cash

| Length | Fee |
|:-------|----:|
| 8 m | 120 |
| 9 m | 240 |

> Ingrid Falk may refuse.

```python
fee = a < b
```
"""


def solid(text: str) -> str:
    return "".join(unsteered(text).split())


def parsed(markup: str) -> html.HtmlElement:
    return html.fragment_fromstring(markup)


def own_text(markup: str) -> tuple[str, str]:
    """All that stands there of the document, and what of it is marked."""
    tree = parsed(markup)
    for added in tree.xpath('//*[contains(concat(" ", @class, " "), " cw-added ")]'):
        added.drop_tree()
    return solid(tree.text_content()), solid(
        "".join(mark.text_content() for mark in tree.xpath('//mark|//span[@class="cw-quoted"]'))
    )


def seen(markup: str) -> str:
    tree = parsed(markup)
    for hidden in tree.xpath('//*[contains(concat(" ", @class, " "), " cw-unseen ")]'):
        hidden.drop_tree()
    return solid(tree.text_content())


def whole(document: Document) -> Leaf:
    return Leaf("section", "all", 0, len(document.text))


def read(path: Path) -> Document:
    return next(found for found in read_path(path) if isinstance(found, Document))


@pytest.fixture
def rules(tmp_path: Path) -> Document:
    (tmp_path / "rules.md").write_text(RULES)
    return read(tmp_path / "rules.md")


def shown_exactly(document: Document, leaf: Leaf, span: Span) -> None:
    text, marked = own_text(leaf_html(document, leaf, [span]))
    assert text == solid(document.text[leaf.start : leaf.end])
    assert marked == solid(document.text[max(span.start, leaf.start) : max(leaf.start, min(span.end, leaf.end))])


@pytest.mark.parametrize("name", MAKERS)
def test_every_format_is_shown_exactly(name: str, tmp_path: Path) -> None:
    document = read(MAKERS[name](tmp_path / name))
    for leaf in leaves(document):
        for start in range(leaf.start, leaf.end, 7):
            shown_exactly(document, leaf, Span(start, start + 20))


@given(
    strategies.text("ab *_`[]()|\\\n#->.1<&:~=!", max_size=120),
    strategies.sampled_from(["heading", "paragraph", "list", "table", "code"]),
    strategies.sampled_from(["text/markdown", "text/plain", "application/x-ipynb+json"]),
    strategies.integers(0, 2),
    strategies.data(),
)
def test_any_block_is_shown_exactly_and_never_as_markup(
    text: str, kind: str, media_type: str, header_rows: int, data: strategies.DataObject
) -> None:
    block = Block(0, len(text), kind, ("a",), header_rows=header_rows)
    document = Document("0" * 16, "/a", "a", text, media_type, "", blocks=(block,) if text else ())
    start = data.draw(strategies.integers(0, len(text)))
    end = data.draw(strategies.integers(start, len(text)))
    cut = data.draw(strategies.integers(0, len(text)))
    for leaf in (whole(document), Leaf("part", "a", cut, len(text))):
        shown_exactly(document, leaf, Span(start, end))
        assert {element.tag for element in parsed(leaf_html(document, leaf, [])).iter()} <= TAGS


def test_markdown_shows_no_marks_of_its_own(rules: Document) -> None:
    markup = leaf_html(rules, whole(rules), [])
    tree = parsed(markup)
    assert seen(markup) == solid(
        "Rules of the mooring Boats are moored by two lines; see the chart <svg onload=alert(1)></svg> 1. Report. "
        "2. Pay In cash Length Fee 8 m 120 9 m 240 Ingrid Falk may refuse. fee = a < b"
    )
    assert [heading.text_content() for heading in tree.xpath("//h3/em")] == ["mooring"]
    assert [cell.text_content().strip(" |\n") for cell in tree.xpath('//thead//th[@scope="col"]')] == ["Length", "Fee"]
    assert len(tree.xpath("//li")) == 3 and len(tree.xpath("//blockquote")) == 1
    assert "<svg" not in markup and "<a " not in markup


def test_a_heading_of_many_blanks_takes_no_time() -> None:
    text = f"# a{' ' * 20_000}b"
    words = words_of(text, 0, len(text), ())
    began = process_time()
    assert heading_html(words, Block(0, len(text), "heading", ("a b",)), is_markdown=True).endswith("b</h3>")
    assert process_time() - began < 5


def test_a_picture_in_markdown_stands_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("See ![the *chart*](http://example.invalid/a.png) of \\*all* stars\\*.")
    document = read(tmp_path / "a.md")
    assert seen(leaf_html(document, whole(document), [])) == solid(
        "See ![the chart](http://example.invalid/a.png) of *all* stars*."
    )


def test_of_a_table_the_quoted_row_is_marked(rules: Document) -> None:
    start = rules.text.index("9 m")
    tree = parsed(leaf_html(rules, whole(rules), [Span(start, start + 3)]))
    [row] = tree.xpath('//tr[@aria-current="true"]')
    assert [mark.text_content() for mark in row.xpath(".//mark")] == ["9 m"]


def test_rows_of_a_sheet_have_their_numbers_and_further_down_its_header(tmp_path: Path) -> None:
    lines = ["animal,weight", *(f"fox {number},{number}" for number in range(2, 120))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    document = read(tmp_path / "a.csv")
    leaf = leaves(document)[1]
    start = document.text.index("fox 77 |")
    tree = parsed(leaf_html(document, leaf, [Span(start, start + 6)]))
    [row] = tree.xpath('//tr[@aria-current="true"]')
    assert row.xpath("string(th[@scope='row'])") == "77" and row.xpath("string(.//mark)") == "fox 77"
    assert [name.text_content().strip(" |\n") for name in tree.xpath("//thead//th")] == ["animal", "weight"]


def test_the_head_of_a_mail_names_its_fields(tmp_path: Path) -> None:
    tree = parsed(leaf_html(mail := read(MAKERS["a.eml"](tmp_path / "a.eml")), whole(mail), []))
    assert [name.text_content().rstrip(": ") for name in tree.xpath('//th[@scope="row"]')] == ["From", "Subject"]


def test_cells_of_a_notebook_are_named(tmp_path: Path) -> None:
    notebook = read(MAKERS["a.ipynb"](tmp_path / "a.ipynb"))
    tree = parsed(leaf_html(notebook, leaves(notebook)[0], []))
    assert [part.text for part in tree.xpath('//p[contains(@class, "cw-part")]')] == ["cell 1", "cell 2"]
    assert tree.xpath("//pre/code")[0].text == "print('fox')"


def test_names_of_places_are_no_markup() -> None:
    document = Document(
        "0" * 16, "/a", "a", "one", "text/plain", "", marks=(Mark(0, Anchor("sheet", 'sheet "<b>', 1)),)
    )
    [leaf] = leaves(document)
    assert parsed(leaf_html(document, leaf, [])).get("aria-label") == 'Text of sheet "<b>'


def opened_page(home: str, source: str, quote: str) -> None:
    """What AppTest runs: the viewer alone."""
    from pathlib import Path

    from app.web.reading.source import show_document, show_source
    from citewell import KnowledgeBase
    from kb.types import Citation, Span

    with KnowledgeBase.open(home=Path(home)) as base:
        document = base.document(source)
        if not quote:
            show_document(base, source, key="viewer")
        else:
            start = document.text.find(quote) if document else 0
            span = Span(max(0, start), max(0, start) + len(quote))
            anchor = document.anchor_at(span.start) if document else None
            show_source(base, Citation(1, "0" * 16, source, "", anchor, (span,), quote, True), key="viewer")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents, and a home with a base of them."""
    folder = tmp_path_factory.mktemp("library")
    documents = folder / "documents"
    documents.mkdir()
    pdf(documents / "river.pdf", *([(50, 250, f"Rule {number} of the river.")] for number in range(1, 4)))
    pdf(documents / "moved.pdf", [(50, 250, "The weir is inspected.")])
    MAKERS["a.pptx"](documents / "deck.pptx")
    (documents / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    with KnowledgeBase.open(home=folder / "home", create=True) as base:
        base.ingest([documents]).wait()
    return folder


@pytest.fixture
def viewer(library: Path) -> Iterator[Callable[[str, str], AppTest]]:
    def opened(name: str, quote: str) -> AppTest:
        arguments = (str(library / "home"), str(library / "documents" / name), quote)
        page = AppTest.from_function(opened_page, args=arguments, default_timeout=60).run()
        assert not page.exception
        return page

    yield opened
    st.cache_data.clear()


def shown(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(element.proto.body for element in page.get("html"))


def button(page: AppTest, label: str) -> AppTest:
    return next(each for each in page.button if each.label == label).click().run()


def test_pages_are_turned_and_the_quote_is_found_again(viewer: Callable[[str, str], AppTest]) -> None:
    page = viewer("river.pdf", "Rule 2")
    assert "river.pdf · page 2" in shown(page) and "Rule 2</mark>" in shown(page)
    assert page.selectbox[0].options == ["page 1 of 3", "page 2 of 3", "page 3 of 3"]
    assert "Back to the quote" not in [each.label for each in page.button]
    page = button(page, "Previous page")
    assert "page 1 of 3" in shown(page) and "<mark>" not in shown(page)
    page = button(button(page, "Next page"), "Next page")
    assert "page 3 of 3" in shown(page)
    assert next(each for each in page.button if each.label == "Next page").disabled
    page = button(page, "Back to the quote")
    assert "Rule 2</mark>" in shown(page)
    page = page.selectbox[0].select_index(0).run()
    assert "page 1 of 3" in shown(page)


def test_slides_are_turned_without_a_citation(viewer: Callable[[str, str], AppTest]) -> None:
    page = button(viewer("deck.pptx", ""), "Next slide")
    assert "slide 2 of 2" in shown(page) and "Red foxes" in shown(page) and "cw-slide" in shown(page)


def test_a_file_that_is_gone_is_read_as_text(viewer: Callable[[str, str], AppTest], library: Path) -> None:
    (library / "documents" / "moved.pdf").unlink()
    page = viewer("moved.pdf", "weir")
    assert "no longer where it was read" in page.info[0].value
    assert "<mark>weir</mark>" in shown(page)


def test_a_changed_document_is_said_to_be_so(viewer: Callable[[str, str], AppTest]) -> None:
    page = viewer("river.pdf", "Rule 9 of the sea.")
    assert "has changed since it was quoted" in page.warning[0].value
    assert "<mark>" not in shown(page)


def test_a_removed_document_is_said_to_be_so(viewer: Callable[[str, str], AppTest]) -> None:
    assert "no longer in the library" in viewer("never.pdf", "x").warning[0].value
    assert "no longer in the library" in viewer("never.pdf", "").warning[0].value


def test_a_file_that_could_not_be_read_says_why(viewer: Callable[[str, str], AppTest]) -> None:
    assert "damaged" in viewer("broken.pdf", "").warning[0].value
