"""The handlers of one transaction, by subject: plain functions from an Ask to an Answer."""
