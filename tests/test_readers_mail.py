"""Mails, as they are sent and as Outlook saves them: head, body, what is attached, and what is broken in them."""

from __future__ import annotations

import struct
from base64 import b64encode
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from compound_file import Tree, compound

from ingest.kinds import kind_of
from ingest.readers.mail.rtf_mail import decompressed, unwrapped
from ingest.readers.source_file import Refusal, SourceFile
from ingest.reading import read_path
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Anchor, Document

SENT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def found(path: Path) -> list[Document | Refusal]:
    return list(read_path(path))


def documents(path: Path) -> list[Document]:
    return [each for each in found(path) if isinstance(each, Document)]


def mail(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.replace("\n", "\r\n").encode() if isinstance(content, str) else content)
    return path


def parts(path: Path) -> dict[str, str]:
    """What was found by the name of the part, "" for the mail itself."""
    return {
        each.source.removeprefix(str(path.resolve())): each.text if isinstance(each, Document) else each.reason
        for each in found(path)
    }


def message(**fields: str) -> EmailMessage:
    mail = EmailMessage()
    for name, value in fields.items():
        mail[name] = value
    return mail


class TestEml:
    def test_head_and_body(self, tmp_path: Path) -> None:
        path = mail(
            tmp_path / "a.eml",
            "Received: from elsewhere\nFrom: Ann <ann@example.org>\nTo: bob@example.org,\n carol@example.org\n"
            "Cc: dave@example.org\nDate: Mon, 6 May 2024 09:08:09 +0200\nSubject: The foxes\n\n"
            "Dear Bob,\n\nthey are red.\n\n> Which colour\n> are they?\n\n-- \nAnn\n",
        )
        [document] = documents(path)
        assert document.text == (
            "From: Ann <ann@example.org>\nTo: bob@example.org, carol@example.org\nCc: dave@example.org\n"
            "Date: Mon, 6 May 2024 09:08:09 +0200\nSubject: The foxes\n\n"
            "Dear Bob,\n\nthey are red.\n\n> Which colour\n> are they?\n\n-- \nAnn"
        )
        assert (document.title, document.modified, document.media_type) == ("The foxes", SENT, "message/rfc822")
        assert document.anchor_at(0) == Anchor("part", "header")
        assert document.anchor_at(document.text.index("they are red")) == Anchor("part", "message body")

    def test_plain_text_is_preferred_to_html(self, tmp_path: Path) -> None:
        sent = message(Subject="x")
        sent.set_content("Foxes are red.")
        sent.add_alternative("<p>Foxes are <b>red</b>.</p>", subtype="html")
        [document] = documents(mail(tmp_path / "a.eml", sent.as_bytes()))
        assert document.text == "Subject: x\n\nFoxes are red."

    @pytest.mark.parametrize("stub", ["", "Your program cannot show HTML."])
    def test_html_is_read_where_the_plain_text_is_a_stub(self, stub: str, tmp_path: Path) -> None:
        sent = message(Subject="x")
        sent.set_content(stub)
        sent.add_alternative(
            f"<h2>Foxes</h2><p>{'They are red. ' * 30}</p><table><tr><td>a</td><td>1</td></tr></table>", subtype="html"
        )
        [document] = documents(mail(tmp_path / "a.eml", sent.as_bytes()))
        assert [block.kind for block in document.blocks] == ["table", "heading", "paragraph", "table"]
        assert stub not in document.text or not stub

    def test_attachments_are_parts_that_are_read_by_their_readers(self, tmp_path: Path) -> None:
        inner = message(Subject="Inner / one", From="eve@example.org")
        inner.set_content("Within.")
        sent = message(Subject="x")
        sent.set_content("See below.")
        sent.add_attachment("# Foxes\n\nred", subtype="markdown", filename="Füchse & Wölfe.md")
        sent.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="C:\\x\\tool.exe")
        sent.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf")
        sent.add_attachment(inner)
        path = mail(tmp_path / "a.eml", sent.as_bytes())
        read = parts(path)
        assert read.pop("#attachment.pdf").startswith("attachment.pdf ")
        assert read == {
            "": "Subject: x\nAttachments: Füchse & Wölfe.md, tool.exe, attachment.pdf, Inner - one.eml\n\nSee below.",
            "#Füchse & Wölfe.md": "# Foxes\n\nred\n",
            "#tool.exe": "tool.exe is a program or a part of one, which is not read.",
            "#Inner - one.eml": "From: eve@example.org\nSubject: Inner / one\n\nWithin.",
        }

    def test_pictures_in_the_text_are_no_attachments(self, tmp_path: Path) -> None:
        sent = message(Subject="x")
        sent.set_content("Plain.")
        sent.add_alternative('<p>Plain.</p><img src="cid:one@x">', subtype="html")
        picture = b"\x89PNG\r\n\x1a\n" + bytes(20)
        html = sent.get_payload()[1]
        html.add_related(picture, "image", "png", cid="<one@x>", filename="logo.png", disposition="attachment")
        html.add_related(picture, "image", "png", cid="<two@x>", filename="photo.png", disposition="attachment")
        assert list(parts(mail(tmp_path / "a.eml", sent.as_bytes()))) == ["", "#photo.png"]

    def test_a_signed_mail_has_no_signature_attached(self, tmp_path: Path) -> None:
        content = (
            "Subject: x\nContent-Type: multipart/signed; boundary=b\n\n--b\n\nSigned.\n--b\n"
            "Content-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----\n--b--\n"
        )
        assert parts(mail(tmp_path / "a.eml", content)) == {"": "Subject: x\n\nSigned."}

    def test_what_is_encrypted_says_so(self, tmp_path: Path) -> None:
        content = (
            "Subject: x\nContent-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"
            + b64encode(b"\x30\x80" + bytes(range(200))).decode()
        )
        read = parts(mail(tmp_path / "a.eml", content))
        assert read[""] == "Subject: x\nAttachments: smime.p7m"
        assert read["#smime.p7m"].startswith("smime.p7m is a mail in a form that is not read: encrypted or signed")

    def test_what_only_outlook_opens_says_so(self, tmp_path: Path) -> None:
        sent = message(Subject="x")
        sent.set_content("Text.")
        tnef = b"\x78\x9f\x3e\x22" + bytes(50)
        sent.add_attachment(tnef, maintype="application", subtype="ms-tnef", filename="winmail.dat")
        assert "form that only Outlook opens (TNEF)" in parts(mail(tmp_path / "a.eml", sent.as_bytes()))["#winmail.dat"]

    def test_a_bounce_says_why(self, tmp_path: Path) -> None:
        content = (
            "Subject: Undelivered\nContent-Type: multipart/report; boundary=b\n\n--b\n\nIt came back.\n--b\n"
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\nAction: failed\nStatus: 5.1.1\n--b--\n"
        )
        [document] = documents(mail(tmp_path / "a.eml", content))
        assert document.text.endswith("It came back.\n\nReporting-MTA: dns; a\n\nAction: failed\nStatus: 5.1.1")

    def test_mails_in_a_digest_are_parts(self, tmp_path: Path) -> None:
        content = (
            "Subject: Digest\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: One\n\nFirst.\n"
            "--b\n\nSubject: One\n\nSecond.\n--b--\n"
        )
        read = parts(mail(tmp_path / "a.eml", content))
        assert list(read) == ["", "#One.eml", "#One.eml (2)"]
        assert read["#One.eml (2)"] == "Subject: One\n\nSecond."

    @pytest.mark.parametrize(
        ("written", "subject"),
        [
            (b"=?UTF-8?B?RsO8Y2hzZQ==?= =?UTF-8?Q?_und_W=C3=B6lfe?=", "Füchse und Wölfe"),
            (b"=?utf-8?B?RsM=?= =?utf-8?B?vGNoc2U=?=", "Füchse"),
            (b"Re: =?iso-8859-1?q?F=FCchse?=(2)", "Re: Füchse(2)"),
            (b"=?windows-1255?B?+ezl7Q==?=", "שלום"),
            (b"=?no-such-charset?Q?F=C3=BCchse?=", "Füchse"),
            (b"=?utf-8?B?RsO8Y2hzZ?=", "Füchs"),
            (b"F\xc3\xbcchse", "Füchse"),
            (b"F\xfcchse und W\xf6lfe", "Füchse und Wölfe"),
            (b"folded\r\n over\r\n\tlines", "folded over lines"),
            (b"=?utf-8?Q?one?=\r\n =?utf-8?Q?_two?=", "one two"),
        ],
    )
    def test_subjects(self, written: bytes, subject: str, tmp_path: Path) -> None:
        [document] = documents(mail(tmp_path / "a.eml", b"Subject: " + written + b"\r\n\r\nText."))
        assert document.title == subject

    @pytest.mark.parametrize(
        ("disposition", "name"),
        [
            (b"attachment; filename*=UTF-8''F%C3%BCchse.txt", "Füchse.txt"),
            (b"attachment; filename*0*=UTF-8''F%C3%BC; filename*1=chse.txt", "Füchse.txt"),
            (b'attachment; filename="=?utf-8?B?RsO8Y2hzZS50eHQ=?="', "Füchse.txt"),
            (b'attachment; filename="F\xc3\xbcchse.txt"', "Füchse.txt"),
            (b'attachment; filename="../../etc/passwd.txt"', "passwd.txt"),
            (b"attachment", "attachment.txt"),
        ],
    )
    def test_names_of_attachments(self, disposition: bytes, name: str, tmp_path: Path) -> None:
        content = (
            b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText.\r\n--b\r\n"
            b"Content-Type: text/plain\r\nContent-Disposition: " + disposition + b"\r\n\r\nred\r\n--b--\r\n"
        )
        path = mail(tmp_path / "a.eml", content)
        assert parts(path)[f"#{name}"] == "red"

    @pytest.mark.parametrize(
        ("head", "body", "text"),
        [
            (b"Content-Type: text/plain; charset=no-such-charset", "Füchse sind rot.".encode(), "Füchse sind rot."),
            (b"Content-Type: text/plain; charset=us-ascii", "Füchse sind rot.".encode(), "Füchse sind rot."),
            (b"Content-Type: text/plain; charset=utf-8", "Füchse sind rot.".encode("cp1252"), "Füchse sind rot."),
            (b"Content-Type: text/plain; charset=iso-2022-jp", "狐は赤い。".encode("iso2022_jp"), "狐は赤い。"),
            (b"Content-Type: text/plain; charset=ks_c_5601-1987", "여우는 빨갛다.".encode("cp949"), "여우는 빨갛다."),
            (b"Content-Transfer-Encoding: base64", b"Rm94ZXMgYXJlIHJlZC4", "Foxes are red."),
            (b"Content-Transfer-Encoding: BASE64 (really)", b"Rm94ZXMgYXJlIHJlZC4=", "Foxes are red."),
            (b"Content-Transfer-Encoding: quoted-printable", b"Foxes =\r\nare=20red=2", "Foxes are red=2"),
            (b"Content-Transfer-Encoding: utf-8", b"Foxes are red.", "Foxes are red."),
            (b"Content-Type: nonsense", b"Foxes are red.", "Foxes are red."),
            (b"Content-Type: multipart/mixed", b"Foxes are red.", "Foxes are red."),
            (b"Content-Type: multipart/mixed; boundary=b", b"--b\r\n\r\nFoxes are red.", "Foxes are red."),
            (b"Content-Type: text/html", b"<p>Foxes <b>are</b> red.", "Foxes are red."),
        ],
    )
    def test_broken_bodies(self, head: bytes, body: bytes, text: str, tmp_path: Path) -> None:
        [document] = documents(mail(tmp_path / "a.eml", b"Subject: x\r\n" + head + b"\r\n\r\n" + body))
        assert document.text == f"Subject: x\n\n{text}"

    @pytest.mark.parametrize("date", ["yesterday", "Mon, 99 Foo 20224 99:99:99 +9999", ""])
    def test_a_date_that_is_none_leaves_the_files(self, date: str, tmp_path: Path) -> None:
        path = mail(tmp_path / "a.eml", f"Date: {date}\nSubject: x\n\nText.")
        assert documents(path)[0].modified == SourceFile.at(path).modified

    def test_lines_that_flow_are_whole_again(self, tmp_path: Path) -> None:
        content = (
            "Content-Type: text/plain; format=flowed; delsp=yes\n\nFoxes are  \nred and  \nquick.\n"
            "> Which  \n> colour?\n-- \nAnn\n"
        )
        [document] = documents(mail(tmp_path / "a.eml", content))
        assert document.text == "Foxes are red and quick.\n> Which colour?\n-- \nAnn"

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
    def test_encodings_of_the_whole_file(self, encoding: str, tmp_path: Path) -> None:
        content = "From: ann@example.org\nSubject: Füchse\nMIME-Version: 1.0\n\nRot und schnell.\n".encode(encoding)
        [document] = documents(mail(tmp_path / "a.eml", content))
        assert document.text == "From: ann@example.org\nSubject: Füchse\n\nRot und schnell."

    def test_a_mail_is_known_without_its_suffix(self, tmp_path: Path) -> None:
        content = "Received: from x\nFrom: a@example.org\nDate: Mon, 6 May 2024 09:08:09 +0200\n\nText"
        assert kind_of(SourceFile.at(mail(tmp_path / "saved", content))) == "message/rfc822"
        assert kind_of(SourceFile.at(mail(tmp_path / "notes", f"I got this:\n{content}"))) == "text/plain"

    def test_what_apple_mail_writes_around_it(self, tmp_path: Path) -> None:
        content = b"Subject: x\r\n\r\nText."
        path = mail(tmp_path / "1.emlx", b"%d\n" % len(content) + content + b'<?xml version="1.0"?><plist/>')
        assert documents(path)[0].text == "Subject: x\n\nText."

    def test_an_empty_mail_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(NothingToRead, match=r"a\.eml holds no text\."):
            found(mail(tmp_path / "a.eml", "\n \n"))


