"""How the other programs are set up: each a relay that keeps one server connection for each client, without TLS."""

PGBOUNCER = """[databases]
{database} = host=127.0.0.1 port={server} dbname={database} user={user} password='{password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = session
max_client_conn = {most}
default_pool_size = {most}
server_reset_query = DISCARD ALL
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
"""
HAPROXY = """global
    maxconn {most}
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen postgres
    bind 127.0.0.1:{port}
    server one 127.0.0.1:{server}
"""
PGPOOL = """listen_addresses = '127.0.0.1'
port = {port}
socket_dir = '{folder}'
pcp_listen_addresses = ''
pcp_socket_dir = '{folder}'
backend_clustering_mode = 'raw'
backend_hostname0 = '127.0.0.1'
backend_port0 = {server}
enable_pool_hba = on
pool_passwd = ''
allow_clear_text_frontend_auth = on
num_init_children = 70
max_pool = 1
connection_cache = on
logdir = '{folder}'
pid_file_name = '{folder}/pid'
"""
