// The one place that instantiates Boost.Test's runner; every test file only adds cases.
#define BOOST_TEST_DYN_LINK
#define BOOST_TEST_MODULE pgstrata
#include <boost/test/unit_test.hpp>
