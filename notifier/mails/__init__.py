"""From what is known of one notice to the finished bytes of its mail."""
