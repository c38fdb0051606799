"""The one ledger of memory: what is held, and what works on pictures at their full size."""
