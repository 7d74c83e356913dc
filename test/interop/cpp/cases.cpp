// The table of ../cases.ts in C++: for each method, the values by the name of their case.
#include <cmath>
#include <limits>

#include "parts_constants.h"
#include "values.h"

using namespace cross;
using parts::Color;
using parts::Point;
using std::map;
using std::set;
using std::string;
using std::vector;

std::map<string, std::any> values;
std::map<string, Echo> echoes;

bool parts::Point::operator<(const Point& other) const { return x < other.x || (x == other.x && y < other.y); }

namespace {

template <class T>
using named = map<string, T>;

// Methods that answer a plain value.
template <class T>
void of(const string& method, T (CrossIf::*call)(const string&, const T), const named<T>& table) {
  for (const auto& [name, value] : table) {
    values[method + " " + name] = value;
    echoes[method + " " + name] = [call, name = name, value = value](CrossIf& on) {
      expect((on.*call)(name, value), value);
    };
  }
}

// Methods that fill in what they answer.
template <class T>
void of(const string& method, void (CrossIf::*call)(T&, const string&, const T&), const named<T>& table) {
  for (const auto& [name, value] : table) {
    values[method + " " + name] = value;
    if (method + name == "evolvenarrow") continue;  // another client makes this call
    echoes[method + " " + name] = [call, name = name, value = value](CrossIf& on) {
      T got;
      (on.*call)(got, name, value);
      expect(got, value);
    };
  }
}

template <class T, class Fill>
T made(Fill fill) {
  T value;
  fill(value);
  return value;
}

Point point(int32_t x, int32_t y) {
  return made<Point>([&](Point& p) { p.x = x, p.y = y; });
}
Tree leaf(int32_t value) {
  return made<Tree>([&](Tree& t) { t.value = value; });
}
Tree deepTree(int32_t depth) {
  Tree deep = leaf(0);
  for (int32_t value = 1; value < depth; value++) {
    Tree next = leaf(value);
    next.kids.push_back(deep);
    deep = next;
  }
  return deep;
}
Chain chain(int32_t length) {
  Chain whole;
  for (int32_t value = 1; value < length; value++) {
    Chain next;
    next.value = value;
    next.__set_rest(std::make_shared<Chain>(whole));
    whole = next;
  }
  return whole;
}
template <class T, class At>
vector<T> list(int length, At at) {
  vector<T> all;
  for (int i = 0; i < length; i++) all.push_back(at(i));
  return all;
}
string repeated(const string& text, int times) {
  string all;
  for (int i = 0; i < times; i++) all += text;
  return all;
}
template <size_t N>
string bytes(const char (&literal)[N]) {
  return string(literal, N - 1);
}

const int64_t LEAST = std::numeric_limits<int64_t>::min();
const int64_t& MOST = parts::g_parts_constants.MOST;

Tree smallTree() {
  Tree three = leaf(3);
  three.kids = {leaf(4)};
  three.named = {{"five", leaf(5)}};
  Tree tree = leaf(1);
  tree.kids = {leaf(2), three};
  tree.named = {{"", leaf(-6)}};
  return tree;
}

named<Everything> everythings() {
  Everything all;
  all.yes = true, all.no = false;
  all.tiny = -128, all.small = -32768, all.medium = std::numeric_limits<int32_t>::min(), all.large = LEAST;
  all.real = -2.5, all.text = "Grüße, 世界 😀", all.bytes = bytes("\0\xff\x80");
  all.color = Color::BLUE, all.cents = 9007199254740993;
  all.point = point(1, -1), all.words = {"a", "", "c"}, all.numbers = {3, -1, 2};
  all.named = {{"a", point(1, 2)}, {"b", point(3, 4)}}, all.route = {point(5, 6)};
  all.flags = {true, false, true}, all.colors = {{-7, {Color::RED, Color::BELOW}}, {7, {}}};
  Everything nothing;
  nothing.color = Color::RED;
  return {{"everything", all}, {"nothing", nothing}};
}

named<Either> eithers() {
  return {
      {"text", made<Either>([](Either& e) { e.__set_text("x"); })},
      {"number", made<Either>([](Either& e) { e.__set_number(MOST); })},
      {"tree", made<Either>([](Either& e) { e.__set_tree(smallTree()); })},
      {"numbers", made<Either>([](Either& e) { e.__set_numbers({1, 2}); })},
      {"color", made<Either>([](Either& e) { e.__set_color(Color::LAST); })},
      {"flag", made<Either>([](Either& e) { e.__set_flag(false); })},
      {"bytes", made<Either>([](Either& e) { e.__set_bytes(bytes("\1\0")); })},
      {"reals", made<Either>([](Either& e) { e.__set_reals({{"half", 0.5}}); })},
  };
}

named<Defaults> defaults() {
  Defaults changed;
  changed.number = 0, changed.text = "", changed.yes = false, changed.real = 0, changed.color = Color::RED;
  changed.numbers = {}, changed.named = {}, changed.point = point(0, 0), changed.most = 0;
  return {{"untouched", Defaults()}, {"changed", changed}};
}

named<Wide> wides() {
  Wide wide;
  wide.title = "wide", wide.count = 5, wide.real = 2.5, wide.points = {point(1, 2)}, wide.named = {{"a", 1}};
  wide.tree = smallTree(), wide.numbers = {-1, 1}, wide.bytes = bytes("\1\2"), wide.flag = true;
  wide.flags = {{{true, {false, true}}}, {}};
  // What is left of a Narrow that came.
  return {{"wide", wide}, {"narrow", made<Wide>([](Wide& w) { w.count = 5; })}};
}

void plainValues() {
  of<bool>("echoBool", &CrossIf::echoBool, {{"yes", true}, {"no", false}});
  of<int8_t>("echoI8", &CrossIf::echoI8, {{"zero", 0}, {"most", 127}, {"least", -128}, {"minus one", -1}});
  of<int16_t>("echoI16", &CrossIf::echoI16, {{"most", 32767}, {"least", -32768}});
  of<int32_t>("echoI32", &CrossIf::echoI32,
              {{"most", 2147483647}, {"least", std::numeric_limits<int32_t>::min()}, {"minus one", -1}});
  of<int64_t>("echoI64", &CrossIf::echoI64,
              {{"most", MOST}, {"least", LEAST}, {"beyond doubles", 9007199254740993}, {"minus one", -1}});
  of<double>("echoDouble", &CrossIf::echoDouble,
             {{"zero", 0.0},
              {"minus zero", -0.0},
              {"pi", M_PI},
              {"most", std::numeric_limits<double>::max()},
              {"tiny", std::numeric_limits<double>::denorm_min()},
              {"infinity", INFINITY},
              {"minus infinity", -INFINITY},
              {"not a number", std::numeric_limits<double>::quiet_NaN()}});
  of<string>("echoString", &CrossIf::echoString,
             {{"empty", ""},
              {"plain", "hello"},
              {"nul", bytes("a\0b")},
              {"emoji", u8"👩\u200d👩\u200d👧 😀"},
              {"right to left", u8"\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"},
              {"combining", u8"e\u0301 a\u0308\u0323"},
              {"four bytes", u8"𝒳𠜎\U0010ffff"},
              {"escapes", "\"\\/\b\f\n\r\t\001\177'"},
              {"separators", u8"\u2028\u2029\ufeff\u00a0"},
              {"beside surrogates", u8"\ud7ff\ue000\uffff"},
              {"like JSON", "{\"1\":{\"i32\":1}}],["},
              {"large", repeated("0123456789abcdef", 1 << 16)},
              {"large and wide", repeated("é世😀", 20000)}});
  string every, large;
  for (int i = 0; i < 256; i++) every += static_cast<char>(i);
  for (int i = 0; i < 1 << 20; i++) large += static_cast<char>(i * 7);
  of<string>("echoBinary", &CrossIf::echoBinary,
             {{"empty", ""},
              {"one byte", "\xff"},
              {"two bytes", "\xfb\xf0"},
              {"three bytes", bytes("\0\0\0")},
              {"every byte", every},
              {"large", large}});
  of<Color::type>("echoColor", &CrossIf::echoColor,
                  {{"red", Color::RED},
                   {"last", Color::LAST},
                   {"below", Color::BELOW},
                   {"unknown", static_cast<Color::type>(99)}});
  of<parts::Cents>("echoCents", &CrossIf::echoCents, {{"typedef", -250}, {"constant", MOST}});
}

void listsAndSets() {
  of<vector<bool>>("echoBools", &CrossIf::echoBools,
                   {{"empty", {}}, {"mixed", {true, false, true}}, {"twenty", list<bool>(20, [](int i) { return i % 3 == 0; })}});
  of<vector<int8_t>>("echoI8s", &CrossIf::echoI8s, {{"three", {-128, 0, 127}}});
  auto itself = [](int i) { return i; };
  of<vector<int32_t>>("echoI32s", &CrossIf::echoI32s,
                      {{"fourteen", list<int32_t>(14, itself)},
                       {"fifteen", list<int32_t>(15, itself)},
                       {"ten thousand", list<int32_t>(10000, [](int i) { return i * i - 5000; })}});
  of<vector<int64_t>>("echoI64s", &CrossIf::echoI64s, {{"extremes", {LEAST, 0, MOST}}});
  of<vector<double>>("echoDoubles", &CrossIf::echoDoubles, {{"odd", {0.5, -1.5, INFINITY, 1e-300}}});
  of<vector<string>>("echoStrings", &CrossIf::echoStrings, {{"odd", {"", "ü", bytes("\0"), "😀"}}});
  of<vector<string>>("echoBinaries", &CrossIf::echoBinaries, {{"odd", {"", bytes("\0\xff"), "\xc3"}}});
  of<vector<Color::type>>("echoColors", &CrossIf::echoColors,
                          {{"all", {Color::RED, Color::GREEN, Color::BLUE, Color::LAST, Color::BELOW}}});
  of<parts::Route>("echoRoute", &CrossIf::echoRoute,
                   {{"empty", {}}, {"three", {point(0, 0), point(-1, 1), parts::g_parts_constants.CORNER}}});
  of<vector<vector<vector<int32_t>>>>("echoCube", &CrossIf::echoCube, {{"ragged", {{{1, 2}, {}}, {}, {{3}}}}});
  of<set<bool>>("echoBoolSet", &CrossIf::echoBoolSet, {{"both", {true, false}}});
  of<set<int64_t>>("echoI64Set", &CrossIf::echoI64Set, {{"empty", {}}, {"extremes", {LEAST, 0, MOST}}});
  of<set<string>>("echoStringSet", &CrossIf::echoStringSet, {{"odd", {"", "a", "é", "😀"}}});
  of<set<string>>("echoBinarySet", &CrossIf::echoBinarySet, {{"two", {"\1\xff", ""}}});
  of<set<Point>>("echoPointSet", &CrossIf::echoPointSet, {{"two", {point(1, 2), point(2, 1)}}});
  of<set<vector<int32_t>>>("echoListSet", &CrossIf::echoListSet, {{"two", {{1, 2}, {2, 1}}}});
}

void maps() {
  of<map<string, string>>("echoStringMap", &CrossIf::echoStringMap,
                          {{"empty", {}},
                           {"constant", parts::g_parts_constants.WORDS},
                           {"names of JavaScript", {{"__proto__", "a"}, {"constructor", "b"}, {"10", "c"}, {"9", "d"}}}});
  of<map<int8_t, int16_t>>("echoI8Map", &CrossIf::echoI8Map, {{"extremes", {{-128, 32767}, {127, -32768}}}});
  of<map<int64_t, int64_t>>("echoI64Map", &CrossIf::echoI64Map,
                            {{"extremes", {{LEAST, MOST}, {MOST, LEAST}, {9007199254740993, 0}}}});
  of<map<bool, bool>>("echoBoolMap", &CrossIf::echoBoolMap, {{"both", {{true, false}, {false, true}}}});
  of<map<double, string>>("echoDoubleMap", &CrossIf::echoDoubleMap, {{"two", {{0.1, "a"}, {-1e300, "b"}}}});
  of<map<string, string>>("echoBinaryMap", &CrossIf::echoBinaryMap, {{"two", {{bytes("\xff\0"), "a"}, {"", "b"}}}});
  of<map<Color::type, int32_t>>("echoColorMap", &CrossIf::echoColorMap, {{"two", {{Color::BELOW, 1}, {Color::LAST, 2}}}});
  of<map<Point, string>>("echoPointMap", &CrossIf::echoPointMap, {{"two", {{point(1, 2), "a"}, {point(2, 1), "b"}}}});
  using ListMap = map<string, vector<map<int32_t, Point>>>;
  of<ListMap>("echoListMap", &CrossIf::echoListMap, {{"one", {{"a", {{{1, point(1, 2)}}, {}}}}}});
  using Nested = map<int32_t, map<string, vector<set<int64_t>>>>;
  Nested nested = {{-1, {{"a", {{1, 2}, {}}}}}, {1, {}}};
  of<Nested>("echoNested", &CrossIf::echoNested, {{"two", nested}});
}

void structs() {
  of<Empty>("echoEmpty", &CrossIf::echoEmpty, {{"empty", Empty()}});
  of<Everything>("echoEverything", &CrossIf::echoEverything, everythings());
  Needs all;
  all.must = "a", all.usual = 1, all.__set_maybe(LEAST), all.__set_perhaps(false), all.__set_some({});
  of<Needs>("echoNeeds", &CrossIf::echoNeeds, {{"all there", all}, {"optional absent", Needs()}});
  of<Defaults>("echoDefaults", &CrossIf::echoDefaults, defaults());
  Sparse sparse;
  sparse.far = 40, sparse.first = 1, sparse.middle = 16, sparse.second = true, sparse.last = "z", sparse.third = false;
  of<Sparse>("echoSparse", &CrossIf::echoSparse, {{"all", sparse}});
  of<Tree>("echoTree", &CrossIf::echoTree, {{"small", smallTree()}, {"deep", deepTree(50)}});
  of<Chain>("echoChain", &CrossIf::echoChain, {{"one", chain(1)}, {"deep", chain(50)}});
  of<Either>("echoEither", &CrossIf::echoEither, eithers());
  vector<Either> every;
  for (const char* name : {"text", "number", "tree", "numbers", "color", "flag", "bytes", "reals"})
    every.push_back(eithers()[name]);
  of<vector<Either>>("echoEithers", &CrossIf::echoEithers, {{"all", every}});
  of<Wide>("evolve", &CrossIf::evolve, wides());
}

}  // namespace

void fillTable() {
  plainValues();
  listsAndSets();
  maps();
  structs();
}
