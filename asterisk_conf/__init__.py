"""Asterisk's configuration from templates, and the launcher that finds, fetches, starts and watches it."""
