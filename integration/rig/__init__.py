"""What the integration tests are made of: servers, databases, the command, writers, watchers, the oracle."""
