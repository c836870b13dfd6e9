"""What a floor sees and hears: the board, the announcements to who waits, the history of a call."""
