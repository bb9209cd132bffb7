// JDBC: text, then binary formats with statements on the server, batches, cursors, COPY, cancelling.
// Prints a line for each result, under the name of its step.
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.util.Arrays;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

public class Jdbc {
  interface Step {
    Object run() throws Exception;
  }

  static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  static Connection connection;

  static void begin(String step) {
    out.println("# " + step);
  }

  static void attempt(String step, Step body) throws Exception {
    try {
      out.println(step + ": " + body.run());
    } catch (SQLException error) {
      out.println(step + ": " + words(step, error));
    }
  }

  static String words(String step, SQLException error) {
    if (step.startsWith("refusal")) return error.getSQLState();
    ServerErrorMessage told = error instanceof PSQLException of ? of.getServerErrorMessage() : null;
    if (told == null) return error.getSQLState() + " " + error.getMessage();
    return told.getSeverity() + " " + told.getSQLState() + " " + told.getMessage() + ", position " + told.getPosition()
        + ", constraint " + told.getConstraint();
  }

  static String show(Object value) throws SQLException {
    if (value == null) return "NULL";
    if (value instanceof byte[] bytes) return "bytes " + Arrays.toString(bytes);
    if (value instanceof Array array) return "array " + Arrays.toString((Object[]) array.getArray());
    return value.getClass().getSimpleName() + " " + value;
  }

  static String rows(ResultSet result) throws SQLException {
    StringBuilder lines = new StringBuilder();
    ResultSetMetaData columns = result.getMetaData();
    while (result.next()) {
      for (int at = 1; at <= columns.getColumnCount(); ++at)
        lines.append("\n  ").append(columns.getColumnName(at)).append(' ').append(columns.getColumnTypeName(at))
            .append(" | ").append(show(result.getObject(at)));
    }
    return lines.toString();
  }

