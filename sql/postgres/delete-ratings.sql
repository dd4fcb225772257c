DELETE FROM public.movie_ratings
