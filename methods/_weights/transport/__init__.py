"""Bytes over HTTP: one request, one file, and how long a server is waited for."""
