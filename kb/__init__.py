"""Knowledge: articles, their index, search, and answers offered while people talk."""
