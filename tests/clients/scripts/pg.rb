# pg for Ruby: text and binary formats, type maps, prepared statements, COPY, cancelling.
# Prints a line for each result, under the name of its step.
require 'pg'
$stdout.set_encoding('UTF-8')

def words(step, error)
  told = error.result
  return error.message unless told
  return told.error_field(PG::PG_DIAG_SQLSTATE) if step.start_with?('refusal')

  [PG::PG_DIAG_SEVERITY, PG::PG_DIAG_SQLSTATE, PG::PG_DIAG_MESSAGE_PRIMARY, PG::PG_DIAG_STATEMENT_POSITION,
   PG::PG_DIAG_CONSTRAINT_NAME].map { |field| told.error_field(field).inspect }.join(' ')
end

def attempt(step)
  result = yield
  return puts("#{step}: #{result.inspect}") unless result.is_a?(PG::Result)

  puts "#{step}: #{result.cmd_status} #{result.fields} #{result.each_row.to_a.inspect}"
rescue PG::Error => e
  puts "#{step}: #{e.class} #{words(step, e)}"
end

TYPES = 'SELECT * FROM app.samples ORDER BY id'.freeze
PARAMETERS = 'SELECT $1::int8, $2::text, $3::bytea, $4::numeric, $5::date, $6::int4[]'.freeze

def types(db)
  attempt('types') { db.exec(TYPES) }
  attempt('types of Ruby') { db.exec(TYPES).map_types!(PG::BasicTypeMapForResults.new(db)) }
end

def parameters(db)
  attempt('parameters') { db.exec_params(PARAMETERS, [2**40 + 7, "it's é", '\x0001ff', '12.50', nil, '{1,NULL,3}']) }
end

def binary(db)
  attempt('binary types') { db.exec_params(TYPES, [], 1) }
  eight = [2**40 + 7].pack('q>')
  [0, 1].each do |format|
    attempt('binary parameters') do
      db.exec_params(PARAMETERS, [{ value: eight, format: 1, type: 20 }, "it's é", { value: "\0\1\xff".b, format: 1 },
                                  '12.50', nil, '{1,NULL,3}'], format)
    end
  end
end

def prepared(db)
  attempt('prepare') { db.prepare('one', 'SELECT a_text, a_int8 FROM app.samples WHERE id = $1') }
  attempt('describe') { db.describe_prepared('one').fields }
  [1, 2, 1, 9].each { |id| attempt('prepared') { db.exec_prepared('one', [id]) } }
  attempt('deallocate') { db.exec('DEALLOCATE one') }
end

def transactions(db)
  attempt('commit') do
    db.transaction { db.exec("INSERT INTO app.notes (text, size) VALUES ('kept', 1) RETURNING id").values }
  end
  attempt('rollback') do
    db.transaction do
      db.exec("INSERT INTO app.notes (text) VALUES ('lost')")
      db.exec('SELECT 1/0')
    end
  end
  db.transaction do
    db.exec('SAVEPOINT s')
    attempt('error') { db.exec('SELECT 1/0') }
    attempt('aborted') { db.exec('SELECT 1') }
    db.exec('ROLLBACK TO s')
    attempt('update') { db.exec('UPDATE app.notes SET size = size + 1') }
  end
  attempt('notes') { db.exec('SELECT text, size FROM app.notes ORDER BY text') }
end

def errors(db)
  attempt('refusal of a syntax error') { db.exec('SELECT é FROM FROM app.samples') }
  attempt('unknown column') { db.exec_params('SELECT nothing FROM app.samples WHERE id = $1', [1]) }
  attempt('unique violation') { db.exec_params('INSERT INTO app.notes (text) VALUES ($1)', ['kept']) }
  attempt('check violation') { db.exec("INSERT INTO app.notes (text, size) VALUES ('x', -1)") }
  attempt('division') { db.exec_params('SELECT 1 / $1::int', [0]) }
end

def more(db)
  db.send_query('SELECT n FROM generate_series(1, 2000) AS n')
  db.set_single_row_mode
  sum = db.get_result.stream_each_row.sum { |row| row[0].to_i }
  db.get_last_result
  puts "single rows: #{sum}"
  attempt('reset') { db.reset && db.exec('SELECT 1') }
end

def copy(db)
  [7, 'seven'].each do |last|
    attempt('copy in') do
      db.copy_data('COPY app.notes (text, size) FROM STDIN', PG::TextEncoder::CopyRow.new) do
        300.times { |row| db.put_copy_data(["row #{row} #{last}", row.to_s]) }
        db.put_copy_data(['last', last.to_s])
      end
    end
  end
  attempt('copy given up') do
    db.copy_data('COPY app.notes (text, size) FROM STDIN') { raise 'the client changed its mind' }
  rescue RuntimeError => e
    e.message
  end
  attempt('copy out') do
    lines = []
    db.copy_data('COPY app.notes (text, size) TO STDOUT (FORMAT csv)') do
      while (line = db.get_copy_data) do lines << line end
    end
    lines.join
  end
end

def cancel(db)
  db.send_query('SELECT pg_sleep(3600)')
  $stdin.gets
  attempt('cancel') { db.cancel }
  attempt('cancelled') { db.get_last_result }
  attempt('after the cancel') { db.exec("SELECT 'usable'") }
end

def refusals(db)
  attempt('refusal') { db.exec('SELECT ssn FROM app.users') }
  attempt('refusal of parameters') { db.exec_params('SELECT ssn FROM app.users WHERE id = $1', [1]) }
  attempt('refusal of a prepared statement') do
    db.prepare('two', 'SELECT ssn FROM app.users')
    db.exec_prepared('two')
  end
  attempt('refusal of copy') { db.copy_data('COPY app.users TO STDOUT') { db.get_copy_data } }
  attempt('refusal in a transaction') { db.transaction { db.exec('SELECT ssn FROM app.users') } }
  attempt('after the refusal') { db.exec('SELECT count(*) FROM app.notes') }
end

db = PG.connect
puts '# connect', "connect: #{db.server_version} #{db.parameter_status('client_encoding')} #{db.db} #{db.ssl_in_use?}"
{ query: :types, parameters: :parameters, binary: :binary, prepared: :prepared, transaction: :transactions,
  error: :errors, COPY: :copy, cancel: :cancel, refusal: :refusals, more: :more }.each do |name, step|
  puts "# #{name}"
  send(step, db)
end
db.close
puts 'done'
