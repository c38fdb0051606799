"""From prompts to masks, and what is shown of them."""
