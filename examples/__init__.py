"""What client apps may copy, and the incidents that the demo plays."""
