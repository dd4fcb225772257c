DELETE FROM public.tidemark_shards
