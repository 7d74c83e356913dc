import com.sun.net.httpserver.HttpServer;
import interop.cross.Cross;
import interop.cross.Either;
import interop.cross.Narrow;
import interop.cross.Older;
import interop.cross.Second;
import interop.cross.Tree;
import interop.parts.Base;
import interop.parts.Color;
import interop.parts.Detailed;
import interop.parts.Mismatch;
import interop.parts.Plain;
import interop.parts.Point;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.thrift.TApplicationException;
import org.apache.thrift.TException;
import org.apache.thrift.TMultiplexedProcessor;
import org.apache.thrift.TProcessor;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TCompactProtocol;
import org.apache.thrift.protocol.TJSONProtocol;
import org.apache.thrift.protocol.TMessage;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.protocol.TMultiplexedProtocol;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.protocol.TProtocolFactory;
import org.apache.thrift.server.TServer;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.THttpClient;
import org.apache.thrift.transport.TIOStreamTransport;
import org.apache.thrift.transport.TServerSocket;
import org.apache.thrift.transport.TSocket;
import org.apache.thrift.transport.TTransport;
import org.apache.thrift.transport.TTransportFactory;
import org.apache.thrift.transport.layered.TFramedTransport;

/**
 * Apache Thrift's Java library, as a client of our server and as a server for our client.
 *
 * <pre>
 *   Peer client PORT COMBINATION...   makes every call of the table, prints a line of JSON for each
 *   Peer server COMBINATION...        serves each combination on a port of its own, until stdin ends
 * </pre>
 *
 * A combination is codec/transport, such as compact/http or json/framed/multiplexed.
 */
