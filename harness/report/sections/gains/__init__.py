"""The gains over a reference: table, figure, what they amount to, what stands against them."""
