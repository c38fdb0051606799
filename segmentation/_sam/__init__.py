"""What the segmenters of the SAM family share."""
