"""The conversations of a base: to list, to begin, to go on with, to name, to export, to delete."""

from __future__ import annotations

from collections.abc import Callable

from citewell.transcript import transcript
from kb.conversation import Conversation
from kb.errors import UserError
from kb.settings import ConversationSettings
from kb.store.conversations import ConversationStore


class Conversations:
    """Ask within one by `base.ask(question, conversation=...)`. Those of other owners are not seen.

    `owner` is whoever asks, "" where one person alone uses the base. A conversation is named by its id or its title;
    UserError is raised where there is none of that name, or several of that title, StoreError where the file in which
    they lie is damaged.
    """

    def __init__(
        self, store: ConversationStore, settings: ConversationSettings, display_name: Callable[[str], str]
    ) -> None:
        self._store = store
        self._settings = settings
        self._display_name = display_name

    def list(self, *, owner: str = "") -> tuple[Conversation, ...]:
        """All, without their turns; the one that was changed last first."""
        return tuple(self._store.all(owner))

    def start(self, title: str = "", *, owner: str = "") -> Conversation:
        """A new one; without a `title` it takes its first question."""
        return self._store.start(title, owner, limit=self._settings.limit)

    def resume(self, name: str, *, owner: str = "") -> Conversation:
        """The one of that name, without its turns; a new one of that title where there is none."""
        return self._store.start(_said(name), owner, limit=self._settings.limit, named=True)

    def open(self, name: str, *, owner: str = "", latest: int = -1) -> Conversation:
        """With its `latest` turns (-1: all), oldest first."""
        return self._store.open(name, owner, latest=latest)

    def rename(self, name: str, title: str, *, owner: str = "") -> None:
        """Raises UserError where another conversation has that title already."""
        named = self.open(name, owner=owner).id
        if any(one.title == title.strip() and one.id != named for one in self.list(owner=owner)):
            raise UserError(f'There is a conversation "{title.strip()}" already; choose another title.')
        self._store.rename(name, owner, _said(title))

    def delete(self, name: str, *, owner: str = "") -> None:
        """No word of it is left then, unless another process has been reading for ten seconds: then soon after."""
        self._store.delete(name, owner)

    def export(self, name: str, *, owner: str = "") -> str:
        """Markdown, with the sources of every answer."""
        return transcript(self.open(name, owner=owner), self._display_name)


def _said(name: str) -> str:
    if not name.strip():
        raise UserError("The name of a conversation is empty; give it one in words.")
    return name
