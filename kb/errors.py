"""Everything that can go wrong by a user's doing or surroundings, each said in one sentence that tells what to do.

CitewellError
├── UserError              the input or the settings are wrong               exit code 2
│   ├── SettingsError          the settings file or a value in it
│   ├── UnknownKnowledgeBase   no base of that name
│   ├── UnreadableFile         a file that cannot be read, with the reason
│   │   └── NothingToRead          one without text, or of a kind that is not read here: skipped, not failed
│   ├── FingerprintMismatch    the index was built with other settings
│   ├── MissingModel           a model that is not on this machine
│   ├── GeneratorError         a language model that was asked and fails
│   │   ├── ReplyCutShort          it wrote, but not to the end: raised behind what it wrote
│   │   └── OutOfMemory            it may do with a shorter prompt
│   └── DatasetError           an evaluation dataset that is broken, with its file and line
├── Locked                 another process writes to this base               exit code 4
└── StoreError             an index is damaged or the disk refuses           exit code 2

Everything else is a bug, and rises with its traceback.
"""

from __future__ import annotations


class CitewellError(Exception):
    """Shown to people as it stands: one sentence that says what to do."""

    exit_code = 1


class UserError(CitewellError):
    exit_code = 2


class SettingsError(UserError):
    pass


class UnknownKnowledgeBase(UserError):
    pass


class MuchWouldGo(UserError):
    """So much would be removed that it may be a mistake; it is done when it is confirmed."""


class UnreadableFile(UserError):
    pass


class NothingToRead(UnreadableFile):
    pass


class OutOfReach(UnreadableFile):
    """It could not be got at just now, which says nothing of what is in it."""


class FingerprintMismatch(UserError):
    pass


class MissingModel(UserError):
    pass


class GeneratorError(UserError):
    pass


class ReplyCutShort(GeneratorError):
    """The reply met a limit, of time or of tokens; what was written until then has been given already."""


class OutOfMemory(GeneratorError):
    """What has been written until then has been given already."""


class DatasetError(UserError):
    pass


class Locked(CitewellError):
    exit_code = 4


class StoreError(CitewellError):
    exit_code = 2
