"""The table of ../cases.ts in Python: for each method, the values by the name of their case."""
import math
from uuid import UUID

from cross.ttypes import Chain, Defaults, Either, Empty, Everything, Needs, Sparse, Tree, Wide
from parts.constants import CORNER, MOST, WORDS
from parts.ttypes import Color, Point

LEAST = -(2**63)
LARGE = bytes((at * 7) & 0xFF for at in range(1 << 20))


def leaf(value):
    return Tree(value, [], {})


def deep_tree(depth):
    deep = leaf(0)
    for value in range(1, depth):
        deep = Tree(value, [deep], {})
    return deep


def chain(length):
    whole = Chain(0)
    for value in range(1, length):
        whole = Chain(value, whole)
    return whole


def values_of(make):
    """A table whose broken entries (unhashable keys) say so when they are used, and not before."""
    try:
        return make()
    except TypeError as error:
        return {"two": error}


TREE = Tree(1, [leaf(2), Tree(3, [leaf(4)], {"five": leaf(5)})], {"": leaf(-6)})
EVERYTHING = Everything(
    True, False, -128, -32768, -2147483648, LEAST, -2.5, "Grüße, 世界 😀", b"\x00\xff\x80", Color.BLUE,
    9007199254740993, Point(1, -1), ["a", "", "c"], {3, -1, 2}, {"a": Point(1, 2), "b": Point(3, 4)}, [Point(5, 6)],
    Empty(), [True, False, True], {-7: [Color.RED, Color.BELOW], 7: []},
)
NOTHING = Everything(
    False, False, 0, 0, 0, 0, 0.0, "", b"", Color.RED, 0, Point(0, 0), [], set(), {}, [], Empty(), [], {},
)
EITHERS = {
    "text": Either(text="x"),
    "number": Either(number=MOST),
    "tree": Either(tree=TREE),
    "numbers": Either(numbers=[1, 2]),
    "color": Either(color=Color.LAST),
    "flag": Either(flag=False),
    "bytes": Either(bytes=b"\x01\x00"),
    "reals": Either(reals={"half": 0.5}),
}