  static void query(String step, String sql) throws Exception {
    attempt(step, () -> {
      try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(sql)) {
        return rows(result);
      }
    });
  }

  static void update(String step, String sql) throws Exception {
    attempt(step, () -> {
      try (Statement statement = connection.createStatement()) {
        return statement.executeUpdate(sql) + " rows";
      }
    });
  }

  static void parameters() throws Exception {
    String sql = "SELECT ?::int8, ?::text, ?::bytea, ?::numeric, ?::date, ?::int4[], ?::float8, ?::bool";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int time = 0; time < 7; ++time) {  // from the fifth on a named statement with binary results
        statement.setLong(1, (1L << 40) + time);
        statement.setString(2, "it's é");
        statement.setBytes(3, new byte[] {0, 1, -1});
        statement.setBigDecimal(4, new BigDecimal("12.50"));
        statement.setNull(5, Types.DATE);
        statement.setArray(6, connection.createArrayOf("int4", new Integer[] {1, null, 3}));
        statement.setDouble(7, 0.1);
        statement.setBoolean(8, true);
        attempt("parameters", () -> rows(statement.executeQuery()));
      }
    }
  }

  static void prepared() throws Exception {
    try (PreparedStatement types = connection.prepareStatement("SELECT * FROM app.samples WHERE id = ?")) {
      for (int id : new int[] {1, 2, 3, 1, 2, 3, 1, 2, 3, 4}) {
        types.setInt(1, id);
        attempt("prepared", () -> rows(types.executeQuery()));
      }
    }
  }

  static void transactions() throws Exception {
    connection.setAutoCommit(false);
    update("insert", "INSERT INTO app.notes (text, size) VALUES ('kept', 1)");
    connection.commit();
    update("insert", "INSERT INTO app.notes (text, size) VALUES ('lost', 1)");
    connection.rollback();
    Savepoint savepoint = connection.setSavepoint();
    query("error", "SELECT 1/0");
    query("aborted", "SELECT 1");
    connection.rollback(savepoint);
    try (PreparedStatement batch = connection.prepareStatement("INSERT INTO app.notes (text, size) VALUES (?, ?)")) {
      for (int row = 0; row < 500; ++row) {
        batch.setString(1, "batch " + row);
        batch.setInt(2, row);
        batch.addBatch();
      }
      attempt("batch", () -> Arrays.stream(batch.executeBatch()).sum());
    }
    connection.commit();
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(70);  // a portal that is read in parts
      attempt("cursor", () -> rows(statement.executeQuery("SELECT text, size FROM app.notes ORDER BY id")));
    }
    connection.commit();
    connection.setAutoCommit(true);
    attempt("keys", () -> {
      try (PreparedStatement insert = connection.prepareStatement(
               "INSERT INTO app.notes (text) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
        insert.setString(1, "with a key");
        insert.executeUpdate();
        return rows(insert.getGeneratedKeys());
      }
    });
  }

  static void errors() throws Exception {
    update("refusal of a syntax error", "SELECT é FROM FROM app.samples");
    query("unknown column", "SELECT nothing FROM app.samples");
    update("unique violation", "INSERT INTO app.notes (text) VALUES ('kept')");
    update("check violation", "INSERT INTO app.notes (text, size) VALUES ('x', -1)");
    attempt("several", () -> {
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT 1; SELECT 2");
        String first = rows(statement.getResultSet());
        statement.getMoreResults();
        return first + rows(statement.getResultSet());
      }
    });
  }

  static void metadata() throws Exception {
    DatabaseMetaData about = connection.getMetaData();
    attempt("tables", () -> rows(about.getTables(null, "app", "%", new String[] {"TABLE", "VIEW"})));
    attempt("columns", () -> rows(about.getColumns(null, "app", "%", "%")));
    attempt("primary key", () -> rows(about.getPrimaryKeys(null, "app", "notes")));
    attempt("indexes", () -> rows(about.getIndexInfo(null, "app", "notes", false, true)));
    attempt("foreign keys", () -> rows(about.getImportedKeys(null, "app", "notes")));
    attempt("types", () -> rows(about.getUDTs(null, "app", "%", null)));
    attempt("functions", () -> rows(about.getFunctions(null, "app", "%")));
    attempt("schemas", () -> rows(about.getSchemas(null, "app")));
    attempt("best row", () -> rows(about.getBestRowIdentifier(null, "app", "notes", 0, false)));
  }

  static void copy() throws Exception {
    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
    for (String last : new String[] {"last\t7\n", "wrong\tseven\n"}) {
      StringBuilder data = new StringBuilder();
      for (int row = 0; row < 300; ++row) data.append("row " + row + last.charAt(0) + '\t' + row + '\n');
      byte[] bytes = data.append(last).toString().getBytes(StandardCharsets.UTF_8);
      attempt("copy in", () -> copies.copyIn("COPY app.notes (text, size) FROM STDIN", new ByteArrayInputStream(bytes)));
    }
    for (String format : new String[] {"text", "csv", "binary"}) {
      ByteArrayOutputStream target = new ByteArrayOutputStream();
      attempt("copy out", () -> copies.copyOut(
          "COPY (SELECT text, size FROM app.notes ORDER BY id) TO STDOUT (FORMAT " + format + ")", target));
      out.println("copied out: " + target.size() + " bytes, " + Arrays.hashCode(target.toByteArray()));
    }
  }

  static void cancel() throws Exception {
    try (Statement statement = connection.createStatement()) {
      Thread canceller = new Thread(() -> {
        try {
          new BufferedReader(new InputStreamReader(System.in)).readLine();
          statement.cancel();
        } catch (Exception error) {
          out.println("cancel: " + error);
        }
      });
      canceller.start();
      attempt("cancelled", () -> rows(statement.executeQuery("SELECT pg_sleep(3600)")));
      canceller.join();
    }
    query("after the cancel", "SELECT 'usable'");
  }

  static void refusals() throws Exception {
    query("refusal", "SELECT ssn FROM app.users");
    attempt("refusal of parameters", () -> {
      try (PreparedStatement statement = connection.prepareStatement("SELECT ssn FROM app.users WHERE id = ?")) {
        statement.setInt(1, 1);
        return rows(statement.executeQuery());
      }
    });
    attempt("refusal of copy", () -> connection.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY app.users TO STDOUT"));
    connection.setAutoCommit(false);
    query("refusal in a transaction", "SELECT ssn FROM app.users");
    query("aborted", "SELECT 1");
    connection.rollback();
    connection.setAutoCommit(true);
    query("after the refusal", "SELECT count(*) FROM app.notes");
  }

  static void connect(String more) throws Exception {
    Properties settings = new Properties();
    settings.setProperty("user", System.getenv("PGUSER"));
    settings.setProperty("password", System.getenv("PGPASSWORD"));
    settings.setProperty("sslmode", System.getenv("PGSSLMODE"));
    if (System.getenv("PGSSLROOTCERT") != null) settings.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
    connection = DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT")
        + "/" + System.getenv("PGDATABASE") + "?" + more, settings);
  }

  /** Statements of the simple protocol, of the extended one, and named binary ones from the first on. */
  static void queries(String more, String step) throws Exception {
    connect(more);
    begin(step);
    query("types", "SELECT * FROM app.samples ORDER BY id");
    if (!more.contains("simple")) {  // there the driver writes a text that PostgreSQL does not understand
      begin(step.equals("binary") ? step : "parameters");
      parameters();
    }
    begin(step.equals("binary") ? step : "prepared");
    prepared();
    connection.close();
  }

  public static void main(String[] arguments) throws Exception {
    connect("");
    begin("connect");
    out.println("connect: " + connection.getMetaData().getDatabaseProductVersion() + " " + connection.getCatalog());
    connection.close();
    queries("", "query");
    queries("preferQueryMode=simple", "query");
    queries("prepareThreshold=-1", "binary");
    connect("autosave=always&reWriteBatchedInserts=true");
    begin("transaction");
    transactions();
    connection.close();
    connect("");
    query("empty", "DELETE FROM app.notes WHERE text <> '' RETURNING text");
    transactions();
    begin("error");
    errors();
    begin("COPY");
    copy();
    begin("cancel");
    cancel();
    begin("refusal");
    refusals();
    begin("more");
    metadata();
    connection.close();
    out.println("done");
    out.flush();
  }
}
