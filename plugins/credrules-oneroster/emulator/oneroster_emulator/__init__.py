"""A OneRoster service for tests, 1.2 and 1.1, with the oddities of real ones. Shares no code with the client."""
