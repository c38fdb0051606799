"""What a person said: points, boxes, strokes, words, a shape; and how a case keeps it."""
