portcullis_fuzz_target(certificate USES portcullis::auth)
