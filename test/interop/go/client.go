package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"interop/cross"
	"interop/parts"
)

// A connection to a server, and clients of its services.
type connection struct {
	transport     thrift.TTransport
	protocol      thrift.TProtocol
	isMultiplexed bool
}

func dial(port string, c combination) (*connection, error) {
	var transport thrift.TTransport
	var err error
	if c.transport == "http" {
		transport, err = thrift.NewTHttpClient("http://127.0.0.1:" + port + "/")
	} else {
		configuration := &thrift.TConfiguration{ConnectTimeout: 10 * time.Second, SocketTimeout: 10 * time.Second}
		transport, err = c.transports().GetTransport(thrift.NewTSocketConf("127.0.0.1:"+port, configuration))
	}
	if err != nil {
		return nil, err
	}
	protocol := c.protocols().GetProtocol(transport)
	return &connection{protocol.Transport(), protocol, c.isMultiplexed}, protocol.Transport().Open()
}

func (c *connection) of(service string) *thrift.TStandardClient {
	return thrift.NewTStandardClient(c.protocol, c.written(service))
}

func (c *connection) written(service string) thrift.TProtocol {
	if c.isMultiplexed {
		return thrift.NewTMultiplexedProtocol(c.protocol, service)
	}
	return c.protocol
}

func (c *connection) cross() *cross.CrossClient { return cross.NewCrossClient(c.of("Cross")) }

type behaviour struct {
	name string
	run  func(context.Context, *connection) error
}

var behaviours = []behaviour{
	{"ping", func(ctx context.Context, c *connection) error { return c.cross().Ping(ctx) }},
	{"whoami", func(ctx context.Context, c *connection) error {
		got, err := c.cross().Whoami(ctx)
		return either(err, got, "Cross")
	}},
	{"many", func(ctx context.Context, c *connection) error {
		got, err := c.cross().Many(ctx, -5, 7, true, "many", parts.Color_RED, []int8{7})
		return either(err, got, point(-5, 7))
	}},
	{"fail plain", func(ctx context.Context, c *connection) error {
		_, err := c.cross().Fail(ctx, "plain")
		return expect(err, &parts.Plain{Text: "plain text"})
	}},
	{"fail detailed", func(ctx context.Context, c *connection) error {
		_, err := c.cross().Fail(ctx, "detailed")
		return expect(err, &parts.Detailed{Code: -7, Lines: []string{"a", "b"}, At: point(1, 2)})
	}},
	{"fail none", func(ctx context.Context, c *connection) error {
		got, err := c.cross().Fail(ctx, "none")
		return either(err, got, "none")
	}},
	{"fail undeclared", func(ctx context.Context, c *connection) error {
		_, err := c.cross().Fail(ctx, "undeclared")
		return isException(err, thrift.INTERNAL_ERROR)
	}},
	{"unknown method", func(ctx context.Context, c *connection) error {
		_, err := cross.NewOlderClient(c.of("Cross")).Nowhere(ctx, "x")
		return isException(err, thrift.UNKNOWN_METHOD)
	}},
	{"evolve narrow", func(ctx context.Context, c *connection) error {
		more := []*cross.Either{{Text: p("x")}, {Numbers: []int32{1}}}
		sent := &cross.Narrow{Count: 5, Real: "another type", Flag: -1, More: more}
		extra := map[string][]*cross.Tree{"a": {leaf(1)}}
		got, err := cross.NewOlderClient(c.of("Cross")).Evolve(ctx, "narrow", sent, extra)
		return either(err, got, &cross.Narrow{Count: 5})
	}},
	{"note", func(ctx context.Context, c *connection) error {
		client := c.cross()
		name := fmt.Sprintf("go %d", time.Now().UnixNano())
		for i := 0; i < 3; i++ {
			if err := client.Note(ctx, name); err != nil {
				return err
			}
		}
		var got int32
		var err error
		for i := 0; i < 100 && got != 3 && err == nil; i++ {
			got, err = client.Noted(ctx, name)
			time.Sleep(time.Millisecond)
		}
		return either(err, got, int32(3))
	}},
	{"seqid", func(ctx context.Context, c *connection) error {
		client := c.of("Cross")
		if err := client.Send(ctx, c.written("Cross"), -5, "whoami", &parts.BaseWhoamiArgs{}); err != nil {
			return err
		}
		result := &parts.BaseWhoamiResult{}
		err := client.Recv(ctx, c.protocol, -5, "whoami", result)
		return either(err, result.GetSuccess(), "Cross")
	}},
}

var secondService = behaviour{"second service", func(ctx context.Context, c *connection) error {
	got, err := cross.NewSecondClient(c.of("Second")).Whoami(ctx)
	return either(err, got, "Second")
}}

func either(err error, got, wanted any) error {
	if err != nil {
		return err
	}
	return expect(got, wanted)
}

func isException(err error, kind int32) error {
	var exception thrift.TApplicationException
	if !errors.As(err, &exception) {
		return fmt.Errorf("%v is no TApplicationException", err)
	}
	return expect(exception.TypeId(), kind)
}

func cases(c combination) []behaviour {
	if c.isUuid {
		return uuidCases()
	}
	all := list(len(echoes), func(i int) behaviour {
		return behaviour{echoes[i].name, func(ctx context.Context, c *connection) error {
			return echoes[i].run(ctx, c.cross())
		}}
	})
	all = append(all, behaviours...)
	if c.isMultiplexed {
		all = append(all, secondService)
	}
	return all
}

func beClient(port string, combinations []string) {
	ctx := context.Background()
	for _, text := range combinations {
		c := parse(text)
		connection, err := dial(port, c)
		for _, each := range cases(c) {
			if err == nil {
				err = each.run(ctx, connection)
			}
			if err == nil {
				tell(line{Combination: text, Case: each.name, Ok: true})
				continue
			}
			tell(line{Combination: text, Case: each.name, Detail: brief(strings.TrimSpace(fmt.Sprintf("%T: %v", err, err)))})
			if connection != nil {
				connection.transport.Close()
			}
			connection, err = dial(port, c)
		}
		if connection != nil {
			connection.transport.Close()
		}
	}
}
