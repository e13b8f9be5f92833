"""Components, state, caches and words of the screens."""
