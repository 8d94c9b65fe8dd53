"""The ground of every figure: canvas, fonts, colours, lines with bands."""
