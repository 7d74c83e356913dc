// Apache Thrift's C++ library, as a client of our server and as a server for our client.
//
//   peer client PORT COMBINATION...
//   peer server COMBINATION...
#include <string>

#include <thrift/TOutput.h>

#include "peer.h"
#include "values.h"

int main(int count, char** words) {
  apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});
  fillTable();
  std::vector<std::string> arguments(words + 1, words + count);
  std::string role = arguments.at(0);
  arguments.erase(arguments.begin());
  if (role == "client") {
    int port = std::stoi(arguments.at(0));
    arguments.erase(arguments.begin());
    beClient(port, arguments);
  } else {
    beServer(arguments);
  }
  std::quick_exit(0);
}
