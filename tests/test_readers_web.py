"""Pages, e-books, feeds and XML: what a person reads of them, in order, under its headings."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from one_document import texts

from ingest.reading import read_path
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Anchor, Document


def read(path: Path, content: str | bytes) -> Document:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    [document] = read_path(path)
    assert isinstance(document, Document)
    return document


PROSE = "<p>The quick brown fox jumps over the lazy dog near the river bank, and nobody minds.</p>" * 5


class TestTables:
    @pytest.mark.parametrize(
        ("table", "text", "header_rows"),
        [
            ("<tr><th>a<th>b<tr><td>1<td>2", "a | b\n1 | 2", 1),
            ("<thead><tr><td>a<td>b<tr><td>c<td>d</thead><tr><td>1<td>2", "a | b\nc | d\n1 | 2", 2),
            ("<tr><td><b>a</b><td><b>b</b><tr><td>x<td>y<tr><td>z<td>w", "a | b\nx | y\nz | w", 1),
            ("<tr><td><td>2021<td>2020<tr><td>Sales<td>5<td>4", " | 2021 | 2020\nSales | 5 | 4", 1),
            ("<tr><td>Sales<td>5<td>4<tr><td>Costs<td>3<td>2", "Sales | 5 | 4\nCosts | 3 | 2", 0),
            ("<tr><th>Name<td>Ann<tr><th>Age<td>42", "Name | Ann\nAge | 42", 0),
            ("<tr><td>Name<td>Ann<tr><td>Town<td>Bonn", "Name | Ann\nTown | Bonn", 0),
            ("<tr><td rowspan=2>a<td>1<tr><td>2", "a | 1\na | 2", 0),
            ("<tr><th colspan=2>a<th>b<tr><td>1<td>2<td>3", "a |  | b\n1 | 2 | 3", 1),
            ("<tr><td>a<td><td>b<tr><td><td><td><tr><td>c<td><td>d", "a | b\nc | d", 0),
            ("<tr><td>x<td>1<td>2<tr><td>y<td>3<td>", "x | 1 | 2\ny | 3", 0),
        ],
    )
    def test_rows(self, table: str, text: str, header_rows: int, tmp_path: Path) -> None:
        document = read(tmp_path / "a.html", f"<table>{table}</table>")
        assert (document.text, document.blocks[0].header_rows) == (text, header_rows)

    def test_signs_are_joined_with_their_numbers(self, tmp_path: Path) -> None:
        rows = (
            "<tr><td><td><td colspan=2>2021<td><td><td colspan=2>2020<td>"
            "<tr><td>Sales<td><td>$<td>5,000<td><td><td>$<td>4,000<td>"
            "<tr><td>Loss<td><td><td>(70<td>)<td><td><td>(60<td>)"
            "<tr><td>Margin<td><td><td>7<td>%<td><td><td>6<td>%"
        )
        document = read(tmp_path / "a.html", f"<table>{rows}</table>")
        assert document.text == " | 2021 | 2020\nSales | $5,000 | $4,000\nLoss | (70) | (60)\nMargin | 7% | 6%"
        assert document.blocks[0].header_rows == 1

    def test_columns_under_one_name_stay_apart_where_each_has_its_own(self, tmp_path: Path) -> None:
        rows = "<tr><td><td colspan=2>2021<tr><td><td>low<td>high<tr><td>Sales<td>4<td>5"
        document = read(tmp_path / "a.html", f"<table>{rows}</table>")
        assert document.text == " | 2021\n | low | high\nSales | 4 | 5"
        assert document.blocks[0].header_rows == 2

    @pytest.mark.parametrize(
        "table",
        [
            "<table><caption>Sales by year</caption><tr><th>a<th>b<tr><td>1<td>2</table>",
            "<table><tr><td colspan=2>Sales by year<tr><th>a<th>b<tr><td>1<td>2</table>",
        ],
    )
    def test_captions(self, table: str, tmp_path: Path) -> None:
        document = read(tmp_path / "a.html", table)
        assert texts(document) == ["Sales by year", "a | b\n1 | 2"]
        assert document.blocks[1].caption == "Sales by year"

    @pytest.mark.parametrize(
        ("table", "blocks"),
        [
            ("<tr><td><p>One.<p>Two.", ["paragraph", "paragraph"]),
            ("<tr><td><h2>One</h2><td><p>Two.", ["heading", "paragraph"]),
            ("<tr><td>Menu<td><table><tr><td>a<td>1<tr><td>b<td>2</table>", ["paragraph", "table"]),
            (f"<tr><td>x<td>{'Long words. ' * 200}", ["paragraph", "paragraph"]),
            ("<tr><td>•<td>One thing<tr><td>•<td>Another", ["list"]),
        ],
    )
    def test_tables_for_looks_are_none(self, table: str, blocks: list[str], tmp_path: Path) -> None:
        document = read(tmp_path / "a.html", f"<table>{table}</table>")
        assert [block.kind for block in document.blocks] == blocks

    def test_a_small_table_in_a_cell_does_not_spoil_the_table(self, tmp_path: Path) -> None:
        rows = "<tr><th>Founded<td>1975, in Albuquerque<tr><th>Seat<td>Redmond <table><tr><td>WA</table>"
        assert (
            read(tmp_path / "a.html", f"<table>{rows}</table>").text
            == "Founded | 1975, in Albuquerque\nSeat | Redmond WA"
        )

    def test_spans_beyond_measure_are_harmless(self, tmp_path: Path) -> None:
        rows = "<tr><td colspan=99999 rowspan=99999>a<td>b<tr><td colspan=x>c<td rowspan=0>d"
        assert "c" in read(tmp_path / "a.html", f"<table>{rows}</table>").text


class TestPages:
    MENU = "<ul>" + "".join(f"<li><a href=x>Menu item {number}</a>" for number in range(6)) + "</ul>"

    def test_a_menu_beside_the_content_is_left_out(self, tmp_path: Path) -> None:
        content = f"<div id=left>{self.MENU}</div><div><h1>Foxes</h1>{PROSE}</div><div>© 2024 Ann</div>"
        document = read(tmp_path / "a.html", content)
        assert "Menu item" not in document.text
        assert document.text.endswith("© 2024 Ann")

    def test_links_in_the_content_are_kept(self, tmp_path: Path) -> None:
        document = read(tmp_path / "a.html", f"<div><h1>Foxes</h1>{PROSE}<h2>See also</h2>{self.MENU}{PROSE}</div>")
        assert "Menu item 5" in document.text

    def test_a_page_of_links_keeps_them(self, tmp_path: Path) -> None:
        assert "Menu item 5" in read(tmp_path / "a.html", f"<h1>Index</h1>{self.MENU}").text

    def test_long_links_are_no_menu(self, tmp_path: Path) -> None:
        papers = "".join(f"<li><a>A study of the habits of foxes in towns, part {number}</a>" for number in range(6))
        assert "part 5" in read(tmp_path / "a.html", f"<div>{PROSE * 5}</div><ul>{papers}</ul>").text

    def test_bold_lines_are_headings_where_there_are_no_others(self, tmp_path: Path) -> None:
        content = (
            "<p style='font-weight:bold'>PART I<p><b>ITEM 1.&nbsp;FOXES</b><p>They are red."
            "<p><b>Note.</b> They are quick.<p><b>ITEM 2. WOLVES</b><p>They are grey.<p><b>A whole sentence.</b>"
        )
        document = read(tmp_path / "a.html", content)
        assert [block.headings for block in document.blocks if block.kind == "paragraph"] == [
            ("PART I", "ITEM 1. FOXES"),
            ("PART I", "ITEM 1. FOXES"),
            ("ITEM 2. WOLVES",),
            ("ITEM 2. WOLVES",),
        ]
        assert document.anchor_at(document.text.index("grey")) == Anchor("heading", "ITEM 2. WOLVES")

    def test_bold_lines_are_none_where_there_are_headings(self, tmp_path: Path) -> None:
        document = read(tmp_path / "a.html", "<h1>Foxes</h1><p><b>Red</b><p>They are red.")
        assert [block.kind for block in document.blocks] == ["heading", "paragraph", "paragraph"]

    def test_a_list_of_parts_is_written_part_by_part(self, tmp_path: Path) -> None:
        content = "<ul><li><h2>One</h2><p>First.<li><pre>a<br>\n b</pre></ul><ul><li>x<li>y</ul>"
        assert texts(read(tmp_path / "a.html", content)) == ["One", "First.", "a\n\n b", "- x\n- y"]

    def test_two_line_breaks_end_a_paragraph(self, tmp_path: Path) -> None:
        document = read(tmp_path / "a.html", "<body>One<br>\nline.<br> <br/>Two.<br><br><br>Three.")
        assert texts(document) == ["One\nline.", "Two.", "Three."]

    def test_what_cannot_be_seen_is_not_read(self, tmp_path: Path) -> None:
        content = "<p>Donau\xaddampf\u200bschiff <span style='mso-hide:all'>no</span><ruby>漢<rt>かん</rt></ruby>"
        assert read(tmp_path / "a.html", content).text == "Donaudampfschiff 漢"

    def test_formulas_are_said_once(self, tmp_path: Path) -> None:
        math = "<math alttext='E = mc^2'><mi>E</mi><annotation>E = mc^2</annotation></math>"
        assert read(tmp_path / "a.html", f"<p>So {math} holds.").text == "So E = mc^2 holds."

    def test_a_page_made_by_scripts_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(NothingToRead, match=r"a\.html holds no text, only scripts"):
            read(tmp_path / "a.html", "<html><body><div id=root></div><script>run()</script></body></html>")

    def test_a_file_name_is_no_title(self, tmp_path: Path) -> None:
        document = read(tmp_path / "my_page.html", "<title>x-10k_2021.htm</title><p>Words.")
        assert document.title == "my page"

    def test_xhtml_is_read_as_xml(self, tmp_path: Path) -> None:
        content = (
            '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head>'
            "<body><p>F&uuml;chse<a id='x'/> sind</p><p>rot.</p><svg xmlns='http://www.w3.org/2000/svg'>no</svg></body></html>"
        )
        assert read(tmp_path / "a.xhtml", content).text == "Füchse sind\n\nrot."

    def test_a_misleading_charset(self, tmp_path: Path) -> None:
        words = "أمر القبطان العجوز بإخلاء الجسر قبل أن تمر السفينة فوق المياه الضحلة."
        content = b'<meta charset="iso-8859-1"><p>' + words.encode("cp1256")
        assert read(tmp_path / "a.html", content).text == words


CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)
XHTML = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">{}</html>'


def epub(path: Path, chapters: dict[str, str], *, contents: str = "", ncx: str = "", **entries: str) -> Path:
    items = "".join(
        f'<item id="c{number}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(chapters)))
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr(
            "OPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
            "<dc:title>About foxes</dc:title><dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator>"
            '<meta property="dcterms:modified">2024-05-06T07:08:09Z</meta></metadata><manifest>'
            '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
            f'<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>{items}</manifest>'
            f'<spine><itemref idref="nav"/>{spine}</spine></package>',
        )
        for name, content in chapters.items():
            archive.writestr(f"OPS/{name}", XHTML.format(f"<body>{content}</body>"))
        if contents:
            archive.writestr("OPS/nav.xhtml", XHTML.format(f'<body><nav epub:type="toc">{contents}</nav></body>'))
        if ncx:
            archive.writestr(
                "OPS/toc.ncx", f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{ncx}</navMap></ncx>'
            )
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return path


def opened(path: Path) -> Document:
    [document] = read_path(path)
    assert isinstance(document, Document)
    return document


class TestEpub:
    def test_chapters_in_order_with_their_headings(self, tmp_path: Path) -> None:
        chapters = {
            "z one.xhtml": "<h2>One</h2><p>First.</p><h3>Deeper</h3><p>x</p>",
            "a.xhtml": "<h2>Two</h2><p>Second.</p>",
        }
        document = opened(epub(tmp_path / "a.epub", chapters))
        assert texts(document) == ["One", "First.", "Deeper", "x", "Two", "Second."]
        assert document.blocks[-1].headings == ("Two",)
        assert document.anchor_at(document.text.index("x")) == Anchor("heading", "One > Deeper")
        assert document.title == "About foxes (Ann, Bob)"
        assert document.modified is not None
        assert document.modified.isoformat() == "2024-05-06T07:08:09+00:00"

    def test_the_table_of_contents_gives_headings_where_there_are_none(self, tmp_path: Path) -> None:
        contents = (
            '<ol><li><a href="one.xhtml">Part one</a><ol><li><a href="one.xhtml#b">Second half</a></li></ol></li>'
            '<li><a href="two.xhtml">TWO</a></li></ol>'
        )
        chapters = {
            "one.xhtml": "<p>First.</p><p>More <a id='b'></a>words.</p><p>Last.</p>",
            "two.xhtml": "<div><p class='t'>Two</p><p>Second.</p></div>",
        }
        document = opened(epub(tmp_path / "a.epub", chapters, contents=contents))
        assert [(block.kind, text) for block, text in zip(document.blocks, texts(document), strict=True)] == [
            ("heading", "Part one"),
            ("paragraph", "First."),
            ("heading", "Second half"),
            ("paragraph", "More words."),
            ("paragraph", "Last."),
            ("heading", "Two"),
            ("paragraph", "Second."),
        ]
        assert document.blocks[4].headings == ("Part one", "Second half")

    def test_the_older_form_of_a_table_of_contents(self, tmp_path: Path) -> None:
        ncx = '<navPoint><navLabel><text>One</text></navLabel><content src="one.xhtml"/></navPoint>'
        document = opened(epub(tmp_path / "a.epub", {"one.xhtml": "<p>First.</p>"}, ncx=ncx))
        assert texts(document, "heading") == ["One"]

    def test_a_chapter_without_a_name_is_a_place_by_its_number(self, tmp_path: Path) -> None:
        document = opened(epub(tmp_path / "a.epub", {"one.xhtml": "<p>First.</p>", "two.xhtml": "<p>Second.</p>"}))
        assert document.anchor_at(document.text.index("Second")) == Anchor("part", "chapter 2", 2)

    def test_a_protected_book_says_so(self, tmp_path: Path) -> None:
        encryption = (
            '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
            '<e:EncryptionMethod Algorithm="{}"/><e:CipherData><e:CipherReference URI="OPS/one.xhtml"/></e:CipherData>'
            "</e:EncryptedData></encryption>"
        )
        chapters = {"one.xhtml": "<p>First.</p>"}
        aes = encryption.format("http://www.w3.org/2001/04/xmlenc#aes256-cbc")
        with pytest.raises(UnreadableFile, match=r"a\.epub is protected against copying \(DRM\)"):
            opened(epub(tmp_path / "a.epub", chapters, **{"META-INF__encryption_xml": aes}))
        fonts = encryption.format("http://www.idpf.org/2008/embedding")
        assert opened(epub(tmp_path / "b.epub", chapters, **{"META-INF__encryption_xml": fonts})).text == "First."

    def test_a_damaged_book_says_so(self, tmp_path: Path) -> None:
        with ZipFile(tmp_path / "a.epub", "w") as archive:
            archive.writestr("mimetype", "application/epub+zip")
        with pytest.raises(UnreadableFile, match=r"a\.epub is damaged or no e-book"):
            opened(tmp_path / "a.epub")


RSS = (
    '<?xml version="1.0"?><rss xmlns:c="http://purl.org/rss/1.0/modules/content/"><channel><title>News of foxes</title>'
    "<description>All about them.</description><item><title>Red &amp;amp; quick</title><link>https://example.org/1</link>"
    "<pubDate>Mon, 06 May 2024 07:08:09 GMT</pubDate><description>short</description>"
    "<c:encoded><![CDATA[<h1>Why</h1><p>Because <b>so</b>.</p><ul><li>one</ul>]]></c:encoded></item>"
    "<item><description>No title.</description></item></channel></rss>"
)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>News of foxes</title><entry><title>Red</title>'
    '<link rel="self" href="x"/><link href="https://example.org/1"/><updated>2024-05-06</updated>'
    "<author><name>Ann</name></author><summary>no</summary>"
    '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>They are red.</p></div></content></entry>'
    "</feed>"
)


class TestXml:
    def test_entries_of_rss(self, tmp_path: Path) -> None:
        document = read(tmp_path / "a.xml", RSS)
        assert texts(document) == [
            "All about them.",
            "Red & quick",
            "Date: Mon, 06 May 2024 07:08:09 GMT\nLink: https://example.org/1",
            "Why",
            "Because so.",
            "- one",
            "Untitled",
            "No title.",
        ]
        assert document.title == "News of foxes"
        assert document.blocks[4].headings == ("Red & quick", "Why")

    def test_entries_of_atom(self, tmp_path: Path) -> None:
        document = read(tmp_path / "a.atom", ATOM)
        assert texts(document) == ["Red", "Date: 2024-05-06\nBy: Ann\nLink: https://example.org/1", "They are red."]

    def test_text_under_its_titles(self, tmp_path: Path) -> None:
        content = (
            "<book><info><author><first>Ann</first><last>Lee</last></author></info><title>Foxes</title><chapter>"
            "<title>Red ones</title><para>They are <emphasis>red</emphasis>.<itemizedlist><listitem><para>one</para>"
            "</listitem><listitem><para>two</para></listitem></itemizedlist>And quick.</para>"
            "<figure><title>A fox</title></figure><programlisting>a\n  b</programlisting>"
            "<table><title>Sizes</title><tgroup><thead><row><entry>a</entry><entry>b</entry></row></thead>"
            "<tbody><row><entry>1</entry><entry>2</entry></row></tbody></tgroup></table></chapter></book>"
        )
        document = read(tmp_path / "a.xml", content)
        assert [(block.kind, text) for block, text in zip(document.blocks, texts(document), strict=True)] == [
            ("paragraph", "Ann Lee"),
            ("heading", "Foxes"),
            ("heading", "Red ones"),
            ("paragraph", "They are red."),
            ("list", "- one\n- two"),
            ("paragraph", "And quick."),
            ("paragraph", "A fox"),
            ("code", "a\n  b"),
            ("paragraph", "Sizes"),
            ("table", "a | b\n1 | 2"),
        ]
        assert document.blocks[-1].headings == ("Foxes", "Red ones")
        assert (document.blocks[-1].caption, document.blocks[-1].header_rows) == ("Sizes", 1)
        assert document.title == "Foxes"

    def test_data_is_read_like_json(self, tmp_path: Path) -> None:
        content = (
            '<shop town="Bonn"><book id="1"><title>Foxes</title><price currency="EUR">5.00</price></book>'
            '<book id="2"><title>Wolves</title><price currency="EUR">6.50</price></book></shop>'
        )
        document = read(tmp_path / "a.xml", content)
        assert document.text == (
            "town: Bonn\n\nbook\n\n"
            "id | title | price.currency | price.text\n1 | Foxes | EUR | 5.00\n2 | Wolves | EUR | 6.50"
        )

    def test_entities_are_those_of_html_and_short_ones_of_its_own(self, tmp_path: Path) -> None:
        (tmp_path / "secret.txt").write_text("secret words")
        content = (
            f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt"><!ENTITY fox "red fox">]>'
            "<a><p>One &x; &fox; &eacute; end.</p></a>"
        )
        assert read(tmp_path / "a.xml", content).text == "One red fox é end."

    def test_entities_do_not_grow(self, tmp_path: Path) -> None:
        laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
        content = f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]><a><p>&l9;</p></a>'
        with pytest.raises(UnreadableFile, match=r"a\.xml is not well-formed XML"):
            read(tmp_path / "a.xml", content)

    def test_what_is_wrong_is_named_by_its_line(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match=r"a\.xml is not well-formed XML: line 3 is wrong\."):
            read(tmp_path / "a.xml", "<a>\n<b>\n</a>")
