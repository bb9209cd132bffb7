// node pg_dump.mjs FOLDER DESCRIPTOR ARGUMENTS...: the pg_dump in FOLDER/pg_dump.wasm, with a connection that is open
// as DESCRIPTOR, non-blocking.
import fs from "node:fs";
import path from "node:path";

const PROGRAM = "/bin/pg_dump"; // in the file system that the program sees, which looks for itself
const DUMP = "/tmp/dump";
const EAGAIN = 6;         // as its C library numbers it
const PAUSE_MS = 1;

// The package's own entry point dumps text from its own database alone. The loader that it is built from stands in its
// source map as it was written.
async function loader(folder) {
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".js.map"))) {
    const map = JSON.parse(fs.readFileSync(path.join(folder, file), "utf8"));
    const at = map.sources.findIndex((name) => name.endsWith("release/pg_dump.js"));
    if (at >= 0) {
      const source = Buffer.from(map.sourcesContent[at]).toString("base64");
      return (await import("data:text/javascript;base64," + source)).default;
    }
  }
  throw new Error(`no source map in ${folder} has pg_dump's loader`);
}

// Its libpq takes the socket for always readable and asks again at once, so a moment passes here.
function pause() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

function read(program, at, size) {
  try {
    return fs.readSync(connection, program.HEAPU8, at, size);
  } catch (error) {
    if (error.code !== "EAGAIN") return 0; // the connection is lost, and its libpq says so
    pause();
    program.HEAP32[program.___errno_location() >> 2] = EAGAIN;
    return -1;
  }
}

function write(program, at, size) {
  let written = 0;
  while (written < size) {
    try {
      written += fs.writeSync(connection, program.HEAPU8, at + written, size - written);
    } catch (error) {
      if (error.code !== "EAGAIN") return size; // reading tells that it is lost
      pause();
    }
  }
  return size;
}

const [folder, descriptor, ...words] = process.argv.slice(2);
const connection = Number(descriptor);
let file = null;
const given = words.map((word) => {
  if (!word.startsWith("--file=")) return word;
  file = word.slice("--file=".length);
  return "--file=" + DUMP;
});
const load = await loader(folder);
let status = null;
const program = await load({
  thisProgram: PROGRAM,
  wasmBinary: fs.readFileSync(path.join(folder, "pg_dump.wasm")),
  locateFile: (name) => name,
  noExitRuntime: false,
  print: (line) => fs.writeSync(1, line + "\n"),
  printErr: (line) => fs.writeSync(2, line + "\n"),
  onExit: (code) => { status = code; },
  preRun: [(made) => {
    for (const [name, value] of Object.entries(process.env)) if (name.startsWith("PG")) made.ENV[name] = value;
    made.ENV.PGHOST = "127.0.0.1"; // whatever it is, the connection leads there
    if (!made.FS.analyzePath("/bin").exists) made.FS.mkdir("/bin");
    made.FS.writeFile(PROGRAM, "", { mode: 0o755 });
  }],
});
program._pgl_set_rw_cbs(program.addFunction((at, size) => read(program, at, size), "iii"),
                        program.addFunction((at, size) => write(program, at, size), "iii"));
program.callMain(given);
if (status === null) throw new Error("pg_dump has not come to its end");
if (status === 0 && file !== null) fs.writeFileSync(file, program.FS.readFile(DUMP), { mode: 0o600 });
process.exitCode = status;
