"""Converts one document by LibreOffice in a process of its own, which leaves nothing behind whatever happens.

Started as a script: python -I conversion.py SOFFICE SECONDS SIZE FROM TO. Takes SIZE bytes on standard input, gives the
converted ones on standard output. When standard input closes, whoever asked is gone, and the conversion ends with it.
It uses the standard library alone, so that it can be started without this program's packages.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import NoReturn

TIMED_OUT, NOTHING_CAME = 3, 4

# A profile in which no macro runs and no link is followed, and which reaches no server if one is followed all the same.
_SETTINGS = (
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)
_ITEM = '<item oor:path="/org.openoffice.{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>'
_PROFILE = '<oor:items xmlns:oor="http://openoffice.org/2001/registry">{}</oor:items>'


def main(soffice: str, seconds: float, size: int, suffix: str, target: str) -> int:
    signal.signal(signal.SIGTERM, _end)
    content = sys.stdin.buffer.read(size)
    if len(content) < size:
        return NOTHING_CAME
    folder = Path(tempfile.mkdtemp(prefix="citewell-"))
    try:
        (folder / f"document.{suffix}").write_bytes(content)
        (folder / "profile" / "user").mkdir(parents=True)
        settings = _PROFILE.format("".join(_ITEM.format(*setting) for setting in _SETTINGS))
        (folder / "profile" / "user" / "registrymodifications.xcu").write_text(settings, encoding="utf-8")
        if not _has_ended(_command(soffice, folder, suffix, target), folder, seconds):
            return TIMED_OUT
        converted = folder / "out" / f"document.{target}"
        if not converted.is_file():
            return NOTHING_CAME
        with converted.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _socket(folder).unlink(missing_ok=True)


def _profile(folder: Path) -> str:
    return (folder / "profile").as_uri()


def _socket(folder: Path) -> Path:
    """What LibreOffice leaves outside the folder when it is killed: its socket, named by the hash of the profile."""
    digits = hashlib.md5(_profile(folder).encode("utf-16-le"), usedforsecurity=False).digest()
    user = os.getuid() if sys.platform != "win32" else 0
    return Path(f"/tmp/OSL_PIPE_{user}_SingleOfficeIPC_{''.join(f'{digit:x}' for digit in digits)}")  # noqa: S108


def _command(soffice: str, folder: Path, suffix: str, target: str) -> list[str]:
    return [
        soffice,
        f"-env:UserInstallation={_profile(folder)}",
        *("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo"),
        *("--convert-to", target, "--outdir", str(folder / "out"), str(folder / f"document.{suffix}")),
    ]


def _has_ended(command: list[str], folder: Path, seconds: float) -> bool:
    """Runs a command with all that it starts, which is gone afterwards; False where it took too long."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "DISPLAY"}
        | {"HOME": str(folder), "TMPDIR": str(folder), "SAL_USE_VCLPLUGIN": "svp"},
        start_new_session=True,
    )
    Thread(target=_end_when_nobody_waits, daemon=True).start()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    finally:
        _kill(process)
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end_when_nobody_waits() -> None:
    # Not by sys.stdin, whose lock would be held when this process ends.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _end(*_: object) -> NoReturn:
    sys.exit(NOTHING_CAME)


if __name__ == "__main__":
    _soffice, _seconds, _size, _suffix, _target = sys.argv[1:]
    sys.exit(main(_soffice, float(_seconds), int(_size), _suffix, _target))
