"""Typed settings from YAML, environment and credentials."""

from gobot.settings.display import setting_rows, settings_document
from gobot.settings.document import parse_scalar
from gobot.settings.layers import Override, parse_set
from gobot.settings.load import (
    CONFIG_FILE,
    Loaded,
    ResolvedPaths,
    flat,
    load_settings,
    require_credentials,
    settings_file,
)
from gobot.settings.model import Settings
from gobot.settings.trading import OrchestratorSettings, PerformanceMonitorSettings, TradingSettings
from gobot.settings.watch import Change, Reloaded, SettingsWatch, changes

__all__ = [
    "CONFIG_FILE",
    "Change",
    "Loaded",
    "OrchestratorSettings",
    "Override",
    "PerformanceMonitorSettings",
    "Reloaded",
    "ResolvedPaths",
    "Settings",
    "SettingsWatch",
    "TradingSettings",
    "changes",
    "flat",
    "load_settings",
    "parse_scalar",
    "parse_set",
    "require_credentials",
    "setting_rows",
    "settings_document",
    "settings_file",
]
