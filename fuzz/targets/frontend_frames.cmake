portcullis_fuzz_target(frontend_frames USES portcullis::wire)
