"""What a run would meet and what it would cost, before it is started."""
