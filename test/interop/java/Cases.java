import interop.cross.Chain;
import interop.cross.Defaults;
import interop.cross.Either;
import interop.cross.Empty;
import interop.cross.Everything;
import interop.cross.Needs;
import interop.cross.Sparse;
import interop.cross.Tree;
import interop.cross.Wide;
import interop.parts.Color;
import interop.parts.Point;
import interop.parts.partsConstants;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;

/** The table of ../cases.ts in Java: for each method, the values by the name of their case. */
final class Cases {
  static final Map<String, Map<String, Object>> CROSS = new LinkedHashMap<>();

  /** Java has no number for an enum that its IDL does not name. */
  static final Object IMPOSSIBLE = new Object();

  private static final long LEAST = Long.MIN_VALUE;
  private static final long MOST = partsConstants.MOST;

  private static void of(String method, Object... namesAndValues) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) values.put((String) namesAndValues[i], namesAndValues[i + 1]);
    CROSS.put(method, values);
  }

  private static Tree leaf(int value) {
    return new Tree(value, List.of(), Map.of());
  }

  private static Tree deepTree(int depth) {
    Tree deep = leaf(0);
    for (int value = 1; value < depth; value++) deep = new Tree(value, List.of(deep), Map.of());
    return deep;
  }

  private static Chain chain(int length) {
    Chain whole = new Chain(0);
    for (int value = 1; value < length; value++) whole = new Chain(value).setRest(whole);
    return whole;
  }

  private static ByteBuffer bytes(int... numbers) {
    ByteBuffer buffer = ByteBuffer.allocate(numbers.length);
    for (int number : numbers) buffer.put((byte) number);
    return buffer.flip();
  }

  private static <T> List<T> list(int length, IntFunction<T> at) {
    List<T> all = new ArrayList<>();
    for (int i = 0; i < length; i++) all.add(at.apply(i));
    return all;
  }

  static {
    Tree three = new Tree(3, List.of(leaf(4)), Map.of("five", leaf(5)));
    Tree tree = new Tree(1, List.of(leaf(2), three), Map.of("", leaf(-6)));
    Either text = Either.text("x");
    Either number = Either.number(MOST);
    Either branch = Either.tree(tree);
    Either numbers = Either.numbers(List.of(1, 2));
    Either color = Either.color(Color.LAST);
    Either flag = Either.flag(false);
    Either raw = Either.bytes(bytes(1, 0));
    Either reals = Either.reals(Map.of("half", 0.5));

    of("echoBool", "yes", true, "no", false);
    of("echoI8", "zero", (byte) 0, "most", (byte) 127, "least", (byte) -128, "minus one", (byte) -1);
    of("echoI16", "most", (short) 32767, "least", (short) -32768);
    of("echoI32", "most", Integer.MAX_VALUE, "least", Integer.MIN_VALUE, "minus one", -1);
    of("echoI64", "most", MOST, "least", LEAST, "beyond doubles", 9007199254740993L, "minus one", -1L);
    of("echoDouble", "zero", 0.0, "minus zero", -0.0, "pi", Math.PI, "most", Double.MAX_VALUE, "tiny", Double.MIN_VALUE,
        "infinity", Double.POSITIVE_INFINITY, "minus infinity", Double.NEGATIVE_INFINITY, "not a number", Double.NaN);
    of("echoString",
        "empty", "",
        "plain", "hello",
        "nul", "a\0b",
        "emoji", "👩\u200d👩\u200d👧 😀",
        "right to left", "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
        "combining", "e\u0301 a\u0308\u0323",
        "four bytes", "𝒳𠜎" + new String(Character.toChars(0x10ffff)),
        "escapes", "\"\\/\b\f\n\r\t\001\177'",
        "separators", "\u2028\u2029\ufeff\u00a0",
        "beside surrogates", "\ud7ff\ue000\uffff",
        "like JSON", "{\"1\":{\"i32\":1}}],[",
        "large", "0123456789abcdef".repeat(1 << 16),
        "large and wide", "é世😀".repeat(20000));
    ByteBuffer large = ByteBuffer.allocate(1 << 20);
    for (int i = 0; i < 1 << 20; i++) large.put((byte) (i * 7));
    ByteBuffer every = ByteBuffer.allocate(256);
    for (int i = 0; i < 256; i++) every.put((byte) i);
    of("echoBinary", "empty", bytes(), "one byte", bytes(0xff), "two bytes", bytes(0xfb, 0xf0), "three bytes",
        bytes(0, 0, 0), "every byte", every.flip(), "large", large.flip());
    of("echoColor", "red", Color.RED, "last", Color.LAST, "below", Color.BELOW, "unknown", IMPOSSIBLE);
    of("echoCents", "typedef", -250L, "constant", MOST);

    of("echoBools", "empty", List.of(), "mixed", List.of(true, false, true), "twenty", list(20, i -> i % 3 == 0));
    of("echoI8s", "three", List.of((byte) -128, (byte) 0, (byte) 127));
    of("echoI32s", "fourteen", list(14, i -> i), "fifteen", list(15, i -> i), "ten thousand",
        list(10000, i -> i * i - 5000));
    of("echoI64s", "extremes", List.of(LEAST, 0L, MOST));
    of("echoDoubles", "odd", List.of(0.5, -1.5, Double.POSITIVE_INFINITY, 1e-300));
    of("echoStrings", "odd", List.of("", "ü", "\0", "😀"));
    of("echoBinaries", "odd", List.of(bytes(), bytes(0, 0xff), bytes(0xc3)));
    of("echoColors", "all", List.of(Color.RED, Color.GREEN, Color.BLUE, Color.LAST, Color.BELOW));
    of("echoRoute", "empty", List.of(), "three", List.of(new Point(0, 0), new Point(-1, 1), partsConstants.CORNER));
    of("echoCube", "ragged", List.of(List.of(List.of(1, 2), List.of()), List.of(), List.of(List.of(3))));

    of("echoBoolSet", "both", Set.of(true, false));
    of("echoI64Set", "empty", Set.of(), "extremes", Set.of(LEAST, 0L, MOST));
    of("echoStringSet", "odd", Set.of("", "a", "é", "😀"));
    of("echoBinarySet", "two", Set.of(bytes(1, 0xff), bytes()));
    of("echoPointSet", "two", Set.of(new Point(1, 2), new Point(2, 1)));
    of("echoListSet", "two", Set.of(List.of(1, 2), List.of(2, 1)));

    of("echoStringMap", "empty", Map.of(), "constant", partsConstants.WORDS, "names of JavaScript",
        Map.of("__proto__", "a", "constructor", "b", "10", "c", "9", "d"));
    of("echoI8Map", "extremes", Map.of((byte) -128, (short) 32767, (byte) 127, (short) -32768));
    of("echoI64Map", "extremes", Map.of(LEAST, MOST, MOST, LEAST, 9007199254740993L, 0L));
    of("echoBoolMap", "both", Map.of(true, false, false, true));
    of("echoDoubleMap", "two", Map.of(0.1, "a", -1e300, "b"));
    of("echoBinaryMap", "two", Map.of(bytes(0xff, 0), "a", bytes(), "b"));
    of("echoColorMap", "two", Map.of(Color.BELOW, 1, Color.LAST, 2));
    of("echoPointMap", "two", Map.of(new Point(1, 2), "a", new Point(2, 1), "b"));
    of("echoListMap", "one", Map.of("a", List.of(Map.of(1, new Point(1, 2)), Map.of())));
    of("echoNested", "two", Map.of(-1, Map.of("a", List.of(Set.of(1L, 2L), Set.of())), 1, Map.of()));

    of("echoEmpty", "empty", new Empty());
    of("echoEverything",
        "everything",
        new Everything(true, false, (byte) -128, (short) -32768, Integer.MIN_VALUE, LEAST, -2.5, "Grüße, 世界 😀",
            bytes(0, 0xff, 0x80), Color.BLUE, 9007199254740993L, new Point(1, -1), List.of("a", "", "c"),
            Set.of(3, -1, 2), Map.of("a", new Point(1, 2), "b", new Point(3, 4)), List.of(new Point(5, 6)), new Empty(),
            List.of(true, false, true), Map.of((short) -7, List.of(Color.RED, Color.BELOW), (short) 7, List.of())),
        "nothing",
        new Everything(false, false, (byte) 0, (short) 0, 0, 0, 0, "", bytes(), Color.RED, 0, new Point(0, 0),
            List.of(), Set.of(), Map.of(), List.of(), new Empty(), List.of(), Map.of()));
    of("echoNeeds",
        "all there", new Needs("a", 1).setMaybe(LEAST).setPerhaps(false).setSome(List.of()),
        "optional absent", new Needs("", 0));
    of("echoDefaults",
        "untouched", new Defaults(),
        "changed", new Defaults(0, "", false, 0, Color.RED, List.of(), Map.of(), new Point(0, 0), 0));
    of("echoSparse", "all",
        new Sparse().setFar(40).setFirst(1).setMiddle(16).setSecond(true).setLast("z").setThird(false));
    of("echoTree", "small", tree, "deep", deepTree(50));
    of("echoChain", "one", chain(1), "deep", chain(50));
    of("echoEither", "text", text, "number", number, "tree", branch, "numbers", numbers, "color", color, "flag", flag,
        "bytes", raw, "reals", reals);
    of("echoEithers", "all", List.of(text, number, branch, numbers, color, flag, raw, reals));
    of("evolve",
        "wide",
        new Wide("wide", 5, 2.5, List.of(new Point(1, 2)), Map.of("a", 1L), tree, Set.of((short) -1, (short) 1),
            bytes(1, 2), true, List.of(Map.of(true, List.of(false, true)), Map.of())),
        // What is left of a Narrow that came.
        "narrow", new Wide().setCount(5));
  }

  private Cases() {}
}
