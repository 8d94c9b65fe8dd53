"""Tables of the report as each program reads them: HTML, LaTeX, Word, Markdown and CSV."""
