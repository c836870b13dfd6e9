"""Recognisers and their threads: what was heard becomes text, in order, also when processors are short."""
