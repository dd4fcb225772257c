SELECT * FROM public.tidemark_setup
