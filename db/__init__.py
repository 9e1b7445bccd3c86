"""REMEMBER: the only room that knows SQLAlchemy: schema, recorder, queries, retention."""
