portcullis_fuzz_target(backend_frames USES portcullis::wire)