def test_mails_in_a_mailbox_are_parts(tmp_path: Path) -> None:
    content = (
        "From ann@example.org Mon May  6 09:08:09 2024\nSubject: One\n\nFirst.\n>From here on it is quoted.\n\n"
        "From bob@example.org Mon May  6 09:08:10 2024\nSubject: Two\n\nSecond.\nFrom now on no mail begins.\n"
    )
    assert parts(mail(tmp_path / "a.mbox", content)) == {
        "#message 1.eml": "Subject: One\n\nFirst.\nFrom here on it is quoted.",
        "#message 2.eml": "Subject: Two\n\nSecond.\nFrom now on no mail begins.",
    }


def test_a_page_saved_in_one_file(tmp_path: Path) -> None:
    content = (
        "From: <Saved by a browser>\nSubject: Foxes\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n"
        "--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
        "<title>Foxes</title><nav>Menu</nav><h1>Red</h1><p>F=C3=BCchse</p>\n"
        "--b\nContent-Type: image/png\n\nxx\n--b--\n"
    )
    [document] = documents(mail(tmp_path / "a.mhtml", content))
    assert (document.title, document.text) == ("Foxes", "Red\n\nFüchse")


class TestMsg:
    def test_head_body_and_attachments(self, tmp_path: Path) -> None:
        tree = outlook(
            texts={0x0037: "\x01\x05Re: Foxes", 0x1000: "They are red.\r\n", 0x0C1A: "Ann", 0x5D01: "ann@example.org"},
            times={0x0039: SENT},
        )
        tree |= recipient(0, 1, "Bob", "bob@example.org") | recipient(1, 2, "carol@example.org", "carol@example.org")
        tree |= attachment(0, "Füchse.txt", b"rot") | attachment(1, "hidden.txt", b"no", is_hidden=True)
        path = mail(tmp_path / "a.msg", compound(tree))
        assert parts(path) == {
            "": "From: Ann <ann@example.org>\nTo: Bob <bob@example.org>\nCc: carol@example.org\n"
            "Date: Mon, 06 May 2024 07:08:09 +0000\nSubject: Re: Foxes\nAttachments: Füchse.txt\n\nThey are red.",
            "#Füchse.txt": "rot",
        }
        [document, _] = documents(path)
        assert (document.title, document.modified) == ("Re: Foxes", SENT)
        assert document.media_type == "application/vnd.ms-outlook"
        assert document.anchor_at(document.text.index("They")) == Anchor("part", "message body")

    def test_it_is_known_without_its_suffix(self, tmp_path: Path) -> None:
        path = mail(tmp_path / "saved", compound(outlook(texts={0x1000: "Text."})))
        assert documents(path)[0].text == "Text."

    def test_text_in_a_code_page(self, tmp_path: Path) -> None:
        tree = outlook(numbers={0x3FFD: 1251})
        tree["__substg1.0_1000001E"] = "Лиса".encode("cp1251")
        assert documents(mail(tmp_path / "a.msg", compound(tree)))[0].text == "Лиса"

    def test_html_where_there_is_no_plain_text(self, tmp_path: Path) -> None:
        tree = outlook(numbers={0x3FDE: 65001})
        tree["__substg1.0_10130102"] = '<p>Füchse</p><img src="cid:a"><table><tr><td>1<td>2</table>'.encode()
        tree |= attachment(0, "logo.png", b"\x89PNG\r\n\x1a\n", content_id="a")
        assert parts(mail(tmp_path / "a.msg", compound(tree))) == {"": "Füchse\n\n1 | 2"}

    def test_rtf_where_there_is_nothing_else(self, tmp_path: Path) -> None:
        rtf = (
            rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}Foxes{\*\htmltag84 &amp;}\htmlrtf\b\htmlrtf0 wolves"
            rb"{\*\htmltag72 </p>}}"
        )
        tree = outlook()
        tree["__substg1.0_10090102"] = struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
        assert documents(mail(tmp_path / "a.msg", compound(tree)))[0].text == "Foxes&wolves"

    def test_a_message_in_a_message_is_a_part_with_parts(self, tmp_path: Path) -> None:
        inner = outlook(texts={0x0037: "Füchse", 0x1000: "Within."}, times={0x0039: SENT}, head=24)
        inner |= attachment(0, "colour.txt", b"red")
        tree = outlook(texts={0x0037: "Fwd", 0x1000: "See below."})
        tree["__attach_version1.0_#00000000"] = {"__properties_version1.0": bytes(8), "__substg1.0_3701000D": inner}
        assert parts(mail(tmp_path / "a.msg", compound(tree))) == {
            "": "Subject: Fwd\nAttachments: Füchse.eml\n\nSee below.",
            "#Füchse.eml": "Date: Mon, 06 May 2024 07:08:09 +0000\nSubject: Füchse\nAttachments: colour.txt\n\nWithin.",
            "#Füchse.eml#colour.txt": "red",
        }

    def test_a_large_attachment(self, tmp_path: Path) -> None:
        words = "Foxes are red. " * 1000
        tree = outlook(texts={0x1000: "x"}) | attachment(0, "a.txt", words.encode())
        assert parts(mail(tmp_path / "a.msg", compound(tree)))["#a.txt"] == words

    def test_a_damaged_file_says_so(self, tmp_path: Path) -> None:
        path = mail(tmp_path / "a.msg", compound(outlook(texts={0x1000: "Text."}))[:700])
        with pytest.raises(UnreadableFile, match=r"a\.msg is damaged or no Outlook message; save it again\."):
            found(path)


