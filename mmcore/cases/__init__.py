"""The life of a case: files in, worklist, edits, comparisons."""
