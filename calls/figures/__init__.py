"""The centre's figures of calls: what happened in a period, each number with what it was counted from."""
