"""What happens to a ticket: intake, dispatch, handling, notices, its trail."""