public final class Peer {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("client")) beClient(Integer.parseInt(args[1]), Arrays.copyOfRange(args, 2, args.length));
    else beServer(Arrays.copyOfRange(args, 1, args.length));
    System.exit(0);
  }

  private static TProtocolFactory codec(String name) {
    switch (name) {
      case "compact":
        return new TCompactProtocol.Factory();
      case "json":
        return new TJSONProtocol.Factory();
      default:
        return new TBinaryProtocol.Factory(false, !name.equals("old-binary"));
    }
  }

  private static TTransportFactory transports(String name) {
    return name.equals("framed") ? new TFramedTransport.Factory() : new TTransportFactory();
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : (text.length() > 300 ? text.substring(0, 300) + "..." : text).toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ' || c > '~') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }

  // --- as a client

  private static final class Connection {
    final TTransport transport;
    final TProtocol protocol;
    final boolean isMultiplexed;

    Connection(int port, String combination) throws TException {
      String[] parts = combination.split("/");
      transport = parts[1].equals("http")
          ? new THttpClient("http://127.0.0.1:" + port + "/")
          : transports(parts[1]).getTransport(new TSocket("127.0.0.1", port, 10000));
      protocol = codec(parts[0]).getProtocol(transport);
      isMultiplexed = parts.length > 2;
      transport.open();
    }

    TProtocol written(String service) {
      return isMultiplexed ? new TMultiplexedProtocol(protocol, service) : protocol;
    }

    Cross.Client cross() {
      return new Cross.Client(protocol, written("Cross"));
    }

    Older.Client older() {
      return new Older.Client(protocol, written("Cross"));
    }
  }

  private interface Run {
    void on(Connection connection) throws Exception;
  }

  private static void expect(Object got, Object wanted) {
    if (!Objects.equals(got, wanted)) throw new AssertionError("got " + got + " instead of " + wanted);
  }

  private static void expectFailure(int kind, Run run, Connection connection) throws Exception {
    try {
      run.on(connection);
    } catch (TApplicationException error) {
      expect(error.getType(), kind);
      return;
    }
    throw new AssertionError("no exception came");
  }

  private static Map<String, Run> cases(String combination) {
    Map<String, Run> all = new LinkedHashMap<>();
    Cases.CROSS.forEach((method, values) -> values.forEach((name, value) -> {
      // That one is for a client that knows another version.
      if (!(method + name).equals("evolvenarrow")) all.put(method + " " + name, echo(method, name, value));
    }));
    all.put("ping", c -> c.cross().ping());
    all.put("whoami", c -> expect(c.cross().whoami(), "Cross"));
    all.put("many", c ->
        expect(c.cross().many(-5, (short) 7, true, "many", Color.RED, List.of((byte) 7)), new Point(-5, 7)));
    all.put("fail plain", c -> expect(failure(c, "plain"), new Plain("plain text")));
    all.put("fail detailed", c ->
        expect(failure(c, "detailed"), new Detailed(-7, List.of("a", "b"), new Point(1, 2))));
    all.put("fail none", c -> expect(c.cross().fail("none"), "none"));
    all.put("fail undeclared", c ->
        expectFailure(TApplicationException.INTERNAL_ERROR, d -> d.cross().fail("undeclared"), c));
    all.put("unknown method", c -> expectFailure(TApplicationException.UNKNOWN_METHOD, d -> d.older().nowhere("x"), c));
    all.put("evolve narrow", Peer::evolveNarrow);
    all.put("note", Peer::note);
    all.put("seqid", Peer::seqid);
    if (combination.endsWith("multiplexed"))
      all.put("second service", c ->
          expect(new Second.Client(c.protocol, c.written("Second")).whoami(), "Second"));
    return all;
  }

  private static Run echo(String method, String name, Object value) {
    return c -> {
      if (value == Cases.IMPOSSIBLE) throw new AssertionError("Java has no such value");
      Method called = Arrays.stream(Cross.Client.class.getMethods()).filter(m -> m.getName().equals(method)).findFirst().get();
      try {
        expect(called.invoke(c.cross(), name, value), value);
      } catch (InvocationTargetException error) {
        throw (Exception) error.getCause();
      }
    };
  }

  private static Object failure(Connection c, String how) throws TException {
    try {
      return c.cross().fail(how);
    } catch (Plain | Detailed error) {
      return error;
    }
  }

  private static void evolveNarrow(Connection c) throws TException {
    Narrow sent = new Narrow(5, "another type", -1).setMore(List.of(Either.text("x"), Either.numbers(List.of(1))));
    Map<String, List<Tree>> extra = Map.of("a", List.of(new Tree(1, List.of(), Map.of())));
    expect(c.older().evolve("narrow", sent, extra), new Narrow().setCount(5));
  }

  private static void note(Connection c) throws Exception {
    String name = "java " + System.nanoTime();
    for (int i = 0; i < 3; i++) c.cross().note(name);
    for (int i = 0; i < 100 && c.cross().noted(name) != 3; i++) Thread.sleep(20);
    expect(c.cross().noted(name), 3);
  }

  private static void seqid(Connection c) throws TException {
    TProtocol out = c.written("Cross");
    out.writeMessageBegin(new TMessage("whoami", TMessageType.CALL, -5));
    new Base.whoami_args().write(out);
    out.writeMessageEnd();
    c.transport.flush();
    TMessage begin = c.protocol.readMessageBegin();
    Base.whoami_result result = new Base.whoami_result();
    result.read(c.protocol);
    c.protocol.readMessageEnd();
    expect(List.of(begin.name, begin.type, begin.seqid, result.success), List.of("whoami", TMessageType.REPLY, -5, "Cross"));
  }

  private static void beClient(int port, String[] combinations) throws TException {
    for (String combination : combinations) {
      Connection connection = new Connection(port, combination);
      for (Map.Entry<String, Run> each : cases(combination).entrySet()) {
        String begin = "{\"combination\":" + quoted(combination) + ",\"case\":" + quoted(each.getKey());
        try {
          each.getValue().on(connection);
          System.out.println(begin + ",\"ok\":true}");
        } catch (AssertionError | Exception error) {
          System.out.println(begin + ",\"ok\":false,\"detail\":" + quoted(error.toString()) + "}");
          connection.transport.close();
          connection = new Connection(port, combination);
        }
      }
      connection.transport.close();
    }
  }

  // --- as a server

  private static final Map<String, Integer> notes = new ConcurrentHashMap<>();

  private static Object handle(Object self, Method method, Object[] args) throws TException {
    switch (method.getName()) {
      case "ping":
        return null;
      case "whoami":
        return "Cross";
      case "fail":
        if (args[0].equals("plain")) throw new Plain("plain text");
        if (args[0].equals("detailed")) throw new Detailed(-7, List.of("a", "b"), new Point(1, 2));
        if (args[0].equals("undeclared")) throw new IllegalStateException("nobody declared this");
        return args[0];
      case "many":
        List<Object> got = Arrays.asList(args).subList(2, 6);
        if (!got.equals(List.of(true, "many", Color.RED, List.of((byte) 7)))) throw new Mismatch("many", got.toString());
        return new Point((Integer) args[0], (Short) args[1]);
      case "note":
        notes.merge((String) args[0], 1, Integer::sum);
        return null;
      case "noted":
        return notes.getOrDefault(args[0], 0);
      default:
        return answer(method.getName(), (String) args[0], args[1]);
    }
  }

  private static Object answer(String method, String name, Object value) throws Mismatch {
    Object wanted = Cases.CROSS.get(method).get(name);
    String shown = String.valueOf(value);
    if (!Objects.equals(value, wanted))
      throw new Mismatch(method + " " + name, shown.length() > 300 ? shown.substring(0, 300) + "..." : shown);
    return method.equals("evolve") ? Cases.CROSS.get(method).get("wide") : wanted;
  }

  private static TProcessor processor(boolean isMultiplexed) {
    Cross.Iface handler = (Cross.Iface)
        Proxy.newProxyInstance(Peer.class.getClassLoader(), new Class<?>[] {Cross.Iface.class}, Peer::handle);
    TProcessor cross = new Cross.Processor<>(handler);
    if (!isMultiplexed) return cross;
    TMultiplexedProcessor both = new TMultiplexedProcessor();
    both.registerProcessor("Cross", cross);
    both.registerProcessor("Second", new Second.Processor<Second.Iface>(() -> "Second"));
    return both;
  }

  private static void beServer(String[] combinations) throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    for (String combination : combinations) {
      String[] parts = combination.split("/");
      TProcessor processor = processor(parts.length > 2);
      int port = parts[1].equals("http")
          ? serveHttp(processor, codec(parts[0]), threads)
          : serve(processor, parts[0], parts[1], threads);
      System.out.println("{\"combination\":" + quoted(combination) + ",\"port\":" + port + "}");
    }
    while (System.in.read() != -1) {}
  }

  private static int serve(TProcessor processor, String codec, String transport, ExecutorService threads) throws Exception {
    ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    TServer server = new TThreadPoolServer(new TThreadPoolServer.Args(new TServerSocket(socket))
        .processor(processor)
        .protocolFactory(codec(codec))
        .transportFactory(transports(transport)));
    threads.execute(server::serve);
    return socket.getLocalPort();
  }

  /** The library has a servlet and no container for it: the JDK's own server does what TServlet does. */
  private static int serveHttp(TProcessor processor, TProtocolFactory codec, ExecutorService threads) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", exchange -> {
      exchange.getResponseHeaders().set("Content-Type", "application/x-thrift");
      exchange.sendResponseHeaders(200, 0);
      try (OutputStream out = exchange.getResponseBody()) {
        TProtocol protocol = codec.getProtocol(new TIOStreamTransport(exchange.getRequestBody(), out));
        processor.process(protocol, protocol);
      } catch (TException error) {
        // The answer ends here.
      }
    });
    server.start();
    return server.getAddress().getPort();
  }
}
