"""Tickets as their readers may see them: lists, queries, one ticket, masking."""
