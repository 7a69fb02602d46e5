"""The command line beside the service: one file per command or group of commands."""
