package main

// The table of ../cases.ts in Go: for each method, the values by the name of their case.

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"interop/cross"
	"interop/parts"
)

type echo struct {
	name string
	run  func(context.Context, *cross.CrossClient) error
}

var echoes []echo

// What each case has, by "method name".
var values = map[string]any{}

type named[T any] map[string]T

type call[T any] func(*cross.CrossClient, context.Context, string, T) (T, error)

func of[T any](method string, call call[T], table named[T]) {
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		value := table[name]
		values[method+" "+name] = value
		if method == "evolve" && name == "narrow" {
			continue // another client makes this call
		}
		echoes = append(echoes, echo{method + " " + name, func(ctx context.Context, client *cross.CrossClient) error {
			got, err := call(client, ctx, name, value)
			if err != nil {
				return err
			}
			return expect(got, value)
		}})
	}
}

func expect(got, wanted any) error {
	if show(got) != show(wanted) {
		return fmt.Errorf("got %s instead of %s", brief(show(got)), brief(show(wanted)))
	}
	return nil
}

func p[T any](value T) *T { return &value }

func point(x, y int32) *parts.Point { return &parts.Point{X: x, Y: y} }

func leaf(value int32) *cross.Tree { return &cross.Tree{Value: value} }

func deepTree(depth int32) *cross.Tree {
	deep := leaf(0)
	for value := int32(1); value < depth; value++ {
		deep = &cross.Tree{Value: value, Kids: []*cross.Tree{deep}}
	}
	return deep
}

func chain(length int32) *cross.Chain {
	whole := &cross.Chain{}
	for value := int32(1); value < length; value++ {
		whole = &cross.Chain{Value: value, Rest: whole}
	}
	return whole
}

func list[T any](length int, at func(int) T) []T {
	all := make([]T, length)
	for i := range all {
		all[i] = at(i)
	}
	return all
}

var tree = &cross.Tree{
	Value: 1,
	Kids: []*cross.Tree{
		leaf(2),
		{Value: 3, Kids: []*cross.Tree{leaf(4)}, Named: map[string]*cross.Tree{"five": leaf(5)}},
	},
	Named: map[string]*cross.Tree{"": leaf(-6)},
}

var everything = &cross.Everything{
	Yes: true, No: false, Tiny: -128, Small: -32768, Medium: -2147483648, Large: math.MinInt64,
	Real: -2.5, Text: "Grüße, 世界 😀", Bytes: []byte{0, 0xff, 0x80}, Color: parts.Color_BLUE,
	Cents: 9007199254740993, Point: point(1, -1), Words: []string{"a", "", "c"}, Numbers: []int32{3, -1, 2},
	Named: map[string]*parts.Point{"a": point(1, 2), "b": point(3, 4)}, Route: parts.Route{point(5, 6)},
	Nothing: &cross.Empty{}, Flags: []bool{true, false, true},
	Colors: map[int16][]parts.Color{-7: {parts.Color_RED, parts.Color_BELOW}, 7: {}},
}

var eithers = named[*cross.Either]{
	"text":    {Text: p("x")},
	"number":  {Number: p(int64(parts.MOST))},
	"tree":    {Tree: tree},
	"numbers": {Numbers: []int32{1, 2}},
	"color":   {Color: p(parts.Color_LAST)},
	"flag":    {Flag: p(false)},
	"bytes":   {Bytes: []byte{1, 0}},
	"reals":   {Reals: map[string]float64{"half": 0.5}},
}

var wide = &cross.Wide{
	Title: "wide", Count: 5, Real: 2.5, Points: []*parts.Point{point(1, 2)}, Named: map[string]int64{"a": 1}, Tree: tree,
	Numbers: []int16{-1, 1}, Bytes: []byte{1, 2}, Flag: true, Flags: []map[bool][]bool{{true: {false, true}}, {}},
}

type client = cross.CrossClient

