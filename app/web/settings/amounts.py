"""Amounts as people read them."""

from __future__ import annotations

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def size(number: int) -> str:
    """ "512 bytes", "91.3 MB": by thousands, as disks and the command line count."""
    amount, unit = float(number), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{number} {'byte' if number == 1 else 'bytes'}"
