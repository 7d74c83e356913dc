// As a client: makes every call of the table, prints a line of JSON for each.
#include <chrono>
#include <thread>

#include <thrift/TApplicationException.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/THttpClient.h>
#include <thrift/transport/TSocket.h>

#include "Older.h"
#include "Second.h"
#include "peer.h"
#include "values.h"

using namespace apache::thrift;
using namespace apache::thrift::protocol;
using namespace apache::thrift::transport;
using std::make_shared;
using std::shared_ptr;
using std::string;

namespace {

struct Connection {
  shared_ptr<TTransport> transport;
  shared_ptr<TProtocol> protocol;
  bool isMultiplexed;

  Connection(int port, const Combination& how) : isMultiplexed(how.isMultiplexed) {
    auto socket = make_shared<TSocket>("127.0.0.1", port);
    socket->setRecvTimeout(10000);
    if (how.isHeader()) {
      auto header = make_shared<THeaderProtocol>(
          socket, static_cast<uint16_t>(how.codec == "compact" ? T_COMPACT_PROTOCOL : T_BINARY_PROTOCOL));
      protocol = header;
      transport = header->getTransport();
    } else {
      if (how.transport == "http") transport = make_shared<THttpClient>(socket, "127.0.0.1", "/");
      else if (how.transport == "framed") transport = make_shared<TFramedTransport>(socket);
      else transport = make_shared<TBufferedTransport>(socket);
      protocol = codecOf(how.codec)->getProtocol(transport);
    }
    transport->open();
  }

  shared_ptr<TProtocol> written(const string& service) const {
    if (isMultiplexed) return make_shared<TMultiplexedProtocol>(protocol, service);
    return protocol;
  }
  cross::CrossClient cross() const { return cross::CrossClient(protocol, written("Cross")); }
  cross::OlderClient older() const { return cross::OlderClient(protocol, written("Cross")); }
};

using Run = std::function<void(Connection&)>;

void expectFailure(TApplicationException::TApplicationExceptionType kind, const std::function<void()>& call) {
  try {
    call();
  } catch (const TApplicationException& error) {
    return expect(static_cast<int>(error.getType()), static_cast<int>(kind));
  }
  throw Difference("no exception came");
}

void failPlain(Connection& c) {
  string got;
  try {
    c.cross().fail(got, "plain");
  } catch (const parts::Plain& error) {
    return expect(error.text, string("plain text"));
  }
  throw Difference("no exception came");
}

void failDetailed(Connection& c) {
  string got;
  try {
    c.cross().fail(got, "detailed");
  } catch (const parts::Detailed& error) {
    expect(error.code, -7);
    expect(error.lines, std::vector<string>{"a", "b"});
    return expect(error.at.x * 10 + error.at.y, 12);
  }
  throw Difference("no exception came");
}

void many(Connection& c) {
  parts::Point got;
  c.cross().many(got, -5, 7, true, "many", parts::Color::RED, {7});
  expect(got.x * 10 + got.y, -43);
}

void evolveNarrow(Connection& c) {
  cross::Either text, numbers;
  text.__set_text("x");
  numbers.__set_numbers({1});
  cross::Narrow sent, got, wanted;
  sent.count = wanted.count = 5;
  sent.real = "another type";
  sent.flag = -1;
  sent.__set_more({text, numbers});
  cross::Tree tree;
  tree.value = 1;
  c.older().evolve(got, "narrow", sent, {{"a", {tree}}});
  expect(got, wanted);
}

void note(Connection& c) {
  auto client = c.cross();
  string name = "cpp " + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  for (int i = 0; i < 3; i++) client.note(name);
  for (int i = 0; i < 100 && client.noted(name) != 3; i++) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  expect(client.noted(name), 3);
}

void seqid(Connection& c) {
  auto out = c.written("Cross");
  out->writeMessageBegin("whoami", T_CALL, -5);
  parts::Base_whoami_args().write(out.get());
  out->writeMessageEnd();
  c.transport->writeEnd();
  c.transport->flush();
  string name;
  TMessageType type;
  int32_t seqid;
  c.protocol->readMessageBegin(name, type, seqid);
  parts::Base_whoami_result result;
  result.read(c.protocol.get());
  c.protocol->readMessageEnd();
  c.transport->readEnd();
  expect(name + " " + std::to_string(type) + " " + std::to_string(seqid) + " " + result.success, string("whoami 2 -5 Cross"));
}

void expectText(const std::function<void(string&)>& call, const string& wanted) {
  string got;
  call(got);
  expect(got, wanted);
}

std::vector<std::pair<string, Run>> casesOf(const Combination& how) {
  std::vector<std::pair<string, Run>> all;
  for (const auto& [name, run] : echoes) {
    all.emplace_back(name, [run = run](Connection& c) {
      auto client = c.cross();
      run(client);
    });
  }
  all.emplace_back("ping", [](Connection& c) { c.cross().ping(); });
  all.emplace_back("whoami", [](Connection& c) { expectText([&](string& got) { c.cross().whoami(got); }, "Cross"); });
  all.emplace_back("many", many);
  all.emplace_back("fail plain", failPlain);
  all.emplace_back("fail detailed", failDetailed);
  all.emplace_back("fail none", [](Connection& c) { expectText([&](string& got) { c.cross().fail(got, "none"); }, "none"); });
  all.emplace_back("fail undeclared", [](Connection& c) {
    string got;
    expectFailure(TApplicationException::INTERNAL_ERROR, [&] { c.cross().fail(got, "undeclared"); });
  });
  all.emplace_back("unknown method", [](Connection& c) {
    string got;
    expectFailure(TApplicationException::UNKNOWN_METHOD, [&] { c.older().nowhere(got, "x"); });
  });
  all.emplace_back("evolve narrow", evolveNarrow);
  all.emplace_back("note", note);
  all.emplace_back("seqid", seqid);
  if (how.isMultiplexed) {
    all.emplace_back("second service", [](Connection& c) {
      cross::SecondClient second(c.protocol, c.written("Second"));
      expectText([&](string& got) { second.whoami(got); }, "Second");
    });
  }
  return all;
}

}  // namespace

namespace {

// What went wrong; empty: nothing.
string tried(const Run& run, Connection& connection) {
  try {
    run(connection);
    return "";
  } catch (const parts::Mismatch& error) {
    return "Mismatch " + error.got;
  } catch (const std::exception& error) {
    return string("it threw: ") + error.what();
  }
}

void tell(const Combination& how, const string& name, const string& wrong) {
  std::cout << "{\"combination\":" << quoted(how.text) << ",\"case\":" << quoted(name);
  if (wrong.empty()) std::cout << ",\"ok\":true}" << std::endl;
  else std::cout << ",\"ok\":false,\"detail\":" << quoted(brief(wrong)) << "}" << std::endl;
}

}  // namespace

void beClient(int port, const std::vector<string>& combinations) {
  for (const string& text : combinations) {
    Combination how(text);
    std::unique_ptr<Connection> connection;
    for (const auto& [name, run] : casesOf(how)) {
      if (!connection) connection = std::make_unique<Connection>(port, how);
      string wrong = tried(run, *connection);
      tell(how, name, wrong);
      if (!wrong.empty()) connection.reset();
    }
  }
}
