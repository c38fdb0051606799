"""What is kept: photos, masks, views, uploads, runs; and who removes it."""
