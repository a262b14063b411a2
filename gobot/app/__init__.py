"""The only place that wires objects together from settings.

Import from its modules: `gobot.app.run` brings the whole house with it, `gobot.app.risk_report` only what it reads.
"""
