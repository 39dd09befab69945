"""The Settings page: what each setting does and costs, the models on this machine, and the machine itself."""

from __future__ import annotations

from app.web.look import show_title
from app.web.settings.saving import SettingsSource
from app.web.settings.showing import show_settings
from app.web.workspace import home, settings_file, workspace

show_title("Settings")
show_settings(workspace().base, SettingsSource(home(), settings_file()))
