"""Plain names of media types: "pdf" for application/pdf, "word" for all that Word writes."""

from __future__ import annotations

from collections.abc import Mapping

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_DOC, _DOCX = "application/msword", f"{_OFFICE}wordprocessingml.document"
_PPT, _PPTX = "application/vnd.ms-powerpoint", f"{_OFFICE}presentationml.presentation"
_XLS, _XLSX = "application/vnd.ms-excel", f"{_OFFICE}spreadsheetml.sheet"
_XLSB, _XLS_XML = "application/vnd.ms-excel.sheet.binary.macroenabled.12", "application/vnd.ms-excel.xml"
_EML, _MSG, _MBOX = "message/rfc822", "application/vnd.ms-outlook", "application/mbox"

BY_NAME: Mapping[str, tuple[str, ...]] = {
    "code": ("text/x-source-code",),
    "csv": ("text/csv",),
    "doc": (_DOC,),
    "docx": (_DOCX,),
    "email": (_EML, _MSG, _MBOX),
    "eml": (_EML,),
    "epub": ("application/epub+zip",),
    "excel": (_XLSX, _XLS, _XLSB, _XLS_XML),
    "html": ("text/html",),
    "htm": ("text/html",),
    "ipynb": ("application/x-ipynb+json",),
    "jp2": ("image/jp2",),
    "jpg": ("image/jpeg",),
    "mail": (_EML, _MSG, _MBOX),
    "mbox": (_MBOX,),
    "md": ("text/markdown",),
    "mht": ("multipart/related",),
    "msg": (_MSG,),
    "notebook": ("application/x-ipynb+json",),
    "odp": (f"{_OPEN_DOCUMENT}presentation",),
    "ods": (f"{_OPEN_DOCUMENT}spreadsheet",),
    "odt": (f"{_OPEN_DOCUMENT}text",),
    "powerpoint": (_PPTX, _PPT),
    "ppt": (_PPT,),
    "pptx": (_PPTX,),
    "spreadsheetml": (_XLS_XML,),
    "svg": ("image/svg+xml",),
    "text": ("text/plain",),
    "tif": ("image/tiff",),
    "tsv": ("text/csv",),
    "txt": ("text/plain",),
    "word": (_DOCX, _DOC),
    "xls": (_XLS,),
    "xlsb": (_XLSB,),
    "xlsx": (_XLSX,),
}
"""Of several names for one media type, the first is what people are told.

Every media type can also be named by itself, by what follows its "/" ("pdf"), and any picture by "image".
"""
_SHOWN = {media_type: name for name, (media_type, *more) in reversed([*BY_NAME.items()]) if not more}


def is_named(media_type: str, name: str) -> bool:
    """Whether `name` stands for `media_type`; `name` without capitals, with or without a dot before it."""
    plain = name.removeprefix(".")
    kind, _, subtype = media_type.casefold().partition("/")
    return (
        plain in (media_type.casefold(), subtype)
        or (kind, plain) == ("image", "image")
        or media_type in BY_NAME.get(plain, ())
    )


def plain_name(media_type: str) -> str:
    """How people are told of a media type."""
    return _SHOWN.get(media_type) or media_type.partition("/")[2] or media_type
