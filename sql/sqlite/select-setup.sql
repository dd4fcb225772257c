SELECT * FROM tidemark_setup
