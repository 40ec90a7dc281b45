"""Report: folders of results, tables and pages, comparisons; words and layout, no new numbers."""
