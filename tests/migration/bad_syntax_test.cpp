// Texts that are no document at all: broken YAML, broken JSON, bytes that are no text.
#define BOOST_TEST_DYN_LINK
#include "refusals.hpp"

namespace pgstrata::migration {

BOOST_AUTO_TEST_SUITE(bad_syntax)

BOOST_AUTO_TEST_CASE(yaml_syntax) {
  check({
      {"operations:\n\t- drop_table: {name: a}\n",
       "m.yaml:2:1: a tab is used as indentation, which YAML does not allow [tab-indentation]"},
      {"operations:\n  - drop_table:\n  \tname: a\n",
       "m.yaml:3:3: a tab is used as indentation, which YAML does not allow [tab-indentation]"},
      {"operations:\n  - drop_table: {name: 'a}\n",
       "m.yaml:3:1: the file ends inside a quoted text [yaml-syntax]"},
      {"operations:\n  - drop_table: {name: \"a}",
       "m.yaml:2:27: the file ends inside a quoted text [yaml-syntax]"},
      {"operations:\n  - sql: {up: [a}\n",
       "m.yaml:2:17: this is not valid YAML: illegal flow end [yaml-syntax]"},
      {"operations:\n  - sql:\n      up: a: b\n",
       "m.yaml:3:12: this is not valid YAML: illegal map value [yaml-syntax]"},
      {"operations:\n  - sql:\n      up: @a\n",
       "m.yaml:3:11: this is not valid YAML: unknown token [yaml-syntax]"},
      {"operations:\n  - sql:\n      up: *a\n",
       "m.yaml:3:11: this is not valid YAML: the referenced anchor is not defined [yaml-syntax]"},
      {"operations:\n  - sql:\n      up: !x y\n",
       "m.yaml:3:11: the YAML tag '!x' has no meaning here [yaml-tag]"},
      {"operations: !set []\n", "m.yaml:1:13: the YAML tag '!set' has no meaning here [yaml-tag]"},
      {"operations:\n  - drop_table: {name: a, name: b}\n",
       "m.yaml:2:27: the key 'name' stands here twice, first in line 2 [duplicate-key]"},
      {"operations: []\n\noperations: []\n",
       "m.yaml:3:1: the key 'operations' stands here twice, first in line 1 [duplicate-key]"},
      {"? [a]\n: b\n", "m.yaml:1:3: a key must be text [wrong-type]"},
      {"? {a: b}\n: c\n", "m.yaml:1:3: a key must be text [wrong-type]"},
      {"~: c\n", "m.yaml:1:1: a key must be text [wrong-type]"},
      {"operations:\n  - sql:\n      up: doc #>> '{a}'\n",
       "m.yaml:3:11: sql.up ends before '#', where YAML begins a comment [cut-by-comment]"},
      {"operations:\n  - sql:\n      up: doc # read the document\n", "accepted"},
  });
}

BOOST_AUTO_TEST_CASE(json_syntax) {
  check(
      {
          {"", "m.json:1:1: the document is empty [empty-document]"},
          {" \n", "m.json:1:1: the document is empty [empty-document]"},
          {"null", "m.json:1:1: the document is empty [empty-document]"},
          {"[]", "m.json:1:1: the document must be a mapping, found a list [wrong-type]"},
          {"\"a\"", "m.json:1:2: the document must be a mapping, found the text 'a' [wrong-type]"},
          {"{\"operations\":\n  5}",
           "m.json:2:3: operations must be a list, found '5' [wrong-type]"},
          {"{\"operations\": []",
           "m.json:1:18: this is not valid JSON: syntax error while parsing "
           "object - unexpected end of input; expected '}' [json-syntax]"},
          {"{\"operations\": [],}",
           "m.json:1:19: this is not valid JSON: syntax error while parsing object key - "
           "unexpected '}'; expected string literal [json-syntax]"},
          {"{\"operations\":\n [\"a}",
           "m.json:2:6: this is not valid JSON: syntax error while parsing value - invalid string: "
           "missing closing quote [json-syntax]"},
          {"{\"operations\": []}\n{}",
           "m.json:2:1: this is not valid JSON: syntax error while parsing value - unexpected '{'; "
           "expected end of input [json-syntax]"},
          {"{\"operations\": [\n {\"drop_table\": {\"name\": \"a\",\n \"name\": \"b\"}}]}",
           "m.json:3:3: the key 'name' stands here twice, first in line 2 [duplicate-key]"},
          {"{\"operations\": [{\"drop_table\": {\"name\": null}}]}",
           "m.json:1:34: drop_table.name must be a name, found nothing [wrong-type]"},
          {"{\"operations\": [{\"sql\": {\"up\": \"a\", \"onComplete\": \"true\"}}]}",
           "m.json:1:52: sql.onComplete must be true or false, found the text 'true' [wrong-type]"},
          {"{\"operations\": [{\"drop_table\": {\"<<\": {}}}]}",
           "m.json:1:34: unknown key '<<' in drop_table [unknown-key]"},
          {"{\"operations\": [{\"drop_table\": {\"name\": \"a\\u0000b\"}}]}",
           "m.json:1:42: the text holds a NUL character, which PostgreSQL cannot store "
           "[control-character]"},
      },
      "m.json");
}

BOOST_AUTO_TEST_CASE(bytes) {
  using namespace std::string_literals;
  for (const std::string file : {"m.yaml", "m.json"}) {
    const auto at = [&](const std::string& rest) { return file + ":" + rest; };
    check(
        {
            {"operations:\n  \xFF", at("2:3: the byte 0xFF is not UTF-8 [invalid-utf8]")},
            {"é\xC3", at("1:2: the byte 0xC3 is not UTF-8 [invalid-utf8]")},
            {"\xC0\x80", at("1:1: the byte 0xC0 is not UTF-8 [invalid-utf8]")},      // overlong NUL
            {"\xED\xA0\x80", at("1:1: the byte 0xED is not UTF-8 [invalid-utf8]")},  // surrogate
            {"\xF4\x90\x80\x80", at("1:1: the byte 0xF4 is not UTF-8 [invalid-utf8]")},
            {"a\0b"s, at("1:2: the file holds the control character U+0000 [control-character]")},
            {"a\x04z", at("1:2: the file holds the control character U+0004 [control-character]")},
        },
        file);
  }
  BOOST_TEST(refusal("operations:\n  - drop_table: {name: \"a\\0\"}\n") ==
             "m.yaml:2:25: the text holds a NUL character, which PostgreSQL cannot store "
             "[control-character]");
}
BOOST_AUTO_TEST_SUITE_END()

}  // namespace pgstrata::migration
