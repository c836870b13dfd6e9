"""Walks one caller (or a rehearsal) through a script."""
