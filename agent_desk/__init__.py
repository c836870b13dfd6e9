"""The desk: what agents, liaisons, supervisors and administrators see in their browsers.

An aiohttp application of server-rendered pages and small ES modules. It asks the rooms below
for everything and owns only log-in, sessions, permissions and the live link to each page.
"""
