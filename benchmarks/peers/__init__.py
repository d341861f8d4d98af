"""Other ways to the same answer, on the same columns: what the columnar engine is measured against."""
