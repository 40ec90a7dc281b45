"""Components: cells, arrays, converters, neurons, memories, logic and links, with prices."""
