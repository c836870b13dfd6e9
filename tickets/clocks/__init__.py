"""Working time: the calendar, the legal clocks and their profiles, the lamps."""
