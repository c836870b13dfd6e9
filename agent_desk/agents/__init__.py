"""The call screen: its state, what an agent does, the draft, the caller's card, call-backs, knowledge."""
