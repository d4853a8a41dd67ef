// Every way a document can be wrong: one clear error, with its place.
#define BOOST_TEST_DYN_LINK
#include <boost/test/unit_test.hpp>

#include "refusals.hpp"

namespace pgstrata::migration {

namespace {

// An operation in a document; it begins at 1:15 and its keys at 1:15 + the length of its name + 3.
std::string in_document(const std::string& operation) {
  return "operations: [{" + operation + "}]";
}

void check_operations(std::vector<Case> cases) {
  for (Case& one : cases) one.content = in_document(one.content);
  check(cases);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bad_input)

BOOST_AUTO_TEST_CASE(documents) {
  check({
      {"", "m.yaml:1:1: the document is empty [empty-document]"},
      {"# only a comment\n", "m.yaml:1:1: the document is empty [empty-document]"},
      {"null\n", "m.yaml:1:1: the document is empty [empty-document]"},
      {"---\n...\n", "m.yaml:1:1: the document is empty [empty-document]"},
      {"hello\n", "m.yaml:1:1: the document must be a mapping, found 'hello' [wrong-type]"},
      {"- a\n- b\n", "m.yaml:1:1: the document must be a mapping, found a list [wrong-type]"},
      {"{}", "m.yaml:1:1: the document lacks the key 'operations' [missing-key]"},
      {"operatoins: []\n",
       "m.yaml:1:1: unknown key 'operatoins' in the document, did you mean 'operations'? "
       "[unknown-key]"},
      {"operations: []\nxyz: 1\n", "m.yaml:2:1: unknown key 'xyz' in the document [unknown-key]"},
      {"operations:\n", "m.yaml:1:1: operations must be a list, found nothing [wrong-type]"},
      {"operations: {drop_table: {name: a}}\n",
       "m.yaml:1:13: operations must be a list, found a mapping [wrong-type]"},
      {"operations: none\n", "m.yaml:1:13: operations must be a list, found 'none' [wrong-type]"},
      {"operations: []\n---\noperations: []\n",
       "m.yaml:2:1: the file holds more than one YAML document [several-documents]"},
      {"- a\nb: c\n", "m.yaml:2:1: the file holds more than one YAML document [several-documents]"},
      {"name: other\noperations: []\n",
       "m.yaml:1:7: 'name' other than the file's name is not supported yet [not-supported]"},
      {"operations: []\nversion_schema: other\n",
       "m.yaml:2:17: 'version_schema' other than the file's name is not supported yet "
       "[not-supported]"},
  });
}

BOOST_AUTO_TEST_CASE(items_of_operations) {
  check({
      {"operations:\n  - drop_table\n",
       "m.yaml:2:5: an operation must be a mapping of its name to its keys [wrong-type]"},
      {"operations:\n  - {}\n",
       "m.yaml:2:5: an operation must be a mapping of its name to its keys [wrong-type]"},
      {"operations:\n  -\n",
       "m.yaml:2:3: an operation must be a mapping of its name to its keys [wrong-type]"},
      {"operations:\n  - drop_tabel: {name: a}\n",
       "m.yaml:2:5: unknown operation 'drop_tabel', did you mean 'drop_table'? "
       "[unknown-operation]"},
      {"operations:\n  - create_constrant: {}\n",
       "m.yaml:2:5: unknown operation 'create_constrant', did you mean 'create_constraint'? "
       "[unknown-operation]"},
      {"operations:\n  - explode: {}\n",
       "m.yaml:2:5: unknown operation 'explode' [unknown-operation]"},
      {"operations:\n  - drop_table: {name: a}\n    drop_index: {name: b}\n",
       "m.yaml:3:5: an item of 'operations' has one key, this one has 'drop_table' and "
       "'drop_index' [several-operations]"},
      {"operations:\n  - drop_table:\n",
       "m.yaml:2:5: drop_table must be a mapping, found nothing [wrong-type]"},
      {"operations:\n  - drop_table: a\n",
       "m.yaml:2:17: drop_table must be a mapping, found 'a' [wrong-type]"},
  });
  BOOST_TEST(hint("operations:\n  - drop_table:\n    name: a\n") ==
             "indent what belongs to 'drop_table' further than its name");
  BOOST_TEST(hint("operations:\n  - drop_table: {name: a}\n    drop_index: {}\n") ==
             "start each operation with its own '-'");
}

BOOST_AUTO_TEST_CASE(missing_keys) {
  const auto lacks = [](const std::string& operation, const std::string& key, int column) {
    return Case{operation, "m.yaml:1:" + std::to_string(column) + ": " +
                               operation.substr(0, operation.find(':')) + " lacks the key '" + key +
                               "' [missing-key]"};
  };
  check_operations({
      lacks("create_table: {columns: []}", "name", 29),
      lacks("create_table: {name: t}", "columns", 29),
      lacks("drop_table: {}", "name", 27),
      lacks("rename_table: {to: a}", "from", 29),
      lacks("rename_table: {from: a}", "to", 29),
      lacks("add_column: {table: t}", "column", 27),
      lacks("add_column: {column: {name: a, type: int}}", "table", 27),
      lacks("drop_column: {table: t}", "column", 28),
      lacks("drop_column: {column: c}", "table", 28),
      lacks("rename_column: {from: a, to: b}", "table", 30),
      lacks("rename_column: {table: t, to: b}", "from", 30),
      lacks("rename_column: {table: t, from: b}", "to", 30),
      lacks("alter_column: {column: c, nullable: true}", "table", 29),
      lacks("alter_column: {table: c, nullable: true}", "column", 29),
      lacks("create_index: {name: i, columns: [a]}", "table", 29),
      lacks("create_index: {table: t, columns: [a]}", "name", 29),
      lacks("create_index: {table: t, name: i}", "columns", 29),
      lacks("drop_index: {}", "name", 27),
      lacks("sql: {down: a}", "up", 20),
  });
  check_operations({
      {"alter_column: {table: t, column: c, up: a, down: b}",
       "m.yaml:1:29: alter_column says nothing to alter [missing-key]"},
      {"add_column: {table: t, column: {type: int}}",
       "m.yaml:1:46: add_column.column lacks the key 'name' [missing-key]"},
      {"create_table: {name: t, columns: [{name: a}]}",
       "m.yaml:1:49: create_table.columns lacks the key 'type' [missing-key]"},
      {"alter_column: {table: t, column: c, unique: {}}",
       "m.yaml:1:59: alter_column.unique lacks the key 'name' [missing-key]"},
      {"alter_column: {table: t, column: c, check: {name: k}}",
       "m.yaml:1:58: alter_column.check lacks the key 'constraint' [missing-key]"},
      {"alter_column: {table: t, column: c, references: {name: f, table: r}}",
       "m.yaml:1:63: alter_column.references lacks the key 'column' [missing-key]"},
      {"create_index: {table: t, name: i, columns: [{sort: ASC}]}",
       "m.yaml:1:59: create_index.columns lacks the key 'column' [missing-key]"},
      {"create_index: {table: t, name: i, columns: [{column: a, opclass: {params: [x]}}]}",
       "m.yaml:1:80: create_index.columns.opclass lacks the key 'name' [missing-key]"},
      {"create_table: {name: t, columns: [{name: a, type: int, generated: {}}]}",
       "m.yaml:1:81: create_table.columns.generated lacks the key 'expression' or 'identity' "
       "[missing-key]"},
  });
}

BOOST_AUTO_TEST_CASE(misspelt_keys_and_values) {
  check_operations({
      {"add_column: {table: t, colunm: {}}",
       "m.yaml:1:38: unknown key 'colunm' in add_column, did you mean 'column'? [unknown-key]"},
      {"add_column: {table: t, column: {name: a, type: int, nulable: true}}",
       "m.yaml:1:67: unknown key 'nulable' in add_column.column, did you mean 'nullable'? "
       "[unknown-key]"},
      {"alter_column: {table: t, column: c, name: d}",
       "m.yaml:1:51: unknown key 'name' in alter_column [unknown-key]"},
      {"sql: {up: a, oncomplete: true}",
       "m.yaml:1:28: unknown key 'oncomplete' in sql, did you mean 'onComplete'? [unknown-key]"},
      {"create_index: {table: t, name: i, columns: [a], method: btre}",
       "m.yaml:1:71: unknown value 'btre' for create_index.method, did you mean 'btree'? "
       "[unknown-value]"},
      {"create_index: {table: t, name: i, columns: [{column: a, sort: desc}]}",
       "m.yaml:1:77: unknown value 'desc' for create_index.columns.sort, did you mean 'DESC'? "
       "[unknown-value]"},
      {"create_index: {table: t, name: i, columns: {a: {nulls: MIDDLE}}}",
       "m.yaml:1:70: unknown value 'MIDDLE' for create_index.columns.a.nulls [unknown-value]"},
      {"alter_column: {table: t, column: c, references: {name: f, table: r, column: x, "
       "on_delete: cascade}}",
       "m.yaml:1:105: unknown value 'cascade' for alter_column.references.on_delete, did you mean "
       "'CASCADE'? [unknown-value]"},
      {"alter_column: {table: t, column: c, references: {name: f, table: r, column: x, "
       "match_type: FUL}}",
       "m.yaml:1:106: unknown value 'FUL' for alter_column.references.match_type, did you mean "
       "'FULL'? [unknown-value]"},
      {"create_table: {name: t, columns: [], constraints: [{name: c, type: uniqe}]}",
       "m.yaml:1:82: unknown value 'uniqe' for create_table.constraints.type, did you mean "
       "'unique'? [unknown-value]"},
      {"create_table: {name: t, columns: [{name: a, type: int, generated: {identity: "
       "{user_specified_values: NEVER}}}]}",
       "m.yaml:1:116: unknown value 'NEVER' for "
       "create_table.columns.generated.identity.user_specified_values [unknown-value]"},
  });
  BOOST_TEST(hint(in_document("drop_column: {table: t, colum: c}")) ==
             "known keys: table, column, down");
  BOOST_TEST(
      hint(in_document("create_index: {table: t, name: i, columns: [{column: a, sort: x}]}")) ==
      "known values: ASC, DESC");
  const std::string long_key(500, 'k');
  BOOST_TEST(refusal(long_key + ": 1\n") == "m.yaml:1:1: unknown key '" + std::string(60, 'k') +
                                                "…' in the document [unknown-key]");
}

BOOST_AUTO_TEST_CASE(wrong_types) {
  check_operations({
      {"drop_table: {name: [a]}",
       "m.yaml:1:34: drop_table.name must be a name, found a list [wrong-type]"},
      {"drop_table: {name: {a: b}}",
       "m.yaml:1:34: drop_table.name must be a name, found a mapping [wrong-type]"},
      {"drop_table: {name: null}",
       "m.yaml:1:28: drop_table.name must be a name, found nothing [wrong-type]"},
      {"drop_table: {name: true}",
       "m.yaml:1:34: drop_table.name must be a name, found 'true' [wrong-type]"},
      {"sql: {up: [a, b]}", "m.yaml:1:25: sql.up must be SQL, found a list [wrong-type]"},
      {"sql: {up: a, onComplete: yes}",
       "m.yaml:1:40: sql.onComplete must be true or false, found 'yes' [wrong-type]"},
      {"sql: {up: a, onComplete: 1}",
       "m.yaml:1:40: sql.onComplete must be true or false, found '1' [wrong-type]"},
      {"sql: {up: a, onComplete: 'true'}",
       "m.yaml:1:41: sql.onComplete must be true or false, found the text 'true' [wrong-type]"},
      {"create_table: {name: t, columns: {a: b}}",
       "m.yaml:1:48: create_table.columns must be a list, found a mapping [wrong-type]"},
      {"create_table: {name: t, columns: [a]}",
       "m.yaml:1:49: create_table.columns must be a mapping, found 'a' [wrong-type]"},
      {"create_table: {name: t, columns: [], comment: [a]}",
       "m.yaml:1:61: create_table.comment must be text, found a list [wrong-type]"},
      {"create_table: {name: t, columns: [{name: a, type: int, default: null}]}",
       "m.yaml:1:70: create_table.columns.default must be SQL, found nothing [wrong-type]"},
      {"alter_column: {table: t, column: c, unique: true}",
       "m.yaml:1:59: alter_column.unique must be a mapping, found 'true' [wrong-type]"},
      {"create_index: {table: t, name: i, columns: a}",
       "m.yaml:1:58: create_index.columns must be a list, found 'a' [wrong-type]"},
      {"create_index: {table: t, name: i, columns: [[a]]}",
       "m.yaml:1:59: create_index.columns must be a name, found a list [wrong-type]"},
      {"create_index: {table: t, name: i, columns: [a], include: b}",
       "m.yaml:1:72: create_index.include must be a list of names, found 'b' [wrong-type]"},
  });
  for (const std::string word : {"yes", "No", "ON", "off"}) {
    BOOST_TEST(hint(in_document("sql: {up: a, onComplete: " + word + "}")) ==
               "yes, no, on and off are not booleans here");
  }
  BOOST_TEST(hint(in_document("sql: {up: a, onComplete: True}")) ==
             "write true or false, in lower case and without quotes");
}

BOOST_AUTO_TEST_CASE(empty_and_too_long) {
  const std::string name(64, 'n');
  check_operations({
      {"drop_table: {name: ''}", "m.yaml:1:35: drop_table.name is empty [empty-name]"},
      {"drop_table: {name: " + name + "}",
       "m.yaml:1:34: drop_table.name has 64 bytes, a PostgreSQL name has at most 63 "
       "[name-too-long]"},
      {"create_index: {table: t, name: i, columns: {" + name + ": {}}}",
       "m.yaml:1:59: create_index.columns has 64 bytes, a PostgreSQL name has at most 63 "
       "[name-too-long]"},
      {"drop_table: {name: " + std::string(62, 'n') + "é}",
       "m.yaml:1:34: drop_table.name has 64 bytes, a PostgreSQL name has at most 63 "
       "[name-too-long]"},
      {"sql: {up: ''}", "m.yaml:1:26: sql.up is empty [empty-text]"},
      {"sql: {up: '  '}", "m.yaml:1:26: sql.up is empty [empty-text]"},
      {"add_column: {table: t, column: {name: a, type: ''}}",
       "m.yaml:1:63: add_column.column.type is empty [empty-text]"},
      {"add_column: {table: t, column: {name: a, type: int, default: ''}}",
       "m.yaml:1:77: add_column.column.default is empty [empty-text]"},
      {"create_index: {table: t, name: i, columns: []}",
       "m.yaml:1:58: create_index.columns lists no column [empty-list]"},
      {"create_table: {name: t, columns: [], constraints: [{name: u, type: unique, columns: []}]}",
       "m.yaml:1:99: create_table.constraints.columns lists no name [empty-list]"},
      {"drop_column: {table: t, column: c, down: '" + std::string(16385, 'x') + "'}",
       "m.yaml:1:57: drop_column.down has 16385 bytes, an expression may have 16384 (16 KiB) "
       "[expression-too-long]"},
      {"drop_column: {table: t, column: c, down: '" + std::string(16384, 'x') + "'}", "accepted"},
      {"sql: {up: '" + std::string(100000, 'x') + "'}", "accepted"},
  });
}

BOOST_AUTO_TEST_CASE(keys_that_exclude_each_other) {
  check_operations({
      {"sql: {up: a, down: b, onComplete: true}",
       "m.yaml:1:28: 'down' of sql cannot stand next to 'onComplete': what runs at completion is "
       "not undone [conflicting-keys]"},
      {"create_table: {name: t, columns: [{name: a, type: int, generated: {expression: x, "
       "identity: {}}}]}",
       "m.yaml:1:97: 'identity' of create_table.columns.generated cannot stand next to "
       "'expression' [conflicting-keys]"},
      {"create_index: {table: t, name: i, columns: [{expression: x, column: a}]}",
       "m.yaml:1:75: 'column' of create_index.columns cannot stand next to 'expression' "
       "[conflicting-keys]"},
  });
}

BOOST_AUTO_TEST_CASE(keys_that_do_not_go_with_a_constraint_type) {
  const auto constraint = [](const std::string& keys) {
    return in_document("create_table: {name: t, columns: [], constraints: [{name: c, " + keys +
                       "}]}");
  };
  const auto forbidden = [](int column, const std::string& key, const std::string& type) {
    return "m.yaml:1:" + std::to_string(column) + ": '" + key +
           "' of create_table.constraints does not go with a constraint of type " + type +
           " [conflicting-keys]";
  };
  const auto lacking = [](const std::string& key) {
    return "m.yaml:1:66: create_table.constraints lacks the key '" + key + "' [missing-key]";
  };
  check({
      {constraint("type: unique, columns: [a], check: a > 0"), forbidden(104, "check", "unique")},
      {constraint("type: unique, columns: [a], no_inherit: true"),
       forbidden(104, "no_inherit", "unique")},
      {constraint("type: check, check: a, deferrable: true"), forbidden(99, "deferrable", "check")},
      {constraint("type: check, check: a, index_parameters: {tablespace: x}"),
       forbidden(99, "index_parameters", "check")},
      {constraint("type: primary_key, columns: [a], nulls_not_distinct: true"),
       forbidden(109, "nulls_not_distinct", "primary_key")},
      {constraint("type: foreign_key, columns: [a], check: b"),
       forbidden(109, "check", "foreign_key")},
      {constraint("type: exclude, exclude: {}, columns: [a]"),
       forbidden(104, "columns", "exclude")},
      {constraint("type: unique"), lacking("columns")},
      {constraint("type: primary_key"), lacking("columns")},
      {constraint("type: check"), lacking("check")},
      {constraint("type: foreign_key, columns: [a]"), lacking("references")},
      {constraint("type: exclude"), lacking("exclude")},
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::migration
