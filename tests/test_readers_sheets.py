"""Workbooks and tables in text: what their readers make of cells, tables and places."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter
import xlwt
from olefile import OleFileIO
from one_document import read, refusal

from ingest.formats import Formats
from ingest.limits import Allowance, Limits
from ingest.readers.sheets.grid import Merge, Row, Table, tables
from ingest.readers.sheets.number_formats import BUILT_IN, shown_number, shown_text
from ingest.readers.source_file import SourceFile
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Anchor, Document, main_anchor

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


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
            (2958465, "d.m.yyyy", "31.12.9999"),
            (2958466, "d.m.yyyy", "2958466"),
            (-1, "yyyy-mm-dd", "-1"),
            (1e9, "yyyy-mm-dd", "1000000000"),
            (float("inf"), "0.00", "inf"),
            (1e308, f"0.{'0' * 1000}", f"1{'0' * 308}.{'0' * 253}"),
            (0.5, f"s.{'0' * 100}", "0.000000000"),
            (1e308, "[s].00", "1E+308"),
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

    @pytest.mark.parametrize(("pairs", "rows"), [(1, 4), (3, 2), (2, 40)])
    def test_pairs_above_a_table_are_a_block_of_their_own(self, pairs: int, rows: int) -> None:
        table = ["item size units price tax sum year", *["fox 1 2 3 4 5 6"] * rows]
        found = list(tables(grid("\n".join([*["signed Ann"] * pairs, *table]))))
        assert [(len(table.rows), table.header_rows) for table in found] == [(pairs, 0), (rows + 1, 1)]

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


_FILTER = '<autoFilter ref="A1:B4"><filterColumn colId="0"><filters/></filterColumn></autoFilter>'


def _replace_in(path: Path, part: str, old: str, new: str) -> None:
    with ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in content[part]
    content[part] = content[part].replace(old.encode(), new.encode())
    with ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


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
        assert document.anchor_at(document.text.index("two")) == Anchor("sheet", "sheet Lookup (hidden), row 1", 2)
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

    def test_a_sheet_that_is_missing_is_not_passed_over(self, tmp_path: Path) -> None:
        links = {"xl/_rels/workbook.xml.rels": relations({"r1": ("worksheet", "worksheets/sheet2.xml")})}
        assert "damaged" in str(refusal(packed(tmp_path / "a.xlsx", "", parts=links)))

    def test_a_workbook_without_words_is_skipped(self, tmp_path: Path) -> None:
        path = packed(tmp_path / "a.xlsx", '<sheetData><row r="1"><c r="A1" s="1"/></row></sheetData>')
        assert isinstance(refusal(path), NothingToRead)


def xls(path: Path, fill: Callable[[xlwt.Workbook], None]) -> Path:
    book = xlwt.Workbook()
    fill(book)
    book.save(str(path))
    return path


class TestXls:
    def test_cells_are_read_as_they_are_shown_and_rows_are_cited(self, tmp_path: Path) -> None:
        def fill(book: xlwt.Workbook) -> None:
            sheet = book.add_sheet("Q3")
            bold = xlwt.easyxf("font: bold on")
            for column, name in enumerate(["city", "word"]):
                sheet.write(3, column, name, bold)
            for column, (value, code) in enumerate(
                [(0.255, "0.0%"), (date(2024, 5, 6), "D.M.YYYY"), (True, "General")]
            ):
                sheet.write(4, column, value, xlwt.easyxf(num_format_str=code))
            sheet.write(5, 0, "Rome")
            sheet.write(5, 1, "w")

        document = read(xls(tmp_path / "my_book.xls", fill))
        assert blocks(document) == [("heading", "Q3"), ("table", "city | word\n25.5% | 6.5.2024 | TRUE\nRome | w")]
        assert document.blocks[1].header_rows == 1
        assert document.title == "my book"
        assert place_of(document, "25.5% | 6.5.2024 | TRUE\nRome") == "sheet Q3, rows 5-6"

    def test_merged_and_hidden_cells_and_sheets(self, tmp_path: Path) -> None:
        def fill(book: xlwt.Workbook) -> None:
            sheet, hidden = book.add_sheet("S"), book.add_sheet("Lookup")
            hidden.visibility = 1
            hidden.write(0, 0, "code")
            sheet.write_merge(0, 0, 1, 2, "north")
            rows = [["item", "units", "price", "secret"], ["fox", 1, 2, "s"], ["owl", 3, 4, "s"]]
            for row, cells in enumerate(rows, 1):
                for column, cell in enumerate(cells):
                    sheet.write(row, column, cell)
            sheet.col(3).hidden = True
            sheet.row(2).hidden = True

        document = read(xls(tmp_path / "a.xls", fill))
        assert blocks(document) == [
            ("heading", "S"),
            ("table", " | north | north\nitem | units | price\nowl | 3 | 4"),
            ("heading", "Lookup (hidden sheet)"),
            ("paragraph", "code"),
        ]
        assert place_of(document, "owl") == "sheet S, row 4"

    def test_a_workbook_that_is_encrypted_in_place_says_so(self, tmp_path: Path) -> None:
        path = xls(tmp_path / "a.xls", lambda book: book.add_sheet("S").write(0, 0, 1))
        who_wrote, password = b"\x5c\x00\x70\x00", b"\x2f\x00\x70\x00"
        path.write_bytes(path.read_bytes().replace(who_wrote, password))
        assert str(refusal(path)) == "a.xls is protected by a password; remove the password and ingest it again."

    def test_a_package_that_is_encrypted_says_so(self, tmp_path: Path) -> None:
        path = xls(tmp_path / "a.xls", lambda book: book.add_sheet("S").write(0, 0, 1))
        old, new = (
            name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)
            for name in ("Workbook", "EncryptedPackage")
        )
        path = written(tmp_path / "a.xlsx", path.read_bytes().replace(old, new))
        assert str(refusal(path)) == "a.xlsx is protected by a password; remove the password and ingest it again."

    @pytest.mark.parametrize("size", [9, 600, 3000])
    def test_a_damaged_workbook_says_so(self, size: int, tmp_path: Path) -> None:
        path = xls(tmp_path / "a.xls", lambda book: book.add_sheet("S").write(0, 0, 1))
        path.write_bytes(path.read_bytes()[:size])
        assert str(refusal(path)) == "a.xls is damaged or no workbook; save it again as .xlsx."

    def test_a_workbook_needs_no_compound_file_around_it(self, tmp_path: Path) -> None:
        path = xls(tmp_path / "a.xls", lambda book: book.add_sheet("S").write(0, 0, 7))
        with OleFileIO(path) as compound:
            records = compound.openstream(["Workbook"]).read()
        assert read(written(tmp_path / "b.xls", records)).text == "S\n\n7"


ODF = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in [
        ("office", "office"),
        ("style", "style"),
        ("t", "table"),
        ("text", "text"),
        ("draw", "drawing"),
        ("chart", "chart"),
        ("fo", "xsl-fo-compatible"),
    ]
)


def ods_content(sheets: str, styles: str = "") -> str:
    return (
        f"<office:document-content {ODF}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body></office:document-content>"
    )


def ods(path: Path, sheets: str, styles: str = "", parts: dict[str, str] | None = None) -> Path:
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ods_content(sheets, styles))
        for name, text in (parts or {}).items():
            archive.writestr(name, text)
    return path


def ods_row(*cells: str, attributes: str = "") -> str:
    filled = (f"<text:p>{cell}</text:p>" if cell else "" for cell in cells)
    inner = "".join(f"<t:table-cell>{cell}</t:table-cell>" for cell in filled)
    return f"<t:table-row {attributes}>{inner}</t:table-row>"


class TestOds:
    def test_cells_are_read_as_they_are_shown_and_rows_are_cited(self, tmp_path: Path) -> None:
        sheet = (
            '<t:table t:name="Q3"><t:table-row t:number-rows-repeated="3"/>'
            + ods_row("item", "share")
            + '<t:table-row><t:table-cell><text:p>a<text:s text:c="2"/><text:span>b</text:span></text:p>'
            '<text:p>c</text:p></t:table-cell><t:table-cell office:value-type="percentage" office:value="0.255">'
            '<text:p>25.5 %</text:p></t:table-cell><t:table-cell t:formula="of:=SUM([.A1:.A2])"/>'
            '<t:table-cell office:value-type="float" office:value="7"/></t:table-row>'
            + ods_row("owl", "1 %", attributes='t:number-rows-repeated="2"')
            + '<t:table-row t:number-rows-repeated="1048000"><t:table-cell t:number-columns-repeated="16384"/>'
            "</t:table-row></t:table>"
        )
        about = "<dc:title>Figures</dc:title><dc:date>2024-05-06T07:08:09</dc:date>"
        meta = f'<m xmlns:dc="http://purl.org/dc/elements/1.1/">{about}</m>'
        document = read(ods(tmp_path / "a.ods", sheet, parts={"meta.xml": meta}))
        assert document.text == "Q3\n\nitem | share\na b c | 25.5 % | =SUM([.A1:.A2]) | 7\nowl | 1 %\nowl | 1 %"
        assert (document.title, document.modified) == ("Figures", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))
        assert place_of(document, "owl | 1 %\nowl") == "sheet Q3, rows 6-7"

    def test_hidden_rows_columns_and_sheets(self, tmp_path: Path) -> None:
        styles = '<style:style style:name="off"><style:table-properties t:display="false"/></style:style>'
        hidden, filtered = 't:visibility="collapse"', 't:visibility="filter"'
        sheet = (
            f'<t:table t:name="S"><t:table-column/><t:table-column {hidden}/>'
            + ods_row("id", "secret", "city")
            + ods_row("1", "s", "Rome", attributes=hidden)
            + ods_row("2", "s", "Oslo", attributes=filtered)
            + f"<t:table-row-group>{ods_row('3', 's', 'Bonn', attributes=hidden)}</t:table-row-group>"
            "</t:table>"
        )
        lookup = f'<t:table t:name="Lookup" t:style-name="off">{ods_row("code")}</t:table>'
        document = read(ods(tmp_path / "a.ods", sheet + lookup, styles))
        assert document.text == "S\n\nid | city\n2 | Oslo\n3 | Bonn\n\nLookup (hidden sheet)\n\ncode"
        assert place_of(document, "Oslo") == "sheet S, row 3"

    def test_merged_bold_and_narrow_cells(self, tmp_path: Path) -> None:
        styles = (
            '<style:style style:name="b"><style:text-properties fo:font-weight="bold"/></style:style>'
            '<style:style style:name="heir" style:parent-style-name="b"/>'
            '<style:style style:name="thin"><style:table-column-properties style:column-width="3mm"/></style:style>'
        )
        sheet = (
            '<t:table t:name="S"><t:table-column t:number-columns-repeated="2"/><t:table-column t:style-name="thin"/>'
            '<t:table-row><t:table-cell/><t:table-cell t:number-columns-spanned="4"><text:p>north</text:p>'
            '</t:table-cell><t:covered-table-cell t:number-columns-repeated="3"><text:p>under it</text:p>'
            "</t:covered-table-cell></t:table-row>"
            '<t:table-row><t:table-cell t:style-name="heir" t:number-columns-repeated="2"><text:p>x</text:p>'
            '</t:table-cell><t:table-cell/><t:table-cell t:style-name="b" t:number-columns-repeated="2">'
            "<text:p>y</text:p></t:table-cell></t:table-row>" + ods_row("fox", "w", "", "u", "v") + "</t:table>"
        )
        document = read(ods(tmp_path / "a.ods", sheet, styles))
        assert table_texts(document) == [" | north | north | north\nx | x | y | y\nfox | w | u | v"]
        assert document.blocks[1].header_rows == 2

    def test_notes_boxes_and_charts(self, tmp_path: Path) -> None:
        sheet = (
            '<t:table t:name="S"><t:shapes><draw:frame><draw:text-box><text:p>Box</text:p></draw:text-box></draw:frame>'
            "</t:shapes><t:table-row><t:table-cell><office:annotation><text:p>Restated.</text:p></office:annotation>"
            '<text:p>7</text:p><draw:frame><draw:object xmlns:x="http://www.w3.org/1999/xlink" x:href="./Object 1"/>'
            "</draw:frame></t:table-cell></t:table-row></t:table>"
        )
        chart = f"<x {ODF}><chart:title><text:p>Units</text:p></chart:title></x>"
        document = read(ods(tmp_path / "a.ods", sheet, parts={"Object 1/content.xml": chart}))
        assert document.text == "S\n\n7\n\nBox\n\nNote on A1 (7): Restated.\n\nUnits"
        assert place_of(document, "Box") == "sheet S"
        assert place_of(document, "Units") == "sheet S, row 1"

    def test_a_workbook_in_one_xml_file(self, tmp_path: Path) -> None:
        content = ods_content(f'<t:table t:name="S">{ods_row("7")}</t:table>').replace(
            "<office:document-content",
            '<office:document office:mimetype="application/vnd.oasis.opendocument.spreadsheet"',
        )
        content = f'<?xml version="1.0"?>{content.replace("</office:document-content", "</office:document")}'
        assert read(written(tmp_path / "a.xml", content)).text == "S\n\n7"

    def test_repeated_cells_are_charged(self, tmp_path: Path) -> None:
        cells = '<t:table-cell t:number-columns-repeated="16384"><text:p>x</text:p></t:table-cell>'
        row = f'<t:table-row t:number-rows-repeated="1048576">{cells}</t:table-row>'
        path = ods(tmp_path / "a.ods", f'<t:table t:name="S">{row}</t:table>')
        file = SourceFile.at(path, allowance=Allowance(Limits(expanded_mb=1)))
        with pytest.raises(UnreadableFile, match="unpacks to more than 1 MB"):
            list(Formats().reader(file).read(file))

    def test_a_protected_workbook_says_so(self, tmp_path: Path) -> None:
        path = ods(tmp_path / "a.ods", "", parts={"META-INF/manifest.xml": "<m><encryption-data/></m>"})
        assert str(refusal(path)) == "a.ods is protected by a password; remove the password and ingest it again."

    def test_a_damaged_workbook_says_so(self, tmp_path: Path) -> None:
        path = ods(tmp_path / "a.ods", "<t:table>")
        assert str(refusal(path)) == "a.ods is damaged or no workbook; save it again as .xlsx."


XML_BOOK = """
<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:s="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style s:ID="Default"/><Style s:ID="b"><Font s:Bold="1"/></Style>
<Style s:ID="p" s:Parent="b"><NumberFormat s:Format="Percent"/></Style>
<Style s:ID="d"><NumberFormat s:Format="Short Date"/></Style></Styles>
<Worksheet s:Name="Orders"><Table><Column/><Column s:Hidden="1"/><Column/>
<Row s:Index="3"><Cell s:StyleID="b"><Data s:Type="String">who</Data></Cell><Cell/>
<Cell s:StyleID="b"><Data s:Type="String">word</Data></Cell></Row>
<Row><Cell><Data s:Type="String">Ann &amp; Co</Data></Cell><Cell><Data s:Type="String">secret</Data></Cell>
<Cell><Data s:Type="String">w</Data><Comment><s:Data><B xmlns="h">Me:</B> check</s:Data></Comment></Cell></Row>
<Row s:Hidden="1"><Cell><Data s:Type="String">gone</Data></Cell></Row>
<Row><Cell s:StyleID="p"><Data s:Type="Number">0.25</Data></Cell>
<Cell s:Index="3" s:StyleID="d"><Data s:Type="DateTime">2024-05-06T00:00:00.000</Data></Cell>
<Cell><Data s:Type="Boolean">1</Data></Cell><Cell s:Formula="=R1C1"/><Cell><Data s:Type="Error">#N/A</Data></Cell></Row>
</Table></Worksheet><Worksheet s:Name="Lookup"><Table><Row><Cell s:MergeAcross="2"><Data s:Type="String">x</Data></Cell>
<Cell><Data s:Type="Number">7</Data></Cell></Row></Table>
<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions>
</Worksheet></Workbook>"""


class TestXmlSheets:
    def test_cells_are_read_as_they_are_shown_and_rows_are_cited(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "export.xls", XML_BOOK))
        assert blocks(document) == [
            ("heading", "Orders"),
            ("table", "who | word\nAnn & Co | w\n25.00% | 2024-05-06 | TRUE | =R1C1 | #N/A"),
            ("paragraph", "Note on C4 (w): Me: check"),
            ("heading", "Lookup (hidden sheet)"),
            ("table", "x | 7"),
        ]
        assert document.blocks[1].header_rows == 1
        assert place_of(document, "25.00%") == "sheet Orders, row 6"

    def test_a_damaged_workbook_says_so(self, tmp_path: Path) -> None:
        path = written(tmp_path / "export.xls", XML_BOOK[:1000])
        assert str(refusal(path)) == "export.xls is damaged or no workbook; save it again as .xlsx."


class TestDelimited:
    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ("name,n\nAnn,1\n", "name | n\nAnn | 1"),
            ("name;price\nfox;1,50\nowl;2,75\n", "name | price\nfox | 1,50\nowl | 2,75"),
            ("1,5;2,5;3,5\n4,5;5,5;6,5\n", "1,5 | 2,5 | 3,5\n4,5 | 5,5 | 6,5"),
            ("a\tb\nx, y\t1\n", "a | b\nx, y | 1"),
            ("a|b\nx, y|2024-01-02\nz, u|2024-01-03\n", "a | b\nx, y | 2024-01-02\nz, u | 2024-01-03"),
            ("a^b\n1^2\n", "a | b\n1 | 2"),
            ("id,tags\n1,a;b;c\n2,d;e;f\n", "id | tags\n1 | a;b;c\n2 | d;e;f"),
            ('id,tags\n1,"a;b;c"\n2,"d;e;f"\n', "id | tags\n1 | a;b;c\n2 | d;e;f"),
            ('who,amount\nAnn,"1,234.50"\nBob,"2,345.00"\n', "who | amount\nAnn | 1,234.50\nBob | 2,345.00"),
            ('a,b\n1,"one\ntwo, ""three"""\n', 'a | b\n1 | one two, "three"'),
            ('a,b\n1,"say \\"hi\\", friend"\n', 'a | b\n1 | say "hi", friend'),
            ('a,b\n1,"never closed\n2,x\n', 'a | b\n1 | "never closed\n2 | x'),
            ('item,size\npipe,5" wide\n', 'item | size\npipe | 5" wide'),
            ("sep=;\na;b\n1;2\n", "a | b\n1 | 2"),
            ('name, city\nAnn, "Rome, Italy"\n', "name | city\nAnn | Rome, Italy"),
            ("a,b,c\n1,2\n3,4,5,6\n", "a | b | c\n1 | 2\n3 | 4 | 5 | 6"),
            ("a,b\r1,2\r", "a | b\n1 | 2"),
        ],
    )
    def test_delimiters_and_quotation_marks(self, content: str, text: str, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.csv", content))
        assert table_texts(document) == [text]

    @pytest.mark.parametrize(
        ("content", "header_rows"),
        [("a,b\n1,2\n", 1), ("1,2\n3,4\n", 0), ("land,city\nItaly,Rome\n", 1), ("2024-01-01,5\n2024-01-02,6\n", 0)],
    )
    def test_headers(self, content: str, header_rows: int, tmp_path: Path) -> None:
        [block] = read(written(tmp_path / "a.csv", content)).blocks
        assert block.header_rows == header_rows

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
    def test_encodings_are_told(self, encoding: str, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv", "Straße;Preis\nÄußere Löwengrube;1,50\n".encode(encoding))
        assert read(path).text == "Straße | Preis\nÄußere Löwengrube | 1,50"

    def test_rows_are_cited_as_a_spreadsheet_counts_them(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "my_list.csv", 'a,b\n1,"x\ny"\n\n3,z\n4,u\n'))
        assert document.title == "my list"
        assert document.anchor_at(document.text.index("3 | z")) == Anchor("row", "row 4", 4)
        start = document.text.index("1 | x")
        assert main_anchor(document.marks, start, len(document.text)) == Anchor("row", "rows 2-5", 2)

    def test_a_report_with_a_title_and_pairs_above_its_table(self, tmp_path: Path) -> None:
        content = (
            "Statement\nAccount:;12\nUntil:;31.01.2024\n\nday;words;amount\n02.01.2024;rent;-800\n03.01.2024;pay;900\n"
        )
        document = read(written(tmp_path / "a.csv", content))
        assert blocks(document) == [
            ("paragraph", "Statement"),
            ("table", "Account: | 12\nUntil: | 31.01.2024"),
            ("table", "day | words | amount\n02.01.2024 | rent | -800\n03.01.2024 | pay | 900"),
        ]
        assert [(block.caption, block.header_rows) for block in document.blocks] == [("", 0), ("Statement", 0), ("", 1)]

    def test_blank_columns_part_nothing(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.csv", "a,b,,c,d\n1,x,,Rome,y\n2,z,,Oslo,u\n"))
        assert table_texts(document) == ["a | b | c | d\n1 | x | Rome | y\n2 | z | Oslo | u"]

    def test_a_file_of_blanks_is_skipped(self, tmp_path: Path) -> None:
        assert isinstance(refusal(written(tmp_path / "a.csv", ",,\n\n , \n")), NothingToRead)


@pytest.mark.parametrize(
    ("name", "content", "reader"),
    [
        ("a.tsv", b"a\tb\n", "DelimitedReader"),
        ("a.xlsx", b"a,b\n1,2\n", "DelimitedReader"),
        ("a.xls", "a\tb\n".encode("utf-16"), "DelimitedReader"),
        ("a.xls", b"<html xmlns:x='urn:schemas-microsoft-com:office:spreadsheet'><table>", "HtmlReader"),
        ("a.xls", b"<table><tr><td>a", "HtmlReader"),
        ("a.xls", b"<meta charset=utf-8><table>", "HtmlReader"),
        ("a.xls", b"<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>", "XmlSheetReader"),
        ("a.xml", XML_BOOK.encode(), "XmlSheetReader"),
        ("a.csv", b"<p>,b\n", "DelimitedReader"),
        ("a.xls", b"\x09\x04\x06\x00\x00\x00\x10\x00", "XlsReader"),
        ("a.xlsm", b"PK\x03\x04", "XlsxReader"),
        ("a.xml", b"<?xml version='1.0'?><feed/>", "XmlReader"),
    ],
)
def test_content_decides_what_is_in_a_workbook(name: str, content: bytes, reader: str | None, tmp_path: Path) -> None:
    assert reader_of(written(tmp_path / name, content)) == reader


def test_a_workbook_under_another_name_is_known(tmp_path: Path) -> None:
    assert reader_of(made(tmp_path / "a.csv", lambda book: book.add_worksheet().write(0, 0, 1))) == "XlsxReader"
    assert reader_of(xls(tmp_path / "b.csv", lambda book: book.add_sheet("S").write(0, 0, 1))) == "XlsReader"
    assert reader_of(ods(tmp_path / "c.xlsx", "")) == "OdsReader"


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_a_truncated_package_says_so(suffix: str, tmp_path: Path) -> None:
    path = made(tmp_path / "whole.xlsx", lambda book: book.add_worksheet().write(0, 0, 1))
    cut = written(tmp_path / f"a{suffix}", path.read_bytes()[:2000])
    assert str(refusal(cut)) == f"a{suffix} is damaged or not what its name says; save it again."


def test_a_package_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.xlsx", " " * 2_000_000)
    file = SourceFile.at(path, allowance=Allowance(Limits(expanded_mb=1)))
    with pytest.raises(UnreadableFile, match="unpacks to more than 1 MB"):
        list(Formats().reader(file).read(file))
