// What the table and both roles share: values as bytes, to compare them, and as text, to tell of them.
#pragma once

#include <any>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <thrift/TToString.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include "Cross.h"

// A value as bytes. Which way is decided here, so that every kind of value may hold every other.
template <class T>
struct IsPair : std::false_type {};
template <class A, class B>
struct IsPair<std::pair<A, B>> : std::true_type {};
template <class T, class = void>
struct IsContainer : std::false_type {};
template <class T>
struct IsContainer<T, std::void_t<typename T::value_type>> : std::true_type {};

template <class T>
void put(std::string& out, const T& value) {
  if constexpr (std::is_base_of_v<apache::thrift::TBase, T>) {
    auto memory = std::make_shared<apache::thrift::transport::TMemoryBuffer>();
    apache::thrift::protocol::TBinaryProtocol protocol(memory);
    value.write(&protocol);
    put(out, memory->getBufferAsString());
  } else if constexpr (IsPair<T>::value) {
    put(out, value.first);
    put(out, value.second);
  } else if constexpr (std::is_same_v<T, std::vector<bool>>) {
    for (bool each : value) out += each ? 'T' : 'F';
  } else if constexpr (IsContainer<T>::value) {
    put(out, value.size());
    for (const auto& each : value) put(out, each);
  } else if constexpr (std::is_same_v<T, double>) {
    out += std::isnan(value) ? "NaN" : std::string(reinterpret_cast<const char*>(&value), sizeof value);
  } else {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
}

// The sign of zero and absent fields count; one NaN is like another.
template <class T>
bool isSame(const T& one, const T& other) {
  std::string a, b;
  put(a, one);
  put(b, other);
  return a == b;
}

inline std::string brief(const std::string& text) { return text.size() > 300 ? text.substr(0, 300) + "..." : text; }

template <class T>
std::string show(const T& value) {
  return brief(apache::thrift::to_string(value));
}

class Difference : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class T>
void expect(const T& got, const T& wanted) {
  if (!isSame(got, wanted)) throw Difference("got " + show(got) + " instead of " + show(wanted));
}

using Echo = std::function<void(cross::CrossIf&)>;

// The table of cases.cpp: what each case has, and the call that tries it, by "method name".
extern std::map<std::string, std::any> values;
extern std::map<std::string, Echo> echoes;
void fillTable();