CROSS = {
    "echoBool": {"yes": True, "no": False},
    "echoI8": {"zero": 0, "most": 127, "least": -128, "minus one": -1},
    "echoI16": {"most": 32767, "least": -32768},
    "echoI32": {"most": 2147483647, "least": -2147483648, "minus one": -1},
    "echoI64": {"most": MOST, "least": LEAST, "beyond doubles": 9007199254740993, "minus one": -1},
    "echoDouble": {
        "zero": 0.0, "minus zero": -0.0, "pi": math.pi, "most": 1.7976931348623157e308, "tiny": 5e-324,
        "infinity": math.inf, "minus infinity": -math.inf, "not a number": math.nan,
    },
    "echoString": {
        "empty": "",
        "plain": "hello",
        "nul": "a\0b",
        "emoji": "👩\u200d👩\u200d👧 😀",
        "right to left": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
        "combining": "e\u0301 a\u0308\u0323",
        "four bytes": "𝒳𠜎\U0010ffff",
        "escapes": "\"\\/\b\f\n\r\t\x01\x7f'",
        "separators": "\u2028\u2029\ufeff\u00a0",
        "beside surrogates": "\ud7ff\ue000\uffff",
        "like JSON": '{"1":{"i32":1}}],[',
        "large": "0123456789abcdef" * (1 << 16),
        "large and wide": "é世😀" * 20000,
    },
    "echoBinary": {
        "empty": b"", "one byte": b"\xff", "two bytes": b"\xfb\xf0", "three bytes": b"\0\0\0",
        "every byte": bytes(range(256)), "large": LARGE,
    },
    "echoColor": {"red": Color.RED, "last": Color.LAST, "below": Color.BELOW, "unknown": 99},
    "echoCents": {"typedef": -250, "constant": MOST},
    "echoBools": {"empty": [], "mixed": [True, False, True], "twenty": [at % 3 == 0 for at in range(20)]},
    "echoI8s": {"three": [-128, 0, 127]},
    "echoI32s": {
        "fourteen": list(range(14)), "fifteen": list(range(15)),
        "ten thousand": [at * at - 5000 for at in range(10000)],
    },
    "echoI64s": {"extremes": [LEAST, 0, MOST]},
    "echoDoubles": {"odd": [0.5, -1.5, math.inf, 1e-300]},
    "echoStrings": {"odd": ["", "ü", "\0", "😀"]},
    "echoBinaries": {"odd": [b"", b"\0\xff", b"\xc3"]},
    "echoColors": {"all": [Color.RED, Color.GREEN, Color.BLUE, Color.LAST, Color.BELOW]},
    "echoRoute": {"empty": [], "three": [Point(0, 0), Point(-1, 1), CORNER]},
    "echoCube": {"ragged": [[[1, 2], []], [], [[3]]]},
    "echoBoolSet": {"both": {True, False}},
    "echoI64Set": {"empty": set(), "extremes": {LEAST, 0, MOST}},
    "echoStringSet": {"odd": {"", "a", "é", "😀"}},
    "echoBinarySet": {"two": {b"\x01\xff", b""}},
    "echoPointSet": values_of(lambda: {"two": {Point(1, 2), Point(2, 1)}}),
    "echoListSet": values_of(lambda: {"two": {[1, 2], [2, 1]}}),
    "echoStringMap": {
        "empty": {}, "constant": WORDS,
        "names of JavaScript": {"__proto__": "a", "constructor": "b", "10": "c", "9": "d"},
    },
    "echoI8Map": {"extremes": {-128: 32767, 127: -32768}},
    "echoI64Map": {"extremes": {LEAST: MOST, MOST: LEAST, 9007199254740993: 0}},
    "echoBoolMap": {"both": {True: False, False: True}},
    "echoDoubleMap": {"two": {0.1: "a", -1e300: "b"}},
    "echoBinaryMap": {"two": {b"\xff\0": "a", b"": "b"}},
    "echoColorMap": {"two": {Color.BELOW: 1, Color.LAST: 2}},
    "echoPointMap": values_of(lambda: {"two": {Point(1, 2): "a", Point(2, 1): "b"}}),
    "echoListMap": {"one": {"a": [{1: Point(1, 2)}, {}]}},
    "echoNested": {"two": {-1: {"a": [{1, 2}, set()]}, 1: {}}},
    "echoEmpty": {"empty": Empty()},
    "echoEverything": {"everything": EVERYTHING, "nothing": NOTHING},
    "echoNeeds": {"all there": Needs("a", 1, LEAST, False, []), "optional absent": Needs("", 0)},
    "echoDefaults": {
        "untouched": Defaults(),
        "changed": Defaults(0, "", False, 0.0, Color.RED, [], {}, Point(0, 0), 0),
    },
    "echoSparse": {"all": Sparse(far=40, first=1, middle=16, second=True, last="z", third=False)},
    "echoTree": {"small": TREE, "deep": deep_tree(50)},
    "echoChain": {"one": chain(1), "deep": chain(50)},
    "echoEither": EITHERS,
    "echoEithers": {"all": list(EITHERS.values())},
    "evolve": {
        "wide": Wide(
            "wide", 5, 2.5, [Point(1, 2)], {"a": 1}, TREE, {-1, 1}, b"\x01\x02", True, [{True: [False, True]}, {}],
        ),
        # What is left of a Narrow that came.
        "narrow": Wide(count=5),
    },
}


def show(value):
    """One text for equal values: keeps the sign of zero, bool and int apart, and puts sets and maps in order."""
    if isinstance(value, (set, frozenset)):
        return "{%s}" % ", ".join(sorted(map(show, value)))
    if isinstance(value, dict):
        return "{%s}" % ", ".join(sorted(f"{show(key)}: {show(item)}" for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(map(show, value))
    if hasattr(value, "thrift_spec"):
        fields = (f"{name}={show(item)}" for name, item in sorted(vars(value).items()) if item is not None)
        return f"{type(value).__name__}({', '.join(fields)})"
    return repr(value)


def uuid_table():
    """Not before it is asked for: Debian's library does not have the type."""
    from uuids.ttypes import Tagged

    ids = UUID("00112233-4455-6677-8899-aabbccddeeff"), UUID("ffffffff-ffff-ffff-ffff-ffffffffffff")
    return {
        "echoUuid": {"mixed": ids[0], "zero": UUID(int=0), "ones": ids[1]},
        "echoTagged": {"alone": Tagged(ids[1], None, {}), "others": Tagged(ids[0], list(ids), {ids[1]: "b"})},
    }
