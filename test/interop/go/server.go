package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/apache/thrift/lib/go/thrift"

	"interop/cross"
	"interop/parts"
	"interop/uuids"
)

// Answers its own value of a case, and only if what came is the same value.
func answer[T any](method, name string, got T) (T, error) {
	wanted, isKnown := values[method+" "+name].(T)
	if !isKnown || show(got) != show(wanted) {
		return wanted, &parts.Mismatch{About: method + " " + name, Got: brief(show(got))}
	}
	return wanted, nil
}

type handler struct {
	mutex sync.Mutex
	notes map[string]int32
}

func (h *handler) Ping(context.Context) error             { return nil }
func (h *handler) Whoami(context.Context) (string, error) { return "Cross", nil }

func (h *handler) Fail(_ context.Context, how string) (string, error) {
	switch how {
	case "plain":
		return "", &parts.Plain{Text: "plain text"}
	case "detailed":
		return "", &parts.Detailed{Code: -7, Lines: []string{"a", "b"}, At: point(1, 2)}
	case "undeclared":
		return "", errors.New("nobody declared this")
	}
	return how, nil
}

func (h *handler) Many(_ context.Context, x int32, y int16, yes bool, text string, color parts.Color, bytes []int8) (*parts.Point, error) {
	got := show([]any{yes, text, color, bytes})
	if got != show([]any{true, "many", parts.Color_RED, []int8{7}}) {
		return nil, &parts.Mismatch{About: "many", Got: got}
	}
	return point(x, int32(y)), nil
}

func (h *handler) Note(_ context.Context, name string) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.notes[name]++
	return nil
}

func (h *handler) Noted(_ context.Context, name string) (int32, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.notes[name], nil
}

type second struct{}

func (second) Whoami(context.Context) (string, error) { return "Second", nil }

func beServer(combinations []string) {
	for _, text := range combinations {
		port, err := serve(parse(text))
		if err != nil {
			panic(err)
		}
		tell(line{Combination: text, Ok: true, Port: port})
	}
	io.Copy(io.Discard, os.Stdin)
}

func serve(c combination) (int, error) {
	var processor thrift.TProcessor = cross.NewCrossProcessor(&handler{notes: map[string]int32{}})
	if c.isUuid {
		processor = uuids.NewUuidsProcessor(uuidHandler{})
	}
	if c.isMultiplexed {
		both := thrift.NewTMultiplexedProcessor()
		both.RegisterProcessor("Cross", processor)
		both.RegisterProcessor("Second", cross.NewSecondProcessor(second{}))
		processor = both
	}
	if c.transport == "http" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		go http.Serve(listener, http.HandlerFunc(thrift.NewThriftHandlerFunc(processor, c.protocols(), c.protocols())))
		return listener.Addr().(*net.TCPAddr).Port, nil
	}
	socket, err := thrift.NewTServerSocket("127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := thrift.NewTSimpleServer4(processor, socket, c.transports(), c.protocols())
	if err := server.Listen(); err != nil {
		return 0, err
	}
	go server.AcceptLoop()
	return socket.Addr().(*net.TCPAddr).Port, nil
}

func (h *handler) EchoBool(_ context.Context, name string, value bool) (bool, error) {
	return answer("echoBool", name, value)
}

func (h *handler) EchoI8(_ context.Context, name string, value int8) (int8, error) {
	return answer("echoI8", name, value)
}

func (h *handler) EchoI16(_ context.Context, name string, value int16) (int16, error) {
	return answer("echoI16", name, value)
}

func (h *handler) EchoI32(_ context.Context, name string, value int32) (int32, error) {
	return answer("echoI32", name, value)
}

func (h *handler) EchoI64(_ context.Context, name string, value int64) (int64, error) {
	return answer("echoI64", name, value)
}

func (h *handler) EchoDouble(_ context.Context, name string, value float64) (float64, error) {
	return answer("echoDouble", name, value)
}

func (h *handler) EchoString(_ context.Context, name string, value string) (string, error) {
	return answer("echoString", name, value)
}

func (h *handler) EchoBinary(_ context.Context, name string, value []byte) ([]byte, error) {
	return answer("echoBinary", name, value)
}

func (h *handler) EchoColor(_ context.Context, name string, value parts.Color) (parts.Color, error) {
	return answer("echoColor", name, value)
}

func (h *handler) EchoCents(_ context.Context, name string, value parts.Cents) (parts.Cents, error) {
	return answer("echoCents", name, value)
}

func (h *handler) EchoBools(_ context.Context, name string, value []bool) ([]bool, error) {
	return answer("echoBools", name, value)
}

func (h *handler) EchoI8s(_ context.Context, name string, value []int8) ([]int8, error) {
	return answer("echoI8s", name, value)
}

func (h *handler) EchoI32s(_ context.Context, name string, value []int32) ([]int32, error) {
	return answer("echoI32s", name, value)
}

func (h *handler) EchoI64s(_ context.Context, name string, value []int64) ([]int64, error) {
	return answer("echoI64s", name, value)
}

func (h *handler) EchoDoubles(_ context.Context, name string, value []float64) ([]float64, error) {
	return answer("echoDoubles", name, value)
}

