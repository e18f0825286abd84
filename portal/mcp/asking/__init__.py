"""From a question in words to published figures, or to the reason why there are none."""