func init() {
	of("echoBool", (*client).EchoBool, named[bool]{"yes": true, "no": false})
	of("echoI8", (*client).EchoI8, named[int8]{"zero": 0, "most": 127, "least": -128, "minus one": -1})
	of("echoI16", (*client).EchoI16, named[int16]{"most": 32767, "least": -32768})
	of("echoI32", (*client).EchoI32, named[int32]{"most": math.MaxInt32, "least": math.MinInt32, "minus one": -1})
	of("echoI64", (*client).EchoI64, named[int64]{
		"most": parts.MOST, "least": math.MinInt64, "beyond doubles": 9007199254740993, "minus one": -1,
	})
	of("echoDouble", (*client).EchoDouble, named[float64]{
		"zero": 0, "minus zero": math.Copysign(0, -1), "pi": math.Pi, "most": math.MaxFloat64,
		"tiny": math.SmallestNonzeroFloat64, "infinity": math.Inf(1), "minus infinity": math.Inf(-1),
		"not a number": math.NaN(),
	})
	of("echoString", (*client).EchoString, named[string]{
		"empty":             "",
		"plain":             "hello",
		"nul":               "a\x00b",
		"emoji":             "👩\u200d👩\u200d👧 😀",
		"right to left":     "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
		"combining":         "e\u0301 a\u0308\u0323",
		"four bytes":        "𝒳𠜎\U0010ffff",
		"escapes":           "\"\\/\b\f\n\r\t\x01\x7f'",
		"separators":        "\u2028\u2029\ufeff\u00a0",
		"beside surrogates": "\ud7ff\ue000\uffff",
		"like JSON":         `{"1":{"i32":1}}],[`,
		"large":             strings.Repeat("0123456789abcdef", 1<<16),
		"large and wide":    strings.Repeat("é世😀", 20000),
	})
	of("echoBinary", (*client).EchoBinary, named[[]byte]{
		"empty": {}, "one byte": {0xff}, "two bytes": {0xfb, 0xf0}, "three bytes": {0, 0, 0},
		"every byte": list(256, func(i int) byte { return byte(i) }),
		"large":      list(1<<20, func(i int) byte { return byte(i * 7) }),
	})
	of("echoColor", (*client).EchoColor, named[parts.Color]{
		"red": parts.Color_RED, "last": parts.Color_LAST, "below": parts.Color_BELOW, "unknown": 99,
	})
	of("echoCents", (*client).EchoCents, named[parts.Cents]{"typedef": -250, "constant": parts.MOST})

	of("echoBools", (*client).EchoBools, named[[]bool]{
		"empty": {}, "mixed": {true, false, true}, "twenty": list(20, func(i int) bool { return i%3 == 0 }),
	})
	of("echoI8s", (*client).EchoI8s, named[[]int8]{"three": {-128, 0, 127}})
	of("echoI32s", (*client).EchoI32s, named[[]int32]{
		"fourteen":     list(14, func(i int) int32 { return int32(i) }),
		"fifteen":      list(15, func(i int) int32 { return int32(i) }),
		"ten thousand": list(10000, func(i int) int32 { return int32(i*i - 5000) }),
	})
	of("echoI64s", (*client).EchoI64s, named[[]int64]{"extremes": {math.MinInt64, 0, math.MaxInt64}})
	of("echoDoubles", (*client).EchoDoubles, named[[]float64]{"odd": {0.5, -1.5, math.Inf(1), 1e-300}})
	of("echoStrings", (*client).EchoStrings, named[[]string]{"odd": {"", "ü", "\x00", "😀"}})
	of("echoBinaries", (*client).EchoBinaries, named[[][]byte]{"odd": {{}, {0, 0xff}, {0xc3}}})
	of("echoColors", (*client).EchoColors, named[[]parts.Color]{
		"all": {parts.Color_RED, parts.Color_GREEN, parts.Color_BLUE, parts.Color_LAST, parts.Color_BELOW},
	})
	of("echoRoute", (*client).EchoRoute, named[parts.Route]{
		"empty": {}, "three": {point(0, 0), point(-1, 1), parts.CORNER},
	})
	of("echoCube", (*client).EchoCube, named[[][][]int32]{"ragged": {{{1, 2}, {}}, {}, {{3}}}})

	of("echoBoolSet", (*client).EchoBoolSet, named[[]bool]{"both": {true, false}})
	of("echoI64Set", (*client).EchoI64Set, named[[]int64]{"empty": {}, "extremes": {math.MinInt64, 0, math.MaxInt64}})
	of("echoStringSet", (*client).EchoStringSet, named[[]string]{"odd": {"", "a", "é", "😀"}})
	of("echoBinarySet", (*client).EchoBinarySet, named[[][]byte]{"two": {{1, 0xff}, {}}})
	of("echoPointSet", (*client).EchoPointSet, named[[]*parts.Point]{"two": {point(1, 2), point(2, 1)}})
	of("echoListSet", (*client).EchoListSet, named[[][]int32]{"two": {{1, 2}, {2, 1}}})

	of("echoStringMap", (*client).EchoStringMap, named[map[string]string]{
		"empty": {}, "constant": parts.WORDS,
		"names of JavaScript": {"__proto__": "a", "constructor": "b", "10": "c", "9": "d"},
	})
	of("echoI8Map", (*client).EchoI8Map, named[map[int8]int16]{"extremes": {-128: 32767, 127: -32768}})
	of("echoI64Map", (*client).EchoI64Map, named[map[int64]int64]{
		"extremes": {math.MinInt64: math.MaxInt64, math.MaxInt64: math.MinInt64, 9007199254740993: 0},
	})
	of("echoBoolMap", (*client).EchoBoolMap, named[map[bool]bool]{"both": {true: false, false: true}})
	of("echoDoubleMap", (*client).EchoDoubleMap, named[map[float64]string]{"two": {0.1: "a", -1e300: "b"}})
	of("echoBinaryMap", (*client).EchoBinaryMap, named[map[string]string]{"two": {"\xff\x00": "a", "": "b"}})
	of("echoColorMap", (*client).EchoColorMap, named[map[parts.Color]int32]{
		"two": {parts.Color_BELOW: 1, parts.Color_LAST: 2},
	})
	of("echoPointMap", (*client).EchoPointMap, named[map[*parts.Point]string]{
		"two": {point(1, 2): "a", point(2, 1): "b"},
	})
	of("echoListMap", (*client).EchoListMap, named[map[string][]map[int32]*parts.Point]{
		"one": {"a": {{1: point(1, 2)}, {}}},
	})
	of("echoNested", (*client).EchoNested, named[map[int32]map[string][][]int64]{
		"two": {-1: {"a": {{1, 2}, {}}}, 1: {}},
	})

	of("echoEmpty", (*client).EchoEmpty, named[*cross.Empty]{"empty": {}})
	of("echoEverything", (*client).EchoEverything, named[*cross.Everything]{
		"everything": everything,
		"nothing":    {Color: parts.Color_RED, Point: point(0, 0), Nothing: &cross.Empty{}},
	})
	of("echoNeeds", (*client).EchoNeeds, named[*cross.Needs]{
		"all there":       {Must: "a", Usual: 1, Maybe: p(int64(math.MinInt64)), Perhaps: p(false), Some: []int32{}},
		"optional absent": {},
	})
	of("echoDefaults", (*client).EchoDefaults, named[*cross.Defaults]{
		"untouched": cross.NewDefaults(),
		"changed":   {Color: parts.Color_RED, Point: point(0, 0)},
	})
	of("echoSparse", (*client).EchoSparse, named[*cross.Sparse]{
		"all": {Far: 40, First: 1, Middle: 16, Second: true, Last: "z", Third: false},
	})
	of("echoTree", (*client).EchoTree, named[*cross.Tree]{"small": tree, "deep": deepTree(50)})
	of("echoChain", (*client).EchoChain, named[*cross.Chain]{"one": chain(1), "deep": chain(50)})
	of("echoEither", (*client).EchoEither, eithers)
	of("echoEithers", (*client).EchoEithers, named[[]*cross.Either]{"all": {
		eithers["text"], eithers["number"], eithers["tree"], eithers["numbers"], eithers["color"], eithers["flag"],
		eithers["bytes"], eithers["reals"],
	}})
	of("evolve", (*client).Evolve, named[*cross.Wide]{
		"wide": wide,
		// What is left of a Narrow that came.
		"narrow": {Count: 5},
	})
}

// One text for equal values: keeps the sign of zero, follows pointers, puts maps in order.
func show(value any) string { return text(reflect.ValueOf(value)) }

func text(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Invalid:
		return "nil"
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return text(v.Elem())
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("%x", v.Bytes())
		}
		items := list(v.Len(), func(i int) string { return text(v.Index(i)) })
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		items := make([]string, 0, v.Len())
		for _, key := range v.MapKeys() {
			items = append(items, text(key)+": "+text(v.MapIndex(key)))
		}
		sort.Strings(items)
		return "{" + strings.Join(items, ", ") + "}"
	case reflect.Struct:
		fields := list(v.NumField(), func(i int) string { return v.Type().Field(i).Name + "=" + text(v.Field(i)) })
		return v.Type().Name() + "(" + strings.Join(fields, ", ") + ")"
	default:
		return fmt.Sprintf("%#v", v)
	}
}

func brief(text string) string {
	if len(text) > 300 {
		return text[:300] + "..."
	}
	return text
}