class TestRtfOfMails:
    def test_compressed(self) -> None:
        # The examples of MS-OXRTFCP, sections 3.1 and 3.2.
        first = bytes.fromhex(
            "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
        )
        second = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
        assert decompressed(first) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
        assert decompressed(second) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"

    @pytest.mark.parametrize("content", [b"", b"LZFu", bytes(40), b"\x20\0\0\0\x20\0\0\0LZFu\0\0\0\0\x01\xff\xff"])
    def test_damage_gives_what_there_is(self, content: bytes) -> None:
        assert isinstance(decompressed(content), bytes)

    @pytest.mark.parametrize(
        ("rtf", "text"),
        [
            (rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\pard One\par Two\tab three\par}", "One\nTwo\tthree\n"),
            (rb"{\rtf1\ansi\ansicpg1252 F\'fcchse \u8364 ? \{a\}}", "Füchse € {a}"),
            (rb"{\rtf1\ansi\ansicpg1251 \'cb\'e8\'f1\'e0}", "Лиса"),
            (rb"{\rtf1{\fonttbl{\f1\fcharset128 Gothic;}}\f1 \'8c\'cf \f0 fox}", "狐 fox"),
            (rb"{\rtf1 {\*\generator Word;}seen{\pict 0102}\uc2\u29392 ??!}", "seen狐!"),
        ],
    )
    def test_plain_text(self, rtf: bytes, text: str) -> None:
        assert unwrapped(rtf) == (text, False)


