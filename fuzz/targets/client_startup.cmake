portcullis_fuzz_target(client_startup USES portcullis::session portcullis::auth portcullis::wire)
