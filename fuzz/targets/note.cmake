portcullis_fuzz_target(note USES portcullis::audit)
