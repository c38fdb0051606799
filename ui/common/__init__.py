"""What every part of the page may use: texts, limits, requests, errors, files, names."""
