"""The database: SQLAlchemy models, sessions, Alembic migrations and seed data."""