def properties(head: int, numbers: dict[int, int], times: dict[int, datetime]) -> bytes:
    entries = b"".join(struct.pack("<HHIQ", 0x0003, number, 6, value) for number, value in numbers.items())
    ticks = {number: (moment - datetime(1601, 1, 1, tzinfo=UTC)) for number, moment in times.items()}
    for number, since in ticks.items():
        entries += struct.pack("<HHIQ", 0x0040, number, 6, (since.days * 86_400 + since.seconds) * 10_000_000)
    return bytes(head) + entries


def outlook(
    *,
    texts: dict[int, str] | None = None,
    numbers: dict[int, int] | None = None,
    times: dict[int, datetime] | None = None,
    head: int = 32,
) -> Tree:
    tree: Tree = {"__properties_version1.0": properties(head, numbers or {}, times or {})}
    for number, text in (texts or {}).items():
        tree[f"__substg1.0_{number:04X}001F"] = text.encode("utf-16-le")
    return tree


def recipient(number: int, kind: int, name: str, address: str) -> Tree:
    inner = outlook(texts={0x3001: name, 0x39FE: address}, numbers={0x0C15: kind}, head=8)
    return {f"__recip_version1.0_#{number:08X}": inner}


def attachment(number: int, name: str, data: bytes, *, content_id: str = "", is_hidden: bool = False) -> Tree:
    inner = outlook(texts={0x3707: name, 0x3712: content_id}, numbers={0x7FFE: int(is_hidden)}, head=8)
    return {f"__attach_version1.0_#{number:08X}": inner | {"__substg1.0_37010102": data}}
