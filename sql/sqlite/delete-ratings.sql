DELETE FROM movie_ratings
