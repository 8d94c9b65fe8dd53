"""Many studies, one question: a suite of specs run as one plan, and what it says over all of them."""
