// Apache Thrift's Go library, as a client of our server and as a server for our client.
//
//	peer client PORT COMBINATION...   makes every call of the table, prints a line of JSON for each
//	peer server COMBINATION...        serves each combination on a port of its own, until stdin ends
//	peer account PORT COMBINATION ... makes one call of an exactly-once method: see account.go
//
// A combination is codec/transport, such as compact/header, json/framed/multiplexed or
// binary/framed/uuid.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/apache/thrift/lib/go/thrift"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "client" {
		beClient(os.Args[2], os.Args[3:])
	} else if len(os.Args) > 2 && os.Args[1] == "server" {
		beServer(os.Args[2:])
	} else if len(os.Args) > 8 && os.Args[1] == "account" {
		if err := callAccount(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6], os.Args[7], os.Args[8]); err != nil {
			panic(err)
		}
	} else {
		fmt.Fprintln(os.Stderr, "peer client PORT COMBINATION... | peer server COMBINATION...")
		os.Exit(2)
	}
}

type line struct {
	Combination string `json:"combination"`
	Case        string `json:"case,omitempty"`
	Ok          bool   `json:"ok"`
	Detail      string `json:"detail,omitempty"`
	Port        int    `json:"port,omitempty"`
}

func tell(told line) {
	bytes, _ := json.Marshal(told)
	fmt.Println(string(bytes))
}

type combination struct {
	codec, transport      string
	isMultiplexed, isUuid bool
}

func parse(text string) combination {
	parts := strings.Split(text, "/")
	return combination{parts[0], parts[1], len(parts) > 2 && parts[2] == "multiplexed", len(parts) > 2 && parts[2] == "uuid"}
}

// How the library is told which codec and transforms THeader is to use.
func (c combination) configuration() *thrift.TConfiguration {
	strict := c.codec != "old-binary"
	configuration := &thrift.TConfiguration{
		TBinaryStrictRead:  thrift.BoolPtr(strict),
		TBinaryStrictWrite: thrift.BoolPtr(strict),
	}
	if c.codec == "compact" {
		configuration.THeaderProtocolID = thrift.THeaderProtocolIDPtrMust(thrift.THeaderProtocolCompact)
	}
	if c.transport == "header-zlib" {
		configuration.THeaderTransforms = []thrift.THeaderTransformID{thrift.TransformZlib}
	}
	return configuration
}

func (c combination) protocols() thrift.TProtocolFactory {
	if strings.HasPrefix(c.transport, "header") {
		return thrift.NewTHeaderProtocolFactoryConf(c.configuration())
	}
	switch c.codec {
	case "compact":
		return thrift.NewTCompactProtocolFactoryConf(c.configuration())
	case "json":
		return thrift.NewTJSONProtocolFactory()
	default:
		return thrift.NewTBinaryProtocolFactoryConf(c.configuration())
	}
}

func (c combination) transports() thrift.TTransportFactory {
	switch c.transport {
	case "framed":
		return thrift.NewTFramedTransportFactoryConf(thrift.NewTTransportFactory(), c.configuration())
	case "unframed":
		return thrift.NewTBufferedTransportFactory(4096)
	default:
		return thrift.NewTTransportFactory()
	}
}
