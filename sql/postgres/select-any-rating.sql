SELECT 1 FROM public.movie_ratings LIMIT 1
