"""What `forewarn serve` stands on, whatever it serves: the socket, the log, the loops, the processes."""
