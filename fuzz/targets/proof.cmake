portcullis_fuzz_target(proof USES portcullis::audit)
