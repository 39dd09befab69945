"""Workbooks and tables in text: what their readers make of cells, tables and places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter

from ingest.formats import Formats
from ingest.limits import Allowance, Limits
from ingest.readers.grid import Merge, Row, Table, tables
from ingest.readers.number_formats import BUILT_IN, shown_number, shown_text
from ingest.readers.source_file import SourceFile
from ingest.reading import read_path
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Anchor, Document, main_anchor

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def read(path: Path) -> Document:
    [document] = read_path(path)
    assert isinstance(document, Document)
    return document


def refusal(path: Path) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        list(read_path(path))
    return caught.value


def reader_of(path: Path) -> str | None:
    try:
        return type(Formats().reader(SourceFile.at(path))).__name__
    except NothingToRead:
        return None


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def table_texts(document: Document) -> list[str]:
    return [text for kind, text in blocks(document) if kind == "table"]


def place_of(document: Document, words: str) -> str:
    start = document.text.index(words)
    anchor = main_anchor(document.marks, start, start + len(words))
    assert anchor
    return anchor.label


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


class TestNumberFormats:
    @pytest.mark.parametrize(
        ("value", "code", "shown"),
        [
            (1234.5, "General", "1234.5"),
            (0.1 + 0.2, "General", "0.3"),
            (4006381333931, "General", "4006381333931"),
            (1e20, "General", "1E+20"),
            (1 / 3, "General", "0.3333333333"),
            (7, 'General" pieces"', "7 pieces"),
            (2.675, "0.00", "2.68"),
            (-0.5, "0", "-1"),
            (1234567.891, "#,##0.00", "1,234,567.89"),
            (999, "#,##0", "999"),
            (0.256, "0.0%", "25.6%"),
            (0.5, "0%", "50%"),
            (1599.99, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "$1,599.99"),
            (-1599.99, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', "($1,599.99)"),
            (1234.5, "#,##0.00 [$€-407]", "1,234.50 €"),
            (1234.5, "[$CHF] #,##0.00", "CHF 1,234.50"),
            (0, '_("$"* #,##0_);_("$"* \\(#,##0\\);_("$"* "-"??_)', "$-"),
            (198356388, "0.00E+00", "1.98E+08"),
            (0.000123, "##0.0E+0", "123.0E-6"),
            (999999, "0.0E+0", "1.0E+6"),
            (2.5, "# ?/?", "2 1/2"),
            (0.75, "# ?/?", "3/4"),
            (3, "# ?/?", "3"),
            (2.375, "# ?/8", "2 3/8"),
            (12345678, '0.0,,"M"', "12.3M"),
            (12345, "#,##0,", "12"),
            (5551234567, "(###) ###-####", "(555) 123-4567"),
            (42, "00000", "00042"),
            (19.99, '0\\ "dollars and"\\ .00\\ "cents"', "19 dollars and .99 cents"),
            (1.5, "0.0##", "1.5"),
            (1.25, "0.0##", "1.25"),
            (-3, '0;"minus "0;"none"', "minus 3"),
            (0, '0;"minus "0;"none"', "none"),
            (5, '[<10]"few";[<100]"some";"many"', "few"),
            (50, '[<10]"few";[<100]"some";"many"', "some"),
            (500, '[<10]"few";[<100]"some";"many"', "many"),
            (-2, "[<0]0.0;0", "2.0"),
            (-2, "[<10]0.0;0", "-2.0"),
            (7, ";;;", ""),
            (7, "@", "7"),
            (45000, "yyyy-mm-dd", "2023-03-15"),
            (45000, "d. mmmm yyyy", "15. March 2023"),
            (45000, "dddd, mmm d, yy", "Wednesday, Mar 15, 23"),
            (45000, "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "Wednesday, March 15, 2023"),
            (45000.75, "m/d/yyyy h:mm AM/PM", "3/15/2023 6:00 PM"),
            (45000.5, "hh:mm a/p", "12:00 P"),
            (0.5004, "mm:ss", "00:35"),
            (0.50001157, "h:mm:ss.00", "12:00:01.00"),
            (1.6, "[h]:mm", "38:24"),
            (0.01, "[mm]:ss", "14:24"),
            (0.999999, "h:mm", "0:00"),
            (59, "d mmm yyyy", "28 Feb 1900"),
            (61, "d mmm yyyy", "1 Mar 1900"),
            (45000, 'yyyy"年"m"月"d"日"', "2023年3月15日"),
            (45000, "ggge", "2023"),
            (-1, "yyyy-mm-dd", "-1"),
            (1e9, "yyyy-mm-dd", "1000000000"),
            (float("inf"), "0.00", "inf"),
        ],
    )
    def test_numbers(self, value: float, code: str, shown: str) -> None:
        assert shown_number(value, code) == shown

    def test_days_are_counted_from_1904_where_the_workbook_says_so(self) -> None:
        assert shown_number(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"
        assert shown_number(43538, "yyyy-mm-dd", since_1904=True) == shown_number(45000, "yyyy-mm-dd")

    def test_the_short_date_is_written_so_that_nobody_misreads_it(self) -> None:
        assert shown_number(45000.25, BUILT_IN[22]) == "2023-03-15 6:00"

    @pytest.mark.parametrize(
        ("code", "shown"),
        [("General", "Ann"), ("@", "Ann"), ("0;0;0;", ""), ('"Dr. "@', "Dr. Ann"), ("#,##0;-0;0;@", "Ann")],
    )
    def test_words(self, code: str, shown: str) -> None:
        assert shown_text("Ann", code) == shown


def grid(text: str, *, bold: Sequence[int] = ()) -> list[Row]:
    """A row a line, cells apart by blanks, "." for a blank one; `bold` are numbers of rows."""
    rows = []
    for number, line in enumerate(text.strip("\n").split("\n"), 1):
        cells = {i: cell.replace("_", " ") for i, cell in enumerate(line.split()) if cell != "."}
        if cells:
            rows.append(Row(number, number, cells, frozenset(cells if number in bold else ())))
    return rows


def shape(table: Table) -> tuple[str, int, list[int]]:
    return table.caption, table.header_rows, list(table.numbers)


class TestGrid:
    @pytest.mark.parametrize(
        ("text", "header_rows"),
        [
            ("name amount\nAnn 1\nBob 2", 1),
            ("1 2\n3 4\n5 6", 0),
            ("Ann 1\nBob 2\nEve 3", 0),
            ("item 2022 2023\nfox 10 12\nowl 9 8", 1),
            ("2021 10 12\n2022 9 8\n2023 7 8", 0),
            ("item Jan-24 Feb-24\nfox 10 12\nowl 9 8", 1),
            ("Ann 2024-01-02 2024-02-03\nBob 2024-01-04 2024-02-05", 0),
            (". units . price\nfox 1 . 2\nowl 3 . 4", 1),
            ("name sex city\nAnn f Rome\nBob m Oslo", 1),
            ("Ann Rome Ann\nBob Oslo Eve\nEve Bonn Bob", 0),
            ("name city\nAnn Rome\nBob Oslo", 0),
            ("Name: Ann\nAmount: 12\nTax: 3", 0),
            (". north . south .\nitem units price units price\nfox 10 1 8 2\nowl 9 2 8 3", 2),
            ("item units price\n. pcs EUR\nfox 10 1\nowl 9 2", 1),
            ("item note price\nfox absent n/a\nowl late 7\nbat fine 8", 1),
            ("1 2 3\nearly late free\nlate free early\nfree free late", 1),
            ("share amount\n25% $1,200\n30% ($10)", 1),
        ],
    )
    def test_headers(self, text: str, header_rows: int) -> None:
        [table] = tables(grid(text))
        assert table.header_rows == header_rows

    def test_words_that_stand_out_name_columns_even_where_there_are_but_two(self) -> None:
        rows = grid("name city\nAnn Rome\nBob Oslo", bold=[1])
        assert [shape(table) for table in tables(rows)] == [("", 1, [1, 2, 3])]
        assert [shape(table) for table in tables(grid("name city\nAnn Rome"), expects_names=True)] == [("", 1, [1, 2])]

    def test_blank_rows_part_tables_and_lines_above_them_are_their_titles(self) -> None:
        rows = grid("Sales\nin_EUR\n\nitem units\nfox 1\nowl 2\n\nStaff\nname age city\nAnn 31 Rome\nBob 32 Oslo")
        assert [shape(table) for table in tables(rows)] == [
            ("", 0, [1, 2]),
            ("Sales in EUR", 1, [4, 5, 6]),
            ("", 0, [8]),
            ("Staff", 1, [9, 10, 11]),
        ]

    def test_prose_above_a_table_is_no_title(self) -> None:
        rows = grid(f"{'long_' * 50}\nitem units\nfox 1")
        assert [table.caption for table in tables(rows)] == ["", ""]

    def test_pairs_above_a_table_are_a_block_of_their_own(self) -> None:
        rows = grid("Date: 2024-01-02\nBy: Ann\nitem size units price tax\nfox 1 2 3 4\nowl 5 6 7 8\nbat 5 6 7 8")
        assert [shape(table) for table in tables(rows)] == [("", 0, [1, 2]), ("", 1, [3, 4, 5, 6])]

    def test_a_table_goes_on_below_a_blank_row(self) -> None:
        rows = grid("item 2022 2023\nSales 1 2\n\nCosts\nrent 3 4\n\nTaxes 5 6")
        assert [shape(table) for table in tables(rows)] == [("", 1, [1, 2, 4, 5, 7])]

    def test_but_not_where_its_columns_are_of_other_kinds(self) -> None:
        rows = grid("item 2022 2023\nSales 1 2\n\nseen_by Ann\nsigned_by Bob")
        assert [table.header_rows for table in tables(rows)] == [1, 0]

    def test_a_blank_row_may_stand_below_a_header(self) -> None:
        assert [shape(table) for table in tables(grid("item units\n\nfox 1\nowl 2"))] == [("", 1, [1, 3, 4])]

    def test_lines_set_widely_apart_are_one_table(self) -> None:
        text = "\n\n".join(["item units", *(f"fox{number} {number}" for number in range(12))])
        assert [shape(table)[1] for table in tables(grid(text))] == [1]

    def test_blank_columns_part_tables(self) -> None:
        rows = grid("item units . city area\nfox 1 . Rome 7\nowl 2 . Oslo 8\nbat 3")
        left, right = tables(rows)
        assert list(left.rows) == [["item", "units"], ["fox", "1"], ["owl", "2"], ["bat", "3"]]
        assert list(right.rows) == [["city", "area"], ["Rome", "7"], ["Oslo", "8"]]

    def test_names_amid_figures_begin_a_table(self) -> None:
        rows = grid("a b . . .\n1 2 . . .\n3 4 . x y\n5 6 . 7 8")
        assert [shape(table) for table in tables(rows)] == [("", 1, [1, 2, 3, 4]), ("", 1, [3, 4])]

    def test_columns_of_figures_that_are_set_apart_go_with_their_labels(self) -> None:
        [table] = tables(grid("item note . 2022 . 2023\nfox 1 . 10 . 11\nowl 2 . 12 . 13"))
        assert table.rows[1] == ["fox", "1", "10", "11"]

    def test_a_narrow_blank_column_is_a_margin(self) -> None:
        rows = grid("item units . city area\nfox 1 . Rome 7\nowl 2 . Oslo 8\nbat 3")
        [table] = tables(rows, margins={2})
        assert table.rows[1] == ["fox", "1", "Rome", "7"]

    def test_cells_that_span_columns_name_all_of_them(self) -> None:
        rows = grid(". north . south .\nitem units price units price\nfox 1 2 3 4\nowl 5 6 7 8")
        [table] = tables(rows, [Merge(1, 1, 2), Merge(1, 3, 4), Merge(3, 0, 2)])
        assert table.header_rows == 2
        assert list(table.rows[:3]) == [
            ["", "north", "north", "south", "south"],
            ["item", "units", "price", "units", "price"],
            ["fox", "1", "2", "3", "4"],
        ]

    def test_a_title_that_spans_the_table_is_a_title(self) -> None:
        rows = grid("Sales\nitem units price\nfox 1 2")
        assert [shape(table) for table in tables(rows, [Merge(1, 0, 2)])] == [("", 0, [1]), ("Sales", 1, [2, 3])]

    def test_short_cells_in_one_column_are_a_table_and_prose_is_lines(self) -> None:
        [cells] = tables(grid("a\nb\nc\nd"))
        [prose] = tables(grid(f"a\nb\nc\n{'d' * 200}"))
        assert (cells.is_lines, prose.is_lines) == (False, True)

    def test_nothing_has_no_tables(self) -> None:
        assert list(tables([])) == []


def styled(book: xlsxwriter.Workbook, code: str) -> xlsxwriter.format.Format:
    return book.add_format({"num_format": code})


def made(path: Path, fill: Callable[[xlsxwriter.Workbook], None]) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        fill(book)
    return path


def packed(path: Path, sheet: str, *, workbook: str = "", parts: dict[str, str] | None = None) -> Path:
    """A workbook of one sheet, made of the least that is needed; `sheet` and `workbook` are the content of elements."""
    main = f'xmlns="{MAIN}" xmlns:r="{OFFICE}"'
    content = {
        "_rels/.rels": relations({"r1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f'<workbook {main}>{workbook}<sheets><sheet name="S" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(
            {
                "r1": ("worksheet", "/xl/worksheets/sheet1.xml"),
                "r2": ("styles", "styles.xml"),
                "r3": ("sharedStrings", "sharedStrings.xml"),
            }
        ),
        "xl/worksheets/sheet1.xml": f"<worksheet {main}>{sheet}</worksheet>",
        **(parts or {}),
    }
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


def relations(links: dict[str, tuple[str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for name, (kind, target) in links.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{inner}</Relationships>'


class TestXlsx:
    def test_each_sheet_is_a_place_and_each_row_is_cited(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            book.add_worksheet("Empty")
            sheet = book.add_worksheet("Q3")
            for number, row in enumerate([("item", "units"), ("fox", 1), ("owl", 2), ("bat", 3)], 4):
                sheet.write_row(number, 0, row)

        document = read(made(tmp_path / "my_book.xlsx", fill))
        assert document.text == "Q3\n\nitem | units\nfox | 1\nowl | 2\nbat | 3"
        assert document.title == "my book"
        assert document.blocks[1].header_rows == 1
        assert document.blocks[1].headings == ("Q3",)
        assert document.anchor_at(0) == Anchor("sheet", "sheet Q3", 2)
        assert document.anchor_at(document.text.index("owl")) == Anchor("sheet", "sheet Q3, row 7", 2)
        assert place_of(document, "fox | 1\nowl | 2\nbat") == "sheet Q3, rows 6-8"

    def test_cells_are_read_as_they_are_shown(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            sheet = book.add_worksheet()
            sheet.write_number(0, 0, 0.255, styled(book, "0.0%"))
            sheet.write_number(0, 1, 1234.5, styled(book, "#,##0.00 [$€-407]"))
            sheet.write_datetime(0, 2, datetime(2024, 5, 6), styled(book, "dd.mm.yyyy"))  # noqa: DTZ001
            sheet.write_boolean(0, 3, True)
            sheet.write_formula(0, 4, "=1/0", None, "#DIV/0!")
            sheet.write_formula(0, 5, "=A1*2", styled(book, "0%"), 0.51)
            sheet.write_url(0, 6, "https://example.org/", string="See here")
            sheet.write_string(0, 7, "two\nlines")
            sheet.write_string(0, 8, "0012", styled(book, "@"))

        [text] = table_texts(read(made(tmp_path / "a.xlsx", fill)))
        assert text == "25.5% | 1,234.50 € | 06.05.2024 | TRUE | #DIV/0! | 51% | See here | two lines | 0012"

    def test_a_formula_whose_result_is_not_known_shows_itself(self, tmp_path: Path) -> None:
        sheet = '<sheetData><row r="1"><c r="A1"><f>SUM(B1:B9)</f><v></v></c><c r="B1"><f>1+1</f></c></row></sheetData>'
        assert table_texts(read(packed(tmp_path / "a.xlsx", sheet))) == ["=SUM(B1:B9) | =1+1"]

    def test_what_other_programs_write(self, tmp_path: Path) -> None:
        """No references, no styles, inline and rich text, escapes, pronunciation, ISO dates, days from 1904."""
        sheet = (
            '<sheetData><row><c t="inlineStr"><is><t>a</t></is></c><c/><c t="str"><v>b_x000D_&#10;c</v></c></row>'
            '<row><c t="s" s=""><v>0</v></c><c t="d"><v>2024-05-06</v></c><c s="1"><v>0</v></c><c s="9"><v>2</v></c>'
            "</row></sheetData>"
        )
        parts = {
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><r><t>rich </t></r><r><t>text</t></r>'
            "<rPh><t>pronounced</t></rPh></si></sst>",
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="yyyy"/></numFmts>'
            '<cellXfs><xf/><xf numFmtId="200"/></cellXfs></styleSheet>',
        }
        path = packed(tmp_path / "a.xlsx", sheet, workbook='<workbookPr date1904="1"/>', parts=parts)
        assert table_texts(read(path)) == ["a |  | b c\nrich text | 2024-05-06 | 1904 | 2"]

    def test_the_strict_vocabulary_and_other_prefixes_are_understood(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "a.xlsx", "")
        with ZipFile(path, "a") as archive:
            archive.writestr(
                "xl/worksheets/SHEET2.xml",
                '<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData><x:row r="3">'
                '<x:c r="B3"><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>',
            )
            archive.writestr("xl/_rels/other.xml.rels", relations({"a": ("worksheet", "worksheets\\sheet2.xml")}))
            archive.writestr(
                "xl/other.xml", f'<workbook xmlns="{MAIN}" xmlns:q="{OFFICE}"><sheet name="T" q:id="a"/></workbook>'
            )
        moved = tmp_path / "b.xlsx"
        with ZipFile(path) as old, ZipFile(moved, "w") as new:
            for name in old.namelist():
                text = old.read(name).decode()
                new.writestr(name, text.replace("xl/workbook.xml", "xl/other.xml") if name == "_rels/.rels" else text)
        document = read(moved)
        assert document.text == "T\n\n7"
        assert place_of(document, "7") == "sheet T, row 3"

    def test_hidden_sheets_are_read_and_called_so_and_those_of_programs_are_not(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            book.add_worksheet("Shown").write(0, 0, "one")
            hidden, kept = book.add_worksheet("Lookup"), book.add_worksheet("Cache")
            hidden.write(0, 0, "two")
            hidden.hide()
            kept.write(0, 0, "three")
            kept.very_hidden()
            book.add_worksheet("Last").write(0, 0, "four")

        document = read(made(tmp_path / "a.xlsx", fill))
        assert document.text == "Shown\n\none\n\nLookup (hidden sheet)\n\ntwo\n\nLast\n\nfour"
        assert document.anchor_at(document.text.index("two")) == Anchor("sheet", "sheet Lookup, row 1", 2)
        assert document.anchor_at(document.text.index("four")) == Anchor("sheet", "sheet Last, row 1", 4)

    def test_hidden_rows_and_columns_are_left_out_and_leave_no_gap(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            sheet = book.add_worksheet("S")
            for number in range(5):
                sheet.write_row(number, 0, ["id", "secret", "city"] if not number else [number, "s", f"c{number}"])
            sheet.set_column("B:B", None, None, {"hidden": True})
            sheet.set_row(2, None, None, {"hidden": True})
            sheet.write_comment("B2", "hidden as well")

        document = read(made(tmp_path / "a.xlsx", fill))
        assert blocks(document)[1:] == [("table", "id | city\n1 | c1\n3 | c3\n4 | c4")]
        assert place_of(document, "3 | c3") == "sheet S, row 4"

    @pytest.mark.parametrize("how", ["filter", "table", "group"])
    def test_what_a_filter_hides_or_a_group_folds_is_read(self, how: str, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            sheet = book.add_worksheet("S")
            for number in range(4):
                sheet.write_row(number, 0, ["city", "word"] if not number else [f"c{number}", "w"])
            if how == "filter":
                sheet.autofilter("A1:B4")
                sheet.filter_column("A", "x == c1")
            if how == "table":
                sheet.add_table("A1:B4", {"columns": [{"header": "city"}, {"header": "word"}]})
            level = {"level": 1} if how == "group" else {}
            sheet.set_row(2, None, None, {"hidden": True, **level})
            sheet.set_column("B:B", None, None, {"hidden": True, **level} if level else {})

        path = made(tmp_path / "a.xlsx", fill)
        if how == "table":
            _replace_in(path, "xl/tables/table1.xml", '<autoFilter ref="A1:B4"/>', _FILTER)
        assert table_texts(read(path)) == ["city | word\nc1 | w\nc2 | w\nc3 | w"]

    @pytest.mark.parametrize("how", ["filter", "table"])
    def test_the_file_itself_says_which_row_names_columns(self, how: str, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            sheet = book.add_worksheet("S")
            sheet.write_column("B2", ["key", "a", "b"])
            sheet.write_column("C2", ["word", "x", "y"])
            if how == "filter":
                sheet.autofilter("B2:C4")
            else:
                sheet.add_table("B2:C4", {"columns": [{"header": "key"}, {"header": "word"}]})

        document = read(made(tmp_path / "a.xlsx", fill))
        assert [block.header_rows for block in document.blocks] == [0, 1]

    def test_merged_cells_are_read_once_but_name_all_columns(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            sheet = book.add_worksheet("S")
            sheet.merge_range("B1:C1", "north")
            sheet.merge_range("D1:E1", "south")
            sheet.write_row("A2", ["item", "units", "price", "units", "price"])
            sheet.write_row("A3", ["fox", 1, 2, 3, 4])
            sheet.write_row("A4", ["owl", 5, 6])
            sheet.merge_range("D4:E4", "none")

        document = read(made(tmp_path / "a.xlsx", fill))
        assert table_texts(document)[0].split("\n") == [
            " | north | north | south | south",
            "item | units | price | units | price",
            "fox | 1 | 2 | 3 | 4",
            "owl | 5 | 6 | none",
        ]
        assert document.blocks[1].header_rows == 2

    def test_tables_of_a_sheet_with_their_titles(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            sheet = book.add_worksheet("S")
            sheet.write("A1", "Sales")
            sheet.write_row("A3", ["item", "units"])
            sheet.write_row("A4", ["fox", 1])
            sheet.write_row("E3", ["city", "area"])
            sheet.write_row("E4", ["Rome", 7])
            sheet.write_row("E5", ["Oslo", 8])

        document = read(made(tmp_path / "a.xlsx", fill))
        assert blocks(document) == [
            ("heading", "S"),
            ("paragraph", "Sales"),
            ("table", "item | units\nfox | 1"),
            ("table", "city | area\nRome | 7\nOslo | 8"),
        ]
        assert [block.caption for block in document.blocks] == ["", "", "Sales", ""]
        assert place_of(document, "fox | 1\n\ncity | area\nRome") == "sheet S, rows 3-4"

    def test_notes_boxes_and_charts(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            sheet = book.add_worksheet("S")
            sheet.write_row("A1", ["item", "units"])
            sheet.write_row("A2", ["fox", 1234])
            sheet.write_comment("B2", "Restated.", {"author": "Ann"})
            sheet.write_comment("C9", "Alone.")
            sheet.insert_textbox("A12", "Words in a box")
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": "=S!$B$2:$B$2"})
            chart.set_title({"name": "Units sold"})
            chart.set_x_axis({"name": "Item"})
            sheet.insert_chart("A20", chart)

        document = read(made(tmp_path / "a.xlsx", fill))
        assert blocks(document)[2:] == [
            ("paragraph", "Note on B2 (1234): Restated."),
            ("paragraph", "Note on C9: Alone."),
            ("paragraph", "Words in a box"),
            ("paragraph", "Units sold, Item"),
        ]
        assert place_of(document, "Note on B2") == "sheet S, row 2"
        assert place_of(document, "Units sold") == "sheet S, row 20"

    def test_a_conversation_is_read_in_the_place_of_its_stand_in(self, tmp_path: Path) -> None:
        comment = '<comment ref="A1"><text><t>[Threaded comment] Your program...</t></text></comment>'
        parts = {
            "xl/worksheets/_rels/sheet1.xml.rels": relations(
                {"a": ("comments", "../comments1.xml"), "b": ("threadedComment", "../threaded.xml")}
            ),
            "xl/comments1.xml": f'<comments xmlns="{MAIN}"><commentList>{comment}</commentList></comments>',
            "xl/threaded.xml": '<ThreadedComments xmlns="urn:t"><threadedComment ref="A1"><text>Why 7?</text>'
            '</threadedComment><threadedComment ref="A1"><text>Because.</text></threadedComment></ThreadedComments>',
        }
        sheet = '<sheetData><row r="1"><c r="A1"><v>7</v></c></row></sheetData>'
        document = read(packed(tmp_path / "a.xlsx", sheet, parts=parts))
        assert document.text == "S\n\n7\n\nNote on A1 (7): Why 7?\n\nNote on A1 (7): Because."

    def test_title_and_time_are_those_of_the_workbook(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            book.set_properties({"title": "Figures", "created": datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)})
            book.add_worksheet().write(0, 0, 1)

        document = read(made(tmp_path / "a.xlsx", fill))
        assert (document.title, document.modified) == ("Figures", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))

    def test_rows_that_are_merely_formatted_cost_nothing(self, tmp_path: Path) -> None:
        rows = "".join(f'<row r="{n}" s="1" customFormat="1"><c r="A{n}" s="1"/></row>' for n in range(2, 20_000))
        sheet = f'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>7</v></c></row>{rows}</sheetData>'
        document = read(packed(tmp_path / "a.xlsx", sheet))
        assert document.text == "S\n\n7"
        assert len(document.marks) == 2

    def test_one_long_text_in_many_cells_is_charged_for_each(self, tmp_path: Path) -> None:
        cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 201))
        words = f'<sst xmlns="{MAIN}"><si><t>{"long " * 2000}</t></si></sst>'
        path = packed(tmp_path / "a.xlsx", f"<sheetData>{cells}</sheetData>", parts={"xl/sharedStrings.xml": words})
        file = SourceFile.at(path, allowance=Allowance(Limits(expanded_mb=1)))
        with pytest.raises(UnreadableFile, match="unpacks to more than 1 MB"):
            list(Formats().reader(file).read(file))

    def test_sheets_count_against_the_limit_of_pages(self, tmp_path: Path) -> None:
        def fill(book: xlsxwriter.Workbook) -> None:
            for _ in range(3):
                book.add_worksheet().write(0, 0, 1)

        path = made(tmp_path / "a.xlsx", fill)
        file = SourceFile.at(path, allowance=Allowance(Limits(pages=2)))
        with pytest.raises(UnreadableFile, match="more than 2 pages"):
            list(Formats().reader(file).read(file))

    @pytest.mark.parametrize(
        ("part", "content"),
        [
            ("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row>"),
            ("xl/worksheets/sheet1.xml", f'<w xmlns="{MAIN}"><row r="x"><c><v>1</v></c></row></w>'),
            ("xl/worksheets/sheet1.xml", f'<w xmlns="{MAIN}"><row r="1"><c t="s"><v>5</v></c></row></w>'),
            ("xl/workbook.xml", "no XML"),
            ("_rels/.rels", relations({})),
        ],
    )
    def test_a_damaged_workbook_says_so(self, part: str, content: str, tmp_path: Path) -> None:
        path = packed(tmp_path / "a.xlsx", "", parts={part: content})
        assert str(refusal(path)) == "a.xlsx is damaged or no workbook; save it again as .xlsx."

    def test_a_workbook_without_words_is_skipped(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "a.xlsx", '<sheetData><row r="1"><c r="A1" s="1"/></row></sheetData>')
        assert isinstance(refusal(path), NothingToRead)


_FILTER = '<autoFilter ref="A1:B4"><filterColumn colId="0"><filters/></filterColumn></autoFilter>'


def _replace_in(path: Path, part: str, old: str, new: str) -> None:
    with ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in content[part]
    content[part] = content[part].replace(old.encode(), new.encode())
    with ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
