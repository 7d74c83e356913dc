package main

// One call of an exactly-once method, by Apache Thrift's Go library alone:
//
//	peer account PORT COMBINATION PLACE KEY METHOD NAME CENTS
//
// PLACE says where the idempotency key travels: header (an info header of THeader, or of HTTP), field (argument 32767),
// none.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/apache/thrift/lib/go/thrift"

	"interop/account"
)

const keyHeader = "idempotency-key"

func callAccount(port, combination, place, key, method, name, amount string) error {
	connection, err := dial(port, parse(combination))
	if err != nil {
		return err
	}
	cents, err := strconv.ParseInt(amount, 10, 64)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if place == "header" {
		ctx = thrift.SetWriteHeaderList(thrift.SetHeader(ctx, keyHeader, key), []string{keyHeader})
		if overHttp, is := connection.transport.(*thrift.THttpClient); is {
			overHttp.SetHeader(keyHeader, strconv.Quote(key)) // a string as RFC 8941 has it
		}
	}
	plain := account.NewAccountClient(connection.of("Account"))
	keyed := account.NewKeyedAccountClient(connection.of("Account"))
	var value int64
	switch {
	case place == "field" && method == "deposit":
		value, err = keyed.Deposit(ctx, name, cents, key)
	case place == "field":
		value, err = keyed.Held(ctx, name, cents, key)
	case method == "deposit":
		value, err = plain.Deposit(ctx, name, cents)
	default:
		value, err = plain.Held(ctx, name, cents)
	}
	var exception thrift.TApplicationException
	told := map[string]any{"value": value, "headers": plain.LastResponseMeta_().Headers}
	if errors.As(err, &exception) {
		told = map[string]any{"type": exception.TypeId(), "message": exception.Error()}
	} else if err != nil {
		return err
	}
	bytes, err := json.Marshal(told)
	fmt.Println(string(bytes))
	return err
}