func (h *handler) EchoStrings(_ context.Context, name string, value []string) ([]string, error) {
	return answer("echoStrings", name, value)
}

func (h *handler) EchoBinaries(_ context.Context, name string, value [][]byte) ([][]byte, error) {
	return answer("echoBinaries", name, value)
}

func (h *handler) EchoColors(_ context.Context, name string, value []parts.Color) ([]parts.Color, error) {
	return answer("echoColors", name, value)
}

func (h *handler) EchoRoute(_ context.Context, name string, value parts.Route) (parts.Route, error) {
	return answer("echoRoute", name, value)
}

func (h *handler) EchoCube(_ context.Context, name string, value [][][]int32) ([][][]int32, error) {
	return answer("echoCube", name, value)
}

func (h *handler) EchoBoolSet(_ context.Context, name string, value []bool) ([]bool, error) {
	return answer("echoBoolSet", name, value)
}

func (h *handler) EchoI64Set(_ context.Context, name string, value []int64) ([]int64, error) {
	return answer("echoI64Set", name, value)
}

func (h *handler) EchoStringSet(_ context.Context, name string, value []string) ([]string, error) {
	return answer("echoStringSet", name, value)
}

func (h *handler) EchoBinarySet(_ context.Context, name string, value [][]byte) ([][]byte, error) {
	return answer("echoBinarySet", name, value)
}

func (h *handler) EchoPointSet(_ context.Context, name string, value []*parts.Point) ([]*parts.Point, error) {
	return answer("echoPointSet", name, value)
}

func (h *handler) EchoListSet(_ context.Context, name string, value [][]int32) ([][]int32, error) {
	return answer("echoListSet", name, value)
}

func (h *handler) EchoStringMap(_ context.Context, name string, value map[string]string) (map[string]string, error) {
	return answer("echoStringMap", name, value)
}

func (h *handler) EchoI8Map(_ context.Context, name string, value map[int8]int16) (map[int8]int16, error) {
	return answer("echoI8Map", name, value)
}

func (h *handler) EchoI64Map(_ context.Context, name string, value map[int64]int64) (map[int64]int64, error) {
	return answer("echoI64Map", name, value)
}

func (h *handler) EchoBoolMap(_ context.Context, name string, value map[bool]bool) (map[bool]bool, error) {
	return answer("echoBoolMap", name, value)
}

func (h *handler) EchoDoubleMap(_ context.Context, name string, value map[float64]string) (map[float64]string, error) {
	return answer("echoDoubleMap", name, value)
}

func (h *handler) EchoBinaryMap(_ context.Context, name string, value map[string]string) (map[string]string, error) {
	return answer("echoBinaryMap", name, value)
}

func (h *handler) EchoColorMap(_ context.Context, name string, value map[parts.Color]int32) (map[parts.Color]int32, error) {
	return answer("echoColorMap", name, value)
}

func (h *handler) EchoPointMap(_ context.Context, name string, value map[*parts.Point]string) (map[*parts.Point]string, error) {
	return answer("echoPointMap", name, value)
}

func (h *handler) EchoListMap(_ context.Context, name string, value map[string][]map[int32]*parts.Point) (map[string][]map[int32]*parts.Point, error) {
	return answer("echoListMap", name, value)
}

func (h *handler) EchoNested(_ context.Context, name string, value map[int32]map[string][][]int64) (map[int32]map[string][][]int64, error) {
	return answer("echoNested", name, value)
}

func (h *handler) EchoEmpty(_ context.Context, name string, value *cross.Empty) (*cross.Empty, error) {
	return answer("echoEmpty", name, value)
}

func (h *handler) EchoEverything(_ context.Context, name string, value *cross.Everything) (*cross.Everything, error) {
	return answer("echoEverything", name, value)
}

func (h *handler) EchoNeeds(_ context.Context, name string, value *cross.Needs) (*cross.Needs, error) {
	return answer("echoNeeds", name, value)
}

func (h *handler) EchoDefaults(_ context.Context, name string, value *cross.Defaults) (*cross.Defaults, error) {
	return answer("echoDefaults", name, value)
}

func (h *handler) EchoSparse(_ context.Context, name string, value *cross.Sparse) (*cross.Sparse, error) {
	return answer("echoSparse", name, value)
}

func (h *handler) EchoTree(_ context.Context, name string, value *cross.Tree) (*cross.Tree, error) {
	return answer("echoTree", name, value)
}

func (h *handler) EchoChain(_ context.Context, name string, value *cross.Chain) (*cross.Chain, error) {
	return answer("echoChain", name, value)
}

func (h *handler) EchoEither(_ context.Context, name string, value *cross.Either) (*cross.Either, error) {
	return answer("echoEither", name, value)
}

func (h *handler) EchoEithers(_ context.Context, name string, value []*cross.Either) ([]*cross.Either, error) {
	return answer("echoEithers", name, value)
}

// Answers in full also who sent less.
func (h *handler) Evolve(_ context.Context, name string, value *cross.Wide) (*cross.Wide, error) {
	_, err := answer("evolve", name, value)
	return wide, err
}
