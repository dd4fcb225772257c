UPDATE public.tidemark_setup SET lock_holder = $1
