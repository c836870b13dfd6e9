"""The centre's pages of tickets: lists and one ticket."""
