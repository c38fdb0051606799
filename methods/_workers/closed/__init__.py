"""The closed room: files of strangers are decoded where nothing else is, by a process each."""
