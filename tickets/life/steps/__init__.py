"""How each transition of domain.md 2.3 is carried out: its data, its guards, its rows, its notices."""
