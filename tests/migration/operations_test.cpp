// What each operation of the format becomes.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "support.hpp"

namespace pgstrata::migration {

BOOST_AUTO_TEST_SUITE(operations)

BOOST_AUTO_TEST_CASE(create_table_defaults) {
  const auto table = only<CreateTable>(R"(
operations:
  - create_table:
      name: users
      columns:
        - {name: id, type: bigint}
)");
  BOOST_TEST(table.name.value == "users");
  BOOST_TEST(!table.comment);
  BOOST_TEST(table.constraints.empty());
  BOOST_REQUIRE_EQUAL(table.columns.size(), 1u);
  const Column expected{.name = {"id"}, .type = {"bigint"}};
  BOOST_TEST((table.columns[0] == expected));
  BOOST_TEST(!table.columns[0].nullable);
  BOOST_TEST(!table.columns[0].pk);
  BOOST_TEST(!table.columns[0].unique);
}

BOOST_AUTO_TEST_CASE(every_key_of_a_column) {
  const auto table = only<CreateTable>(R"(
operations:
  - create_table:
      name: users
      comment: people
      columns:
        - name: id
          type: numeric(10, 2)
          nullable: true
          default: "'x'"
          pk: true
          unique: true
          check: {name: c, constraint: id > 0, no_inherit: true}
          references: {name: f, table: t, column: k, on_delete: SET NULL, on_update: RESTRICT,
                       match_type: FULL, deferrable: true, initially_deferred: true}
          comment: hello
        - {name: g, type: int, generated: {expression: id * 2}}
        - {name: i, type: int, generated: {identity: {}}}
        - name: j
          type: int
          generated: {identity: {user_specified_values: BY DEFAULT, sequence_options: START 5}}
)");
  const Column expected{.name = {"id"},
                        .type = {"numeric(10, 2)"},
                        .nullable = true,
                        .default_ = Text{"'x'"},
                        .pk = true,
                        .unique = true,
                        .check = Check{{"c"}, {"id > 0"}, true},
                        .references = References{.name = {"f"},
                                                 .table = {"t"},
                                                 .column = {"k"},
                                                 .on_delete = FkAction::set_null,
                                                 .on_update = FkAction::restrict_,
                                                 .match = FkMatch::full,
                                                 .deferrable = true,
                                                 .initially_deferred = true},
                        .comment = Text{"hello"}};
  BOOST_TEST((table.columns.at(0) == expected));
  BOOST_TEST(table.comment->value == "people");
  BOOST_TEST(table.columns.at(1).generated_expression->value == "id * 2");
  BOOST_TEST(!table.columns.at(1).identity);
  BOOST_TEST(*table.columns.at(2).identity == "ALWAYS");
  BOOST_TEST(!table.columns.at(2).identity_options);
  BOOST_TEST(*table.columns.at(3).identity == "BY DEFAULT");
  BOOST_TEST(table.columns.at(3).identity_options->value == "START 5");
}

BOOST_AUTO_TEST_CASE(table_constraints) {
  const auto table = only<CreateTable>(R"(
operations:
  - create_table:
      name: t
      columns: []
      constraints:
        - {name: u, type: unique, columns: [a, b], deferrable: true, initially_deferred: true}
        - {name: c, type: check, check: a > 0, no_inherit: true}
        - {name: p, type: primary_key, columns: [a]}
        - name: f
          type: foreign_key
          columns: [a, b]
          references: {table: r, columns: [x, y], on_delete: CASCADE, on_update: SET DEFAULT,
                       match_type: PARTIAL}
)");
  const std::vector<TableConstraint> expected = {
      {.name = {"u"},
       .type = ConstraintType::unique,
       .columns = {{"a"}, {"b"}},
       .deferrable = true,
       .initially_deferred = true},
      {.name = {"c"}, .type = ConstraintType::check, .check = Text{"a > 0"}, .no_inherit = true},
      {.name = {"p"}, .type = ConstraintType::primary_key, .columns = {{"a"}}},
      {.name = {"f"},
       .type = ConstraintType::foreign_key,
       .columns = {{"a"}, {"b"}},
       .referenced_table = Text{"r"},
       .referenced_columns = {{"x"}, {"y"}},
       .on_delete = FkAction::cascade,
       .on_update = FkAction::set_default,
       .match = FkMatch::partial}};
  BOOST_TEST((table.constraints == expected));
}

BOOST_AUTO_TEST_CASE(later_keys_of_table_constraints_are_listed_with_their_places) {
  const auto table = only<CreateTable>(R"(operations:
  - create_table:
      name: t
      columns: []
      constraints:
        - name: u
          type: unique
          columns: [a]
          nulls_not_distinct: true
          index_parameters: {include_columns: [b], tablespace: x, storage_parameters: y}
        - name: e
          type: exclude
          exclude: {index_method: gist, elements: a WITH &&, predicate: a IS NOT NULL}
        - name: f
          type: foreign_key
          columns: [a]
          references: {table: r, columns: [x], on_delete_set_columns: [a]}
        - name: v
          type: unique
          columns: [a]
          nulls_not_distinct: false
          index_parameters: {}
)");
  const auto listed = [&](int constraint) {
    std::string result;
    for (const Text& key : table.constraints.at(constraint).unsupported) {
      result += key.value + "@" + key.at.str() + " ";
    }
    return result;
  };
  BOOST_TEST(listed(0) == "nulls_not_distinct@m.yaml:9:11 index_parameters@m.yaml:10:11 ");
  BOOST_TEST(listed(1) == "exclude@m.yaml:13:11 ");
  BOOST_TEST(listed(2) == "on_delete_set_columns@m.yaml:17:48 ");
  BOOST_TEST(listed(3) == "");
}

BOOST_AUTO_TEST_CASE(tables_are_dropped_and_renamed) {
  BOOST_TEST(only<DropTable>("operations: [{drop_table: {name: a}}]").name.value == "a");
  const auto rename = only<RenameTable>("operations: [{rename_table: {from: a, to: b}}]");
  BOOST_TEST((rename == RenameTable{{"a"}, {"b"}}));
}

BOOST_AUTO_TEST_CASE(columns_are_added_dropped_and_renamed) {
  const auto add = only<AddColumn>(
      "operations: [{add_column: {table: t, column: {name: c, type: int}, up: 1 + 1}}]");
  BOOST_TEST((add == AddColumn{{"t"}, {.name = {"c"}, .type = {"int"}}, Text{"1 + 1"}}));
  const auto drop = only<DropColumn>("operations: [{drop_column: {table: t, column: c}}]");
  BOOST_TEST((drop == DropColumn{{"t"}, {"c"}, std::nullopt}));
  const auto down = only<DropColumn>("operations: [{drop_column: {table: t, column: c, down: d}}]");
  BOOST_TEST((down == DropColumn{{"t"}, {"c"}, Text{"d"}}));
  const auto rename =
      only<RenameColumn>("operations: [{rename_column: {table: t, from: a, to: b}}]");
  BOOST_TEST((rename == RenameColumn{{"t"}, {"a"}, {"b"}}));
}

BOOST_AUTO_TEST_CASE(every_key_of_alter_column) {
  const auto alter = only<AlterColumn>(R"(
operations:
  - alter_column:
      table: t
      column: c
      type: bigint
      nullable: false
      default: 5
      comment: hello
      check: {name: k, constraint: c > 0}
      unique: {name: u}
      references: {name: f, table: r, column: x}
      up: c + 1
      down: c - 1
)");
  const AlterColumn expected{
      .table = {"t"},
      .column = {"c"},
      .type = Text{"bigint"},
      .nullable = false,
      .default_ = Text{"5"},
      .comment = Text{"hello"},
      .check = Check{{"k"}, {"c > 0"}, false},
      .unique = Text{"u"},
      .references = References{.name = {"f"}, .table = {"r"}, .column = {"x"}},
      .up = Text{"c + 1"},
      .down = Text{"c - 1"}};
  BOOST_TEST((alter == expected));
}

BOOST_AUTO_TEST_CASE(null_removes_a_default_or_a_comment_and_absence_keeps_it) {
  const auto removes = only<AlterColumn>(
      "operations: [{alter_column: {table: t, column: c, default: null, comment: ~}}]");
  BOOST_TEST((removes.default_ && !*removes.default_));
  BOOST_TEST((removes.comment && !*removes.comment));
  const auto keeps =
      only<AlterColumn>("operations: [{alter_column: {table: t, column: c, nullable: true}}]");
  BOOST_TEST(!keeps.default_.has_value());
  BOOST_TEST(!keeps.comment.has_value());
  const auto word =
      only<AlterColumn>("operations: [{alter_column: {table: t, column: c, default: 'null'}}]");
  BOOST_TEST((*word.default_)->value == "null");
}

BOOST_AUTO_TEST_CASE(every_key_of_create_index) {
  const auto index = only<CreateIndex>(R"(
operations:
  - create_index:
      table: t
      name: i
      columns:
        - column: a
        - {column: b, collate: C, sort: DESC, nulls: LAST, opclass: {name: text_ops, params: []}}
        - {column: c, sort: ASC, nulls: FIRST}
      include: []
      predicate: a > 0
      method: gin
      storage_parameters: fillfactor = 70
      unique: true
)");
  const CreateIndex expected{.table = {"t"},
                             .name = {"i"},
                             .columns = {{.column = {"a"}},
                                         {.column = {"b"},
                                          .collate = Text{"C"},
                                          .descending = true,
                                          .nulls_first = false,
                                          .opclass = Text{"text_ops"}},
                                         {.column = {"c"}, .nulls_first = true}},
                             .method = "gin",
                             .unique = true,
                             .predicate = Text{"a > 0"},
                             .storage_parameters = Text{"fillfactor = 70"}};
  BOOST_TEST((index == expected));
}

BOOST_AUTO_TEST_CASE(index_columns_have_three_spellings) {
  const auto columns = [](const std::string& spelling) {
    return only<CreateIndex>(
               "operations: [{create_index: {table: t, name: i, columns: " + spelling + "}}]")
        .columns;
  };
  const std::vector<IndexColumn> expected = {{.column = {"z"}, .descending = true},
                                             {.column = {"a"}}};
  BOOST_TEST((columns("[{column: z, sort: DESC}, {column: a}]") == expected));
  BOOST_TEST((columns("[{column: z, sort: DESC}, a]") == expected));
  BOOST_TEST((columns("{z: {sort: DESC}, a: {}}") == expected));
  BOOST_TEST((columns("{z: {sort: DESC}, a: }") == expected));
  BOOST_TEST((columns("[z, a]") == std::vector<IndexColumn>{{.column = {"z"}}, {.column = {"a"}}}));
}

BOOST_AUTO_TEST_CASE(later_keys_of_create_index_are_listed_with_their_places) {
  const auto index = only<CreateIndex>(R"(operations:
  - create_index:
      table: t
      name: i
      columns:
        - expression: lower(a)
        - {column: b, opclass: {name: o, params: [siglen = 32]}}
      include: [c]
)");
  std::string listed;
  for (const Text& key : index.unsupported) listed += key.value + "@" + key.at.str() + " ";
  BOOST_TEST(listed == "expression@m.yaml:6:11 opclass.params@m.yaml:7:42 include@m.yaml:8:7 ");
}

BOOST_AUTO_TEST_CASE(indexes_are_dropped) {
  BOOST_TEST(only<DropIndex>("operations: [{drop_index: {name: i}}]").name.value == "i");
}

BOOST_AUTO_TEST_CASE(raw_sql) {
  BOOST_TEST((only<RawSql>("operations: [{sql: {up: select 1}}]") ==
              RawSql{{"select 1"}, std::nullopt, false}));
  BOOST_TEST((only<RawSql>("operations: [{sql: {up: a, down: b, onComplete: false}}]") ==
              RawSql{{"a"}, Text{"b"}, false}));
  BOOST_TEST((only<RawSql>("operations: [{sql: {up: a, down: '', onComplete: true}}]") ==
              RawSql{{"a"}, std::nullopt, true}));
}

BOOST_AUTO_TEST_CASE(operations_of_a_later_release_are_recognised_by_name) {
  for (const std::string name :
       {"create_constraint", "drop_constraint", "drop_multicolumn_constraint", "rename_constraint",
        "set_replica_identity"}) {
    const auto read = yaml("operations:\n  - " + name + ": {table: t, any: {thing: 1}}\n");
    BOOST_TEST(read.at(0).name == name);
    BOOST_TEST(std::get<Unsupported>(read.at(0).operation).operation == name);
    BOOST_TEST(read.at(0).at.str() == "m.yaml:2:5");
  }
}

BOOST_AUTO_TEST_CASE(empty_texts_of_older_files_say_the_same_as_no_key) {
  BOOST_TEST((only<AddColumn>(
                  "operations: [{add_column: {table: t, column: {name: c, type: int}, up: ''}}]")
                  .up == std::nullopt));
  const auto index = only<CreateIndex>(
      "operations: [{create_index: {table: t, name: i, predicate: '', storage_parameters: '', "
      "columns: [{column: a, collate: '', sort: '', opclass: {name: ''}}]}}]");
  BOOST_TEST((index == CreateIndex{.table = {"t"}, .name = {"i"}, .columns = {{.column = {"a"}}}}));
  const auto table = only<CreateTable>(
      "operations: [{create_table: {name: t, columns: [], constraints: [{name: u, type: unique, "
      "columns: [a], check: '', no_inherit: false, index_parameters: {}}]}}]");
  BOOST_TEST((table.constraints.at(0) ==
              TableConstraint{.name = {"u"}, .type = ConstraintType::unique, .columns = {{"a"}}}));
}

BOOST_AUTO_TEST_CASE(operations_keep_their_order_and_places) {
  const auto read = yaml("operations:\n- drop_table: {name: a}\n- drop_index:\n    name: b\n");
  BOOST_REQUIRE_EQUAL(read.size(), 2u);
  BOOST_TEST(read[0].name == "drop_table");
  BOOST_TEST(read[0].at.str() == "m.yaml:2:3");
  BOOST_TEST(read[1].name == "drop_index");
  BOOST_TEST(read[1].at.str() == "m.yaml:3:3");
}

BOOST_AUTO_TEST_CASE(numbers_are_names_and_expressions_and_words_stay_as_written) {
  const auto add = only<AddColumn>(
      "operations: [{add_column: {table: 2024, column: {name: 010, type: int, default: 0x1F}, "
      "up: true}}]");
  BOOST_TEST(add.table.value == "2024");
  BOOST_TEST(add.column.name.value == "010");
  BOOST_TEST(add.column.default_->value == "0x1F");
  BOOST_TEST(add.up->value == "true");
  const Migration json = parse(
      "m.json", R"({"operations": [{"drop_table": {"name": 5.0e1}}, {"sql": {"up": false}}]})");
  BOOST_TEST(std::get<DropTable>(json.operations.at(0).operation).name.value == "5.0e1");
  BOOST_TEST(std::get<RawSql>(json.operations.at(1).operation).up.value == "false");
}

BOOST_AUTO_TEST_CASE(names_are_taken_exactly_as_written) {
  const std::string longest(63, 'x');
  for (const std::string& name : {std::string("Order"), std::string("user id"),
                                  std::string("a\\\"b"), std::string("größe"), longest}) {
    const auto drop = only<DropTable>("operations: [{drop_table: {name: \"" + name + "\"}}]");
    BOOST_TEST(drop.name.value == (name == "a\\\"b" ? "a\"b" : name));
  }
}

BOOST_AUTO_TEST_CASE(no_operations_is_a_valid_migration) {
  BOOST_TEST(yaml("operations: []").empty());
}

BOOST_AUTO_TEST_CASE(a_name_that_repeats_the_file_name_is_accepted) {
  const Migration read =
      parse("dir/01_first.yaml", "name: 01_first\nversion_schema: 01_first\noperations: []\n");
  BOOST_TEST(read.name == "01_first");
  BOOST_TEST(read.file == "dir/01_first.yaml");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::migration
