portcullis_fuzz_target(scram USES portcullis::auth)
