portcullis_fuzz_target(session_client USES portcullis::session portcullis::guard portcullis::catalog portcullis::sql)
portcullis_session_model(session_client)
