"""The commands, each with the noun of the service that does the work."""
