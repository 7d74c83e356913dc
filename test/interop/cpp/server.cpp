// As a server: each combination on a port of its own, until stdin ends.
#include <chrono>
#include <mutex>
#include <thread>

#include <thrift/processor/TMultiplexedProcessor.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/THttpServer.h>
#include <thrift/transport/TServerSocket.h>

#include "Second.h"
#include "peer.h"
#include "values.h"

using namespace apache::thrift;
using namespace apache::thrift::protocol;
using namespace apache::thrift::server;
using namespace apache::thrift::transport;
using std::make_shared;
using std::shared_ptr;
using std::string;

namespace {

parts::Mismatch mismatch(const string& about, const string& got) {
  parts::Mismatch wrong;
  wrong.about = about;
  wrong.got = got;
  return wrong;
}

// Answers its own value of a case, and only if what came is the same value.
template <class T>
T answer(const string& about, const T& got) {
  auto found = values.find(about);
  const T* wanted = found == values.end() ? nullptr : std::any_cast<T>(&found->second);
  if (wanted == nullptr || !isSame(got, *wanted)) throw mismatch(about, show(got));
  return *wanted;
}

// The type comes last: it may have commas.
#define ECHO_PLAIN(method, type) \
  type method(const string& name, const type value) override { return answer<type>(string(#method " ") + name, value); }
#define ECHO(method, ...)                                                                     \
  void method(__VA_ARGS__& answered, const string& name, const __VA_ARGS__& value) override { \
    answered = answer<__VA_ARGS__>(string(#method " ") + name, value);                        \
  }

class CrossHandler : public cross::CrossIf {
 public:
  ECHO_PLAIN(echoBool, bool)
  ECHO_PLAIN(echoI8, int8_t)
  ECHO_PLAIN(echoI16, int16_t)
  ECHO_PLAIN(echoI32, int32_t)
  ECHO_PLAIN(echoI64, int64_t)
  ECHO_PLAIN(echoDouble, double)
  ECHO(echoString, std::string)
  ECHO(echoBinary, std::string)
  ECHO_PLAIN(echoColor, parts::Color::type)
  ECHO_PLAIN(echoCents, parts::Cents)
  ECHO(echoBools, std::vector<bool>)
  ECHO(echoI8s, std::vector<int8_t>)
  ECHO(echoI32s, std::vector<int32_t>)
  ECHO(echoI64s, std::vector<int64_t>)
  ECHO(echoDoubles, std::vector<double>)
  ECHO(echoStrings, std::vector<std::string>)
  ECHO(echoBinaries, std::vector<std::string>)
  ECHO(echoColors, std::vector<parts::Color::type>)
  ECHO(echoRoute, parts::Route)
  ECHO(echoCube, std::vector<std::vector<std::vector<int32_t>>>)
  ECHO(echoBoolSet, std::set<bool>)
  ECHO(echoI64Set, std::set<int64_t>)
  ECHO(echoStringSet, std::set<std::string>)
  ECHO(echoBinarySet, std::set<std::string>)
  ECHO(echoPointSet, std::set<parts::Point>)
  ECHO(echoListSet, std::set<std::vector<int32_t>>)
  ECHO(echoStringMap, std::map<std::string, std::string>)
  ECHO(echoI8Map, std::map<int8_t, int16_t>)
  ECHO(echoI64Map, std::map<int64_t, int64_t>)
  ECHO(echoBoolMap, std::map<bool, bool>)
  ECHO(echoDoubleMap, std::map<double, std::string>)
  ECHO(echoBinaryMap, std::map<std::string, std::string>)
  ECHO(echoColorMap, std::map<parts::Color::type, int32_t>)
  ECHO(echoPointMap, std::map<parts::Point, std::string>)
  ECHO(echoListMap, std::map<std::string, std::vector<std::map<int32_t,parts::Point>>>)
  ECHO(echoNested, std::map<int32_t, std::map<std::string, std::vector<std::set<int64_t>>>>)
  ECHO(echoEmpty, cross::Empty)
  ECHO(echoEverything, cross::Everything)
  ECHO(echoNeeds, cross::Needs)
  ECHO(echoDefaults, cross::Defaults)
  ECHO(echoSparse, cross::Sparse)
  ECHO(echoTree, cross::Tree)
  ECHO(echoChain, cross::Chain)
  ECHO(echoEither, cross::Either)
  ECHO(echoEithers, std::vector<cross::Either>)

  // Answers in full also who sent less.
  void evolve(cross::Wide& answered, const string& name, const cross::Wide& value) override {
    answer<cross::Wide>("evolve " + name, value);
    answered = std::any_cast<cross::Wide>(values["evolve wide"]);
  }
  void ping() override {}
  void whoami(string& answered) override { answered = "Cross"; }
  void fail(string& answered, const string& how) override {
    if (how == "plain") {
      parts::Plain plain;
      plain.text = "plain text";
      throw plain;
    }
    if (how == "detailed") {
      parts::Detailed detailed;
      detailed.code = -7;
      detailed.lines = {"a", "b"};
      detailed.at.x = 1;
      detailed.at.y = 2;
      throw detailed;
    }
    if (how == "undeclared") throw std::runtime_error("nobody declared this");
    answered = how;
  }
  void many(parts::Point& answered, const int32_t x, const int16_t y, const bool yes, const string& text,
            const parts::Color::type color, const std::vector<int8_t>& bytes) override {
    if (!yes || text != "many" || color != parts::Color::RED || bytes != std::vector<int8_t>{7})
      throw mismatch("many", text);
    answered.x = x;
    answered.y = y;
  }
  void note(const string& name) override {
    std::lock_guard<std::mutex> lock(mutex);
    notes[name]++;
  }
  int32_t noted(const string& name) override {
    std::lock_guard<std::mutex> lock(mutex);
    return notes[name];
  }

 private:
  std::mutex mutex;
  std::map<string, int32_t> notes;
};

class SecondHandler : public cross::SecondIf {
 public:
  void whoami(string& answered) override { answered = "Second"; }
};

shared_ptr<TProcessor> processorOf(const Combination& how) {
  auto one = make_shared<cross::CrossProcessor>(make_shared<CrossHandler>());
  if (!how.isMultiplexed) return one;
  auto both = make_shared<TMultiplexedProcessor>();
  both->registerProcessor("Cross", one);
  both->registerProcessor("Second", make_shared<cross::SecondProcessor>(make_shared<SecondHandler>()));
  return both;
}

shared_ptr<TTransportFactory> transportsOf(const Combination& how) {
  if (how.transport == "framed") return make_shared<TFramedTransportFactory>();
  if (how.transport == "http") return make_shared<THttpServerTransportFactory>();
  if (how.isHeader()) return make_shared<TTransportFactory>();
  return make_shared<TBufferedTransportFactory>();
}

int serve(const Combination& how) {
  auto socket = make_shared<TServerSocket>("127.0.0.1", 0);
  shared_ptr<TProtocolFactory> protocols = codecOf(how.codec);
  if (how.isHeader()) protocols = make_shared<THeaderProtocolFactory>();
  auto server = make_shared<TThreadedServer>(processorOf(how), socket, transportsOf(how), protocols);
  std::thread([server] { server->serve(); }).detach();
  while (socket->getPort() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return socket->getPort();
}

}  // namespace

void beServer(const std::vector<string>& combinations) {
  for (const string& text : combinations)
    std::cout << "{\"combination\":" << quoted(text) << ",\"port\":" << serve(Combination(text)) << "}" << std::endl;
  while (std::cin.get() != EOF) continue;
}
