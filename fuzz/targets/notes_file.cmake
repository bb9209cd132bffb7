portcullis_fuzz_target(notes_file USES portcullis::audit)
