# DBD::Pg: placeholders, statements on the server, COPY, cancelling.
# Prints a line for each result, under the name of its step.
use strict;
use warnings;
use utf8;
use DBI;
use DBD::Pg qw(:pg_types :async);
binmode STDOUT, ':encoding(UTF-8)';

my $db = DBI->connect('dbi:Pg:', '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1, pg_enable_utf8 => 1 });

sub show {
    my ($value) = @_;
    return 'NULL' unless defined $value;
    return '[' . join(', ', map { show($_) } @$value) . ']' if ref $value;
    return $value =~ /[^\x20-\x{10ffff}]/ ? 'bytes ' . unpack('H*', $value) : $value;
}

sub attempt {
    my ($step, $body) = @_;
    if (eval { print "$step: ", $body->(), "\n"; 1 }) { return }
    die $@ unless $db->state;
    my $words = $step =~ /^refusal/ ? '' : ' ' . $db->errstr =~ s/\n/ \\ /gr;
    print "$step: ", $db->state, "$words\n";
}

sub rows {
    my ($statement) = @_;
    return map { "\n  " . join(' | ', map { show($_) } @$_) } @{ $statement->fetchall_arrayref };
}

sub query {
    my ($step, $sql, @values) = @_;
    attempt($step, sub {
        my $statement = $db->prepare($sql);
        $statement->execute(@values);
        return rows($statement);
    });
}

sub execute {
    my ($step, $sql, @values) = @_;
    attempt($step, sub { $db->do($sql, undef, @values) . ' rows' });
}

sub types {
    my $statement = $db->prepare('SELECT * FROM app.samples ORDER BY id');
    $statement->execute;
    print "columns: @{ $statement->{NAME} } | @{ $statement->{pg_type} }\n";
    print 'types:', rows($statement), "\n";
}

sub parameters {
    my $statement = $db->prepare('SELECT ?::int8, ?::text, ?::bytea, ?::numeric, ?::date, ?::int4[]');
    attempt('parameters', sub {
        $statement->execute(2**40 + 7, "it's é", '\x0001ff', '12.50', undef, [1, undef, 3]);
        return rows($statement);
    });
}

sub binary {
    my $statement = $db->prepare('SELECT ?::bytea, octet_length(?)');
    $statement->bind_param($_, undef, { pg_type => PG_BYTEA }) for 1, 2;
    attempt('binary parameters', sub { $statement->execute("\0\1\xff", "\0'\\"); return rows($statement) });
}

sub prepared {
    my $statement = $db->prepare('SELECT a_text, a_int8 FROM app.samples WHERE id = ?', { pg_prepare_now => 1 });
    for my $id (1, 2, 1, 9) {
        attempt('prepared', sub { $statement->execute($id); return rows($statement) });
    }
}

sub transactions {
    $db->begin_work;
    query('insert', "INSERT INTO app.notes (text, size) VALUES (?, 1) RETURNING id", 'kept');
    $db->commit;
    $db->begin_work;
    execute('insert', "INSERT INTO app.notes (text) VALUES ('lost')");
    $db->rollback;
    $db->begin_work;
    $db->pg_savepoint('s');
    execute('error', 'SELECT 1/0');
    execute('aborted', 'SELECT 1');
    $db->pg_rollback_to('s');
    execute('update', 'UPDATE app.notes SET size = size + ?', 1);
    $db->commit;
    query('notes', 'SELECT text, size FROM app.notes ORDER BY text');
}

sub errors {
    execute('refusal of a syntax error', 'SELECT é FROM FROM app.samples');
    query('unknown column', 'SELECT nothing FROM app.samples WHERE id = ?', 1);
    execute('unique violation', 'INSERT INTO app.notes (text) VALUES (?)', 'kept');
    execute('check violation', "INSERT INTO app.notes (text, size) VALUES ('x', -1)");
    query('division', 'SELECT 1 / ?::int', 0);
}

sub metadata {
    attempt('tables', sub { rows($db->table_info(undef, 'app', '%', 'TABLE')) });
    attempt('columns', sub { rows($db->column_info(undef, 'app', '%', undef)) });
    attempt('primary key', sub { rows($db->primary_key_info(undef, 'app', 'notes')) });
    attempt('indexes', sub { rows($db->statistics_info(undef, 'app', 'notes', 0, 0)) });
    attempt('last id', sub { $db->last_insert_id(undef, 'app', 'notes', undef) });
    attempt('types', sub { scalar @{ $db->type_info_all } });
    attempt('ping', sub { $db->ping });
}

sub copy {
    for my $last ("last\t7\n", "wrong\tseven\n") {
        attempt('copy in', sub {
            $db->do('COPY app.notes (text, size) FROM STDIN');
            $db->pg_putcopydata("row $_ " . length($last) . "\t$_\n") for 1 .. 300;
            $db->pg_putcopydata($last);
            return $db->pg_putcopyend;
        });
    }
    attempt('copy out', sub {
        $db->do('COPY app.notes (text, size) TO STDOUT');
        my ($all, $line) = ('', '');
        $all .= $line while $db->pg_getcopydata($line) >= 0;
        return $all =~ s/\n/ \\ /gr;
    });
}

sub cancel {
    my $statement = $db->prepare('SELECT pg_sleep(3600)', { pg_async => PG_ASYNC });
    $statement->execute;
    <STDIN>;
    attempt('cancelled', sub { 'cancelled ' . ($db->pg_cancel ? 'yes' : 'no') . ' ' . $db->state });
    query('after the cancel', "SELECT 'usable'");
}

sub refusals {
    execute('refusal', 'SELECT ssn FROM app.users');
    query('refusal of parameters', 'SELECT ssn FROM app.users WHERE id = ?', 1);
    execute('refusal of copy', 'COPY app.users TO STDOUT');
    $db->begin_work;
    query('refusal in a transaction', 'SELECT ssn FROM app.users');
    query('aborted', 'SELECT 1');
    $db->rollback;
    query('after the refusal', 'SELECT count(*) FROM app.notes');
}

print "# connect\nconnect: $db->{pg_server_version} $db->{pg_db}\n";
my @steps = (
    query => \&types, parameters => \&parameters, binary => \&binary, prepared => \&prepared,
    transaction => \&transactions, error => \&errors, COPY => \&copy, cancel => \&cancel, refusal => \&refusals,
    more => \&metadata,
);
while (my ($name, $step) = splice @steps, 0, 2) {
    print "# $name\n";
    $step->();
}
$db->disconnect;
print "done\n";
