"""What a table's report shows: its data, its pictures, HTML and Markdown."""
