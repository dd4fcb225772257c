SELECT 1 FROM movie_ratings LIMIT 1
