"""Tickets that are made of messages left outside a talk."""
