"""Sound of one speaker comes in over AudioSocket and is cut into utterances."""
