"""Where weights come from: the hub, mirrors, packages, the user's own files."""
