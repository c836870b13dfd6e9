"""Accounts and the units they belong to: every change to them is made here, with its audit row."""
