"""Filing a defect by hand: as a conversation, in an editor, or from a text in JSON or YAML."""
