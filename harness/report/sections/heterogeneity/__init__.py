"""For whom the effect is: by group, and along moderators."""
