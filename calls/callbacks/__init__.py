"""Citizens who are to be called back: the tasks, who has claimed one, the hours in which it is allowed."""
