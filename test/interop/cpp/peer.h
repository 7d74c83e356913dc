// What the client and the server share: combinations, and how the driver is told.
#pragma once

#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/protocol/THeaderProtocol.h>
#include <thrift/protocol/TJSONProtocol.h>

// codec/transport, such as compact/header or json/framed/multiplexed.
struct Combination {
  std::string text, codec, transport;
  bool isMultiplexed;

  explicit Combination(const std::string& text) : text(text) {
    std::istringstream parts(text);
    std::string more;
    std::getline(parts, codec, '/');
    std::getline(parts, transport, '/');
    isMultiplexed = static_cast<bool>(std::getline(parts, more, '/'));
  }

  bool isHeader() const { return transport.rfind("header", 0) == 0; }
};

inline std::shared_ptr<apache::thrift::protocol::TProtocolFactory> codecOf(const std::string& name) {
  using namespace apache::thrift::protocol;
  if (name == "compact") return std::make_shared<TCompactProtocolFactory>();
  if (name == "json") return std::make_shared<TJSONProtocolFactory>();
  bool strict = name != "old-binary";
  return std::make_shared<TBinaryProtocolFactory>(0, 0, false, strict);
}

inline std::string quoted(const std::string& text) {
  std::ostringstream out;
  out << '"';
  for (unsigned char c : text) {
    char escaped[8];
    snprintf(escaped, sizeof escaped, "\\u%04x", c);
    if (c < ' ' || c > '~' || c == '"' || c == '\\') out << escaped;
    else out << c;
  }
  out << '"';
  return out.str();
}

void beClient(int port, const std::vector<std::string>& combinations);
void beServer(const std::vector<std::string>& combinations);
