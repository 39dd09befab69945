"""The Ask page's file: what it shows is in app/web/ask."""

from __future__ import annotations

from app.web.ask.page import show_page
from app.web.workspace import workspace

show_page(workspace())
