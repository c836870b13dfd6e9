"""A lived-in centre to look at: invented weeks of calls, transcripts and tickets, and their complete removal.

What is written goes the way of real calls: Asterisk's events, the tracker's rows, the ticket desk's acts, with a
clock that is moved from moment to moment. Only the citizens, and Asterisk itself, are played.
"""
