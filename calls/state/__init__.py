"""The live state of calls and agents, as told by Asterisk's events, and how it is written down and rebuilt."""
