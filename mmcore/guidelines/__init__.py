"""What published guidelines say of a patient; no model takes part."""
