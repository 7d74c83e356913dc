package main

// The service of uuids.thrift, whose stubs come of a later compiler than the others.

import (
	"context"
	"fmt"
	"sort"

	"github.com/apache/thrift/lib/go/thrift"

	"interop/uuids"
)

var (
	mixed = thrift.Must(thrift.ParseTuuid("00112233-4455-6677-8899-aabbccddeeff"))
	ones  = thrift.Must(thrift.ParseTuuid("ffffffff-ffff-ffff-ffff-ffffffffffff"))
)

var uuidValues = map[string]any{
	"echoUuid mixed":   mixed,
	"echoUuid zero":    thrift.Tuuid{},
	"echoUuid ones":    ones,
	"echoTagged alone": &uuids.Tagged{ID: ones, Names: map[thrift.Tuuid]string{}},
	"echoTagged others": &uuids.Tagged{
		ID: mixed, Others: []thrift.Tuuid{mixed, ones}, Names: map[thrift.Tuuid]string{ones: "b"},
	},
}

func uuidCases() []behaviour {
	names := make([]string, 0, len(uuidValues))
	for about := range uuidValues {
		names = append(names, about)
	}
	sort.Strings(names)
	return list(len(names), func(i int) behaviour {
		about := names[i]
		return behaviour{about, func(ctx context.Context, c *connection) error {
			var method, name string
			fmt.Sscan(about, &method, &name)
			client := uuids.NewUuidsClient(c.of("Uuids"))
			if method == "echoUuid" {
				got, err := client.EchoUuid(ctx, name, uuidValues[about].(thrift.Tuuid))
				return either(err, got, uuidValues[about])
			}
			got, err := client.EchoTagged(ctx, name, uuidValues[about].(*uuids.Tagged))
			return either(err, got, uuidValues[about])
		}}
	})
}

type uuidHandler struct{}

func (uuidHandler) EchoUuid(_ context.Context, name string, value thrift.Tuuid) (thrift.Tuuid, error) {
	return answerUuid("echoUuid "+name, value)
}

func (uuidHandler) EchoTagged(_ context.Context, name string, value *uuids.Tagged) (*uuids.Tagged, error) {
	return answerUuid("echoTagged "+name, value)
}

func answerUuid[T any](about string, got T) (T, error) {
	wanted, isKnown := uuidValues[about].(T)
	if !isKnown || show(got) != show(wanted) {
		return wanted, &uuids.WrongUuid{About: about, Got: show(got)}
	}
	return wanted, nil
}
