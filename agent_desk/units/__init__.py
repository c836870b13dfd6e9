"""Pages of the departments: tickets to sign for and to answer."""
