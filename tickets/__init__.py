"""From the talk to the archive: drafts, emergencies, the life of a ticket, its clocks, who may read what."""
