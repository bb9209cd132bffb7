portcullis_fuzz_target(read_request USES portcullis::audit)
