// Shapes are read off the catalog's rows, and two of them tell what a statement has changed.
#include "shadow/table_changes.hpp"

#include <gmock/gmock.h>

#include "shapes.hpp"

namespace portcullis::shadow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Row kTable{"t", "20000", "r", std::nullopt};
const Row kColumn{"c", "20000", "2", "note", "text", "25", "100", "-1", "b", "f", "f", "f", "f"};

TEST(Shape, IsReadOffItsRows) {
  Shapes shapes;
  ASSERT_TRUE(read_shapes(
      {kTable,
       kColumn,
       {"s", "20000", "1", "700"},
       {"d", "20000", "2", "now()", "{FUNCEXPR :funcid 1299 :funcresulttype 1184}"},
       {"k", "20000", "1", "c1", "c", "t", "CHECK ((note <> ''::text))", "2", "(note <> ''::text)",
        "{OPEXPR :opno 531 :opfuncid 157}", std::nullopt, std::nullopt, std::nullopt, std::nullopt, "f", "f"},
       {"i", "20000", "2", "i1", "CREATE UNIQUE INDEX ...", "t", "f", "f", "1 2", "note",
        "(note) IS NOT NULL", std::nullopt, std::nullopt, std::nullopt, "f", "f"}},
      {1299}, shapes));
  const auto& shape = shapes.at(20000);
  ASSERT_NE(shape.column(2), nullptr);
  EXPECT_EQ(shape.column(2)->value, "now()");
  EXPECT_EQ(shape.column(2)->value_code, Code::changes);
  EXPECT_THAT(shape.stamps, ElementsAre("1:700"));
  EXPECT_EQ(shape.constraints.at(0).code, Code::known);
  EXPECT_THAT(shape.indexes.at(0).columns, ElementsAre(1, 2));
}

TEST(Shape, OtherRowsAreRefused) {
  auto truth = kColumn;
  truth[9] = "yes";
  auto number = kColumn;
  number[2] = "2x";
  for (const Row& row : {Row{}, Row{"t"}, Row{"t", "-1", "r", std::nullopt}, Row{"x", "20000"}, truth, number,
                         Row{"c", "20000"}, Row{"i", "20000"}, Row{"k", "20000"}, Row{"s", "20000"}}) {
    Shapes shapes;
    EXPECT_FALSE(read_shapes({kTable, row}, {}, shapes));
  }
  EXPECT_FALSE(read_known_shapes({{"v", "x"}}));
}

TEST(Shape, AViewsColumnsAreNobodys) {
  Shapes shapes;
  EXPECT_TRUE(read_shapes({kColumn}, {}, shapes));
  EXPECT_TRUE(shapes.empty());
}

TEST(ExpressionCode, UsersCodeIsForeign) {
  EXPECT_EQ(code_of_tree("{FUNCEXPR :funcid 16384 :funcresulttype 16}", {}), Code::foreign);
  EXPECT_EQ(code_of_tree("{VAR :varno 1 :varattno 0 :vartype 16}", {}), Code::foreign);
  EXPECT_EQ(code_of_tree("{CONST :consttype 20001 :constlen 4}", {}), Code::foreign);
  EXPECT_EQ(code_of_tree("{OPEXPR :opno 17000 :opfuncid 65}", {}), Code::foreign);
  EXPECT_EQ(code_of_tree("{FUNCEXPR :funcid 1598}", {1598}), Code::changes);
  EXPECT_EQ(code_of_tree("{NEXTVALUEEXPR :seqid 17000}", {}), Code::changes);
  EXPECT_EQ(code_of_tree("{VAR :varno 1 :varattno 2 :vartype 25} :location 99999", {}), Code::known);
  EXPECT_EQ(code_of_tree(":funcid", {}), Code::known);
  EXPECT_EQ(code_of_partition("((at IS NOT NULL) AND (at >= '2024-01-01'::date))"), Code::known);
  EXPECT_EQ(code_of_partition("(k = ANY (ARRAY['f('::text]))"), Code::known);
  EXPECT_EQ(code_of_partition("satisfies_hash_partition('16400'::oid, 4, 0, a)"), Code::foreign);
  EXPECT_EQ(code_of_partition("(app.f(a) = 1)"), Code::foreign);
}

TEST(TableChanges, EachKindIsTold) {
  auto before = orders(), after = orders();
  before.constraints = {check_of("old", "id > 0", {1})};
  auto pending = check_of("pending", "id > 1", {1});
  pending.oid = "2";
  after.constraints = {pending};
  pending.is_valid = false;
  before.constraints.push_back(pending);
  after.columns[1].is_not_null = true;
  after.columns.push_back(column_of(3, "more", "integer"));
  before.columns.push_back(column_of(4, "less", "integer"));
  std::vector<std::string> told;
  const auto changes = changes_between({{1, before}}, {{1, after}});
  ASSERT_EQ(changes.size(), 1u);
  for (const auto& change : changes[0].list)
    told.push_back(std::string(name(change.kind)) + " " + change.name);
  EXPECT_THAT(told, ElementsAre("column changed note", "column added more", "column dropped less",
                                "constraint validated pending", "constraint dropped old"));
}

TEST(TableChanges, AColumnIsWrittenAsItIsGenerated) {
  auto column = column_of(3, "twice", "integer");
  column.is_generated = true;
  column.value = "(id * 2)";
  EXPECT_EQ(definition_of(column), "\"twice\" integer GENERATED ALWAYS AS ((id * 2)) STORED");
  column.is_virtual = true;
  EXPECT_EQ(definition_of(column), "\"twice\" integer GENERATED ALWAYS AS ((id * 2)) VIRTUAL");
}

TEST(TableChanges, WhatIsAsItWasIsNone) {
  EXPECT_TRUE(changes_between({{1, orders()}}, {{1, orders()}}).empty());
  EXPECT_TRUE(changes_between({}, {{1, orders()}}).empty());
}

TEST(TableChanges, WhatIsMadeAnewUnderItsNameIsTheSame) {
  auto shape = orders();
  shape.constraints = {check_of("c", "id > 0", {1})};
  auto again = shape.constraints.front();
  again.oid = "99";
  EXPECT_EQ(same_in(shape, again), &shape.constraints.front());
}

TEST(Shape, NotNullThatIsNotValidIsNone) {
  auto shape = orders();
  shape.columns[1].is_not_null = true;
  auto unproven = check_of("n", "", {2});
  unproven.kind = 'n';
  unproven.is_valid = false;
  shape.constraints = {unproven};
  Shapes shapes{{1, shape}};
  settle_not_null(shapes);
  EXPECT_FALSE(shapes.at(1).columns[1].is_not_null);
}

}  // namespace
}  // namespace portcullis::shadow
