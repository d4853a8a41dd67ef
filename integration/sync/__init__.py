"""Property test of the sync triggers: random chains of versions against an in-memory oracle."""
