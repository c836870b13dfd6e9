"""All that knows Chinese as text and sound: syllables, numerals, telephone numbers. No database, bus or state."""
