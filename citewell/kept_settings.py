"""The settings of a home folder: those in its file settings.toml, which every entrance reads and the page writes.

A file that is named at the start (`--settings`, CITEWELL_SETTINGS) is read, and written, in its stead.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock

import tomlkit
from tomlkit.exceptions import TOMLKitError

from kb.errors import SettingsError
from kb.settings import Settings, changed, load_settings, plain

NAME = "settings.toml"
_WRITING = Lock()


def settings_file(home: Path, named: Path | None = None) -> Path:
    """Where the settings of the bases in `home` stand, also where there is no such file yet."""
    return named or home / NAME


def settings_of(home: Path, named: Path | None = None) -> Settings:
    """The file `named` over the environment; without one, the environment over the home's own file.

    What is said for one start counts more than what is kept. Raises SettingsError naming the key at fault.
    """
    if named:
        return load_settings(named)
    kept = home / NAME
    return load_settings(kept=kept if kept.is_file() else None)


def keep(home: Path, named: Path | None, changes: Mapping[str, object]) -> Settings:
    """Writes settings such as "answer.quotes", None for the default, and returns those that are then in force.

    Comments and the order of the file stay. Raises SettingsError, writing nothing, where a value is wrong, and where
    the file cannot be written.
    """
    with _WRITING:
        changed(settings_of(home, named), {key: value for key, value in changes.items() if value is not None})
        path = settings_file(home, named)
        document = _read(path)
        for key, value in changes.items():
            section, _, name = key.partition(".")
            _set(document, section, name, value)
        _replace(path, tomlkit.dumps(document))
        return settings_of(home, named)


def kept_keys(home: Path, named: Path | None = None) -> frozenset[str]:
    """The settings, such as "answer.quotes", that the file holds."""
    found = _read(settings_file(home, named)).unwrap()
    return frozenset(
        f"{section}.{name}" for section, values in found.items() if isinstance(values, dict) for name in values
    )


def values_of(settings: Settings) -> dict[str, object]:
    """Each setting by such a key. Keys of services are among them: nothing of this is to be written as it stands."""
    sections = plain(settings)
    return {
        f"{section}.{name}": value
        for section, values in sections.items()
        if isinstance(values, dict)
        for name, value in values.items()
    }


def _read(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read ({error.strerror}).") from error
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} is not valid TOML ({error}).") from error


def _set(document: tomlkit.TOMLDocument, section: str, name: str, value: object) -> None:
    table = document.get(section)
    if value is None:
        if table is not None and name in table:
            del table[name]
        return
    if table is None:
        table = tomlkit.table()
        document[section] = table
    table[name] = value


def _replace(path: Path, text: str) -> None:
    """At once and whole, with the rights that the file has; a new one is its owner's alone, since it may hold a key."""
    target = path.resolve()  # What is a link stays one.
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        with NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, prefix=".settings-", delete=False) as new:
            try:
                new.write(text)
                new.close()
                Path(new.name).chmod(mode)
                Path(new.name).replace(target)
            except OSError:
                Path(new.name).unlink(missing_ok=True)  # It may hold a key.
                raise
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be written ({error.strerror}): see that its folder may be written to."
        ) from error
