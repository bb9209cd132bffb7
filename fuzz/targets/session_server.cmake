portcullis_fuzz_target(session_server USES portcullis::session portcullis::guard portcullis::catalog portcullis::sql)
portcullis_session_model(session_server)
