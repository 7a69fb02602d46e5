"""Ways to reach a recipient: each is one method that sends, and one error that says what went wrong."""
