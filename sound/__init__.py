"""Telephone sound as files: WAV reading and writing, levels, and the voices that speak prompts."""
