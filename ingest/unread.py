"""What files are that are not read, in words that people know."""

from __future__ import annotations

from ingest.kinds import HEIC, XLSB

_ARCHIVE = "an archive; unpack it and ingest what is in it"
_PROGRAM = "a program or a part of one, which is not read"
_AUDIO = "a sound recording, which is not read"
_VIDEO = "a video, which is not read"
_DATABASE = "a database, which is not read; export what is in it as CSV or JSON"
_HEIC = "a picture in a form that is not read (HEIC); save it as JPEG"
_PICTURE = "a picture of a kind that is not read; save it as PNG"
_FONT = "a font, which is not read"
_DISK = "the image of a disk, which is not read"
_DRAWING = "a drawing of a kind that is not read; save it as PDF"
_BOOK = "an e-book of a kind that is not read; convert it to EPUB"
_MESSAGE = "a mail in a form that is not read: encrypted or signed (S/MIME, PGP); save it without that"
_KEY = "a key or certificate, which is not read"
_TNEF = "attachments in a form that only Outlook opens (TNEF), which is not read; have them sent as files"
_MAILBOX = "a mailbox of a kind that is not read; save its mails as .eml or .msg files"
_LEFT = "what a program has left there, an older copy or a part; rename it if it is to be read"
_DATA = "data of a program, which is not read; export it as CSV or JSON"

_SIGNATURES = (
    (b"\x78\x9f\x3e\x22", _TNEF),
    (b"!BDN", _MAILBOX),
    (b"PK\x03\x04", _ARCHIVE),
    (b"PK\x05\x06", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ\x00", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (b"\x7fELF", _PROGRAM),
    (b"MZ", _PROGRAM),
    (b"\xfe\xed\xfa", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"\x00asm", _PROGRAM),
    (b"ID3", _AUDIO),
    (b"fLaC", _AUDIO),
    (b"OggS", _AUDIO),
    (b"\xff\xfb", _AUDIO),
    (b"MThd", _AUDIO),
    (b"\x1a\x45\xdf\xa3", _VIDEO),
    (b"FLV\x01", _VIDEO),
    (b"\x00\x00\x01\xba", _VIDEO),
    (b"SQLite format 3\x00", _DATABASE),
    (b"\x00\x01\x00\x00Standard", _DATABASE),
    (b"wOFF", _FONT),
    (b"wOF2", _FONT),
    (b"OTTO", _FONT),
    (b"\x00\x01\x00\x00\x00", _FONT),
    (b"AC10", _DRAWING),
    (b"8BPS", _PICTURE),
    (b"-----BEGIN PGP MESSAGE", _MESSAGE),
    (b"-----BEGIN", _KEY),
    (b"PAR1", _DATA),
    (b"\x89HDF", _DATA),
    (b"\x93NUMPY", _DATA),
    (b"\x80\x02", _DATA),
    (b"\x80\x04\x95", _DATA),
)
_WITHIN = (
    (4, b"ftypM4A", _AUDIO),
    (4, b"ftypheic", _HEIC),
    (4, b"ftyp", _VIDEO),
    (8, b"WAVE", _AUDIO),
    (8, b"AVI ", _VIDEO),
    (60, b"BOOKMOBI", _BOOK),
    (257, b"ustar", _ARCHIVE),
)
"""Signatures that do not stand at the beginning, and where."""
_SUFFIXES = {
    ".7z .bz2 .cab .deb .gz .lz4 .rar .rpm .tar .tgz .xz .zip .zst": _ARCHIVE,
    ".apk .app .class .com .dll .dylib .exe .jar .msi .o .obj .pyc .pyd .so .wasm .whl": _PROGRAM,
    ".aac .aif .aiff .flac .m4a .mid .midi .mp3 .ogg .opus .wav .wma": _AUDIO,
    ".avi .flv .m4v .mkv .mov .mp4 .mpeg .mpg .ogv .webm .wmv": _VIDEO,
    ".accdb .db .dbf .frm .kdbx .ldf .mdb .mdf .sqlite .sqlite3": _DATABASE,
    ".ai .cr2 .eps .heic .ico .nef .psd .raw .svg .xcf": _PICTURE,
    ".otf .ttc .ttf .woff .woff2": _FONT,
    ".dmg .img .iso .qcow2 .vdi .vhdx .vmdk": _DISK,
    ".cdr .drawio .dwg .dxf .graffle .sketch .stl .vsd .vsdx": _DRAWING,
    ".azw .azw3 .djvu .lit .mobi": _BOOK,
    ".gpg .p7m .pgp .pgp-encrypted": _MESSAGE,
    ".asc .cer .crt .der .jks .key .p12 .p7s .pem .pfx .sig": _KEY,
    ".bak .crdownload .old .orig .part .swp .tmp": _LEFT,
    ".nst .ost .pst": _MAILBOX,
    ".arrow .avro .feather .h5 .hdf5 .joblib .mat .npy .npz .onnx .orc .parquet .pickle .pkl .pt .pth .rdata .rds"
    " .safetensors .sav .sas7bdat": _DATA,
}
_BY_SUFFIX = {suffix: name for suffixes, name in _SUFFIXES.items() for suffix in suffixes.split()}
_BY_KIND = {
    HEIC: _HEIC,
    XLSB: "a binary workbook, which is not read; save it as .xlsx",
}
_BY_TYPE = {"image": _PICTURE, "audio": _AUDIO, "video": _VIDEO, "font": _FONT}


def name_of(head: bytes, suffix: str, kind: str) -> str:
    """What a file is that begins with `head` and is called by `suffix`, and what to do about it, as far as they tell.

    `kind` is its media type, where that is known.
    """
    return _known(head, suffix, kind) or f"of a kind that is not read ({kind or suffix or 'unknown'})"


def is_unknown(head: bytes, suffix: str) -> bool:
    """Whether neither the content of a file nor its suffix tells what it is."""
    return not _known(head, suffix, "")


def _known(head: bytes, suffix: str, kind: str) -> str:
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    for offset, signature, name in _WITHIN:
        if head.startswith(signature, offset):
            return name
    if suffix.endswith("~"):
        return _LEFT
    return _BY_TYPE.get(kind.partition("/")[0]) or _BY_SUFFIX.get(suffix, "")
