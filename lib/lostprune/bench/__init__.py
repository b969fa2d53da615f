"""Benchmarks, one module each: ``measure`` returns what was measured on what, ``in_words`` says it to a reader."""
