"""From words to boxes: the detectors and what they have in common."""
