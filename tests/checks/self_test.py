"""Do the checks of this folder catch what they are for? Bad examples that they must name, good ones that they must not.

    self_test.py COMPILER [FLAGS...]
"""

import pathlib
import sys
import tempfile
import types
import unittest

import coroutine_check
import headers_check
import layers_check

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench" / "hot_path"))
import generate_builtin_lists  # noqa: E402: found by the lines above
import hot_path_check  # noqa: E402

COMPILER = ["c++"]


class HotPath(unittest.TestCase):
    KEPT = {"instructions": 1000, "allocations": 7.0}

    def problems(self, instructions, allocations):
        return list(hot_path_check.problems_of("simple", self.KEPT,
                                               {"instructions": instructions, "allocations": allocations}))

    def test_what_is_as_it_was(self):
        self.assertEqual(self.problems(1000, 7.0), [])
        self.assertEqual(self.problems(1250, 7.0), [])
        self.assertEqual(self.problems(800, 6.0), [])

    def test_more_of_either_and_much_less(self):
        for instructions, allocations in [(1251, 7.0), (799, 7.0), (1000, 7.001)]:
            self.assertEqual(len(self.problems(instructions, allocations)), 1, (instructions, allocations))


class Layers(unittest.TestCase):
    TABLE = layers_check.read_table("# c\nrestricted: thread\nbase: | boost/system/ spdlog/@log.cpp\n"
                                    "wire: base |\nnet: base wire |\n  boost/asio thread\n")

    def problems(self, room, name, text):
        return layers_check.check_file(self.TABLE, room, f"src/{room}/{name}", text)

    def test_what_is_allowed(self):
        text = '#include <string>\n#include "wire/a.hpp"\n#include "base/b.hpp"\n#include "portcullis/base/c.hpp"\n'
        self.assertEqual(self.problems("wire", "a.cpp", text), [])
        self.assertEqual(self.problems("base", "log.cpp", "#include <spdlog/spdlog.h>\n"), [])
        self.assertEqual(self.problems("net", "a.cpp", "#include <boost/asio.hpp>\n#include <thread>\n"), [])

    def test_what_comments_say_is_nothing(self):
        self.assertEqual(self.problems("wire", "a.cpp", '// #include "net/a.hpp"\n/*\n#include "net/a.hpp"\n*/\n'), [])

    def test_an_arrow_that_points_up(self):
        self.assertEqual(self.problems("wire", "a.cpp", '\n#include "net/gate.hpp"\n'),
                         ['src/wire/a.cpp:2: room "wire" may not include room "net" ("net/gate.hpp")'])
        self.assertEqual(len(self.problems("wire", "a.cpp", '# include "portcullis/net/gate.hpp"')), 1)

    def test_third_parties_outside_their_rooms_and_files(self):
        for room, name, text in [("wire", "a.cpp", "#include <boost/asio/buffer.hpp>"),
                                 ("base", "b.cpp", "#include <spdlog/spdlog.h>"),
                                 ("wire", "a.cpp", "#include <thread>"),
                                 ("wire", "a.cpp", "#include <sys/socket.h>"),
                                 ("wire", "a.cpp", "#include <unistd.h>")]:
            self.assertEqual(len(self.problems(room, name, text)), 1, text)

    def test_includes_that_hide_where_they_lead(self):
        for text in ['#include "frame.hpp"', '#include "../net/gate.hpp"', "#include HEADER"]:
            self.assertEqual(len(self.problems("wire", "a.cpp", text)), 1, text)

    def test_a_room_that_the_table_lacks(self):
        self.assertEqual(len(self.problems("cellar", "a.cpp", "")), 1)

    def test_an_empty_tree_is_not_clean(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(len(layers_check.check_tree(self.TABLE, pathlib.Path(folder))[0]), 1)


class BuiltinLists(unittest.TestCase):
    def test_what_a_version_lacks_is_not_surely_postgresqls_own(self):
        rows = [{"schema": schema, "name": name, "versions": versions} for schema, name, versions in [
            ("pg_catalog", "pg_b", "13-19"), ("pg_catalog", "pg_a", "13-14,15-19"), ("pg_catalog", "pg_new", "14-19"),
            ("pg_catalog", "pg_gone", "13-18"), ("pg_catalog", "pg_hole", "13-15,17-19"),
            ("information_schema", "tables", "13-19")]]
        source = generate_builtin_lists.catalog_name_source(types.SimpleNamespace(rows=rows))
        self.assertEqual(source.splitlines()[1:], ['"pg_a",', '"pg_b",'])


class Coroutines(unittest.TestCase):
    GOOD = [
        "co_await f();",
        "const auto x = co_await f();",
        "auto [error, size] = co_await s->read(asio::buffer(data, size), no_throw);",
        "const asio::ip::tcp::endpoint end = co_await f();",
        "std::vector<std::pair<int, int>> v = co_await f();",
        "open = co_await f();",
        "(void)co_await f();",
        "if (ready) co_await f();",
        "if (f(g(), [] { return 1; })) { co_await f(); } else co_await g();",
        "for (const auto& x : list) { co_await f(x); }",
        "switch (x) { case Kind::a: co_await f(); break; default: co_await g(); }",
        'log("if (co_await f()) ?");',
        "// if (co_await f())",
        "const int a = b ? 1 : 2; co_await f(a);",
    ]
    BAD = [
        "if (co_await f()) return;",
        "while (!co_await f()) {}",
        "} else if (co_await f()) {",
        "switch (co_await f()) {}",
        "for (auto x : co_await f()) {}",
        "for (int i = 0; i < co_await f(); ++i) {}",
        "do { g(); } while (co_await f());",
        "auto x = c ? co_await f() : co_await g();",
        "co_await (c ? f() : g());",
        "auto x = co_await f(a ? b : c);",
        "auto x = (co_await f()).size();",
        "auto x = 1 + co_await f();",
        "return g(co_await f());",
        "co_return co_await f();",
        "co_await f(co_await g());",
        "Agg p{co_await f(), 1};",
        "co_await f({1, 2});",
        "co_await f({.a = 1});",
        "co_await f(Agg{1, 2});",
        "co_await f(x, std::string{y});",
        "co_await Agg{1}.f();",
        "co_await co_spawn(c, [x] { return g(x); }, token);",
        "if (x)\n  co_await f({1});",
        "case 1: if (co_await f()) break;",
    ]

    def test_good(self):
        for text in self.GOOD:
            self.assertEqual(coroutine_check.check_text("a.cpp", "void f() { " + text + " }"), [], text)

    def test_bad(self):
        for text in self.BAD:
            self.assertEqual(len(coroutine_check.check_text("a.cpp", "void f() { " + text + " }")), 1, text)

    def test_the_line_is_named(self):
        found = coroutine_check.check_text("a.cpp", "void f() {\n  g();\n\n  if (co_await f()) return;\n}\n")
        self.assertEqual(found, ["a.cpp:4: co_await in a condition: await into a named variable first"])


class Headers(unittest.TestCase):
    def problems(self, text):
        with tempfile.TemporaryDirectory() as folder:
            header = pathlib.Path(folder) / "portcullis" / "room" / "a.hpp"
            header.parent.mkdir(parents=True)
            header.write_text(text, encoding="utf-8")
            return headers_check.check_tree(pathlib.Path(folder), COMPILER)[0]

    def test_good(self):
        self.assertEqual(self.problems("#pragma once\n#include <string>\nstruct A { std::string a; };\n"), [])

    def test_what_it_leaves_to_its_users_to_include(self):
        self.assertRegex(self.problems("#pragma once\nstruct A { std::string a; };\n")[0], "does not compile alone")

    def test_no_guard(self):
        self.assertRegex(self.problems("struct A {};\n")[0], "does not compile alone")

    def test_what_it_must_not_pull_in(self):
        self.assertRegex(self.problems("#pragma once\n#include <nlohmann/json_fwd.hpp>\n")[0], "pulls in")

    def test_an_empty_folder_is_not_clean(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(len(headers_check.check_tree(pathlib.Path(folder), COMPILER)[0]), 1)


if __name__ == "__main__":
    COMPILER = sys.argv[1:] or COMPILER
    unittest.main(argv=sys.argv[:1])
